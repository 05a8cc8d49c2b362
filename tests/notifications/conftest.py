# SPDX-License-Identifier: EUPL-1.2
"""People to tell, and a way to run what was enqueued without a queue server."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.rows import dict_row

from heitje.config import Settings
from heitje.db.session import Databases
from heitje.jobs.process import init_jobs
from heitje.jobs.run import run_outbox


@pytest.fixture(scope="module")
def settings(database, mail_server) -> Settings:
    return Settings(
        public_url="https://heitje.example",
        database_url=database.app_url,
        operator_database_url=database.operator_url,
        smtp_url=mail_server.url,
        mail_from="Heitje Heerlen <heitje@heerlen.example>",
    )


@pytest.fixture(scope="module")
def databases(settings: Settings) -> Iterator[Databases]:
    databases = Databases(settings.database_url, settings.operator_database_url)
    init_jobs(settings, databases=databases)
    yield databases
    databases.dispose()
    init_jobs(Settings())


@dataclass(frozen=True, kw_only=True)
class People:
    tenant_id: UUID
    member_id: UUID
    member_email: str
    citizen_id: UUID
    citizen_email: str
    shop_id: UUID
    owner_email: str
    till_email: str


@pytest.fixture
def superuser(database) -> Iterator[psycopg.Connection[dict[str, Any]]]:
    with psycopg.connect(database.superuser_url, autocommit=True, row_factory=dict_row) as connection:
        yield connection


@pytest.fixture
def people(superuser) -> People:
    mark = uuid4().hex
    ids = {name: uuid4() for name in ("tenant_id", "member_id", "citizen_id", "shop_id")}
    emails = {f"{name}_email": f"{name}-{mark}@x.example" for name in ("member", "citizen", "owner", "till")}
    values = ids | emails | {"slug": f"t{mark[:20]}", "scheme": f"s{mark[:20]}"}
    for statement in (
        "insert into tenants (id, slug, name, kind) values (%(tenant_id)s, %(slug)s, 'Town', 'municipality')",
        "insert into members (tenant_id, id, email, name) values (%(tenant_id)s, %(member_id)s, %(member_email)s, 'Mia')",
        "insert into citizens (id, email, language) values (%(citizen_id)s, %(citizen_email)s, 'en')",
        "insert into schemes (slug, name, area_name, guaranteed_until) values (%(scheme)s, 'H', 'Heerlen', '2036-01-01')",
        (
            "insert into neighbourhoods values ('BU09170001', 'C', 'WK1', 'W', 'GM0917', 'Heerlen', 10, 50.8, 5.9, '{}', true)"
            " on conflict do nothing"
        ),
        (
            "insert into shops (id, scheme_id, name, category, address, neighbourhood_code, lat, lon, state)"
            " select %(shop_id)s, id, 'Bakkerij', 'food', 'Markt', 'BU09170001', 50.8, 5.9, 'active'"
            " from schemes where slug = %(scheme)s"
        ),
        "insert into shop_staff (shop_id, email, name, role) values (%(shop_id)s, %(owner_email)s, 'O', 'owner')",
        "insert into shop_staff (shop_id, email, name, role) values (%(shop_id)s, %(till_email)s, 'T', 'till')",
    ):
        superuser.execute(statement, values)
    return People(**ids, **emails)


@pytest.fixture
def run_jobs(superuser, databases) -> Callable[[], None]:
    """Run all that waits, and what that causes, as a worker would; fail when one fails."""
    waiting = "select id::text from job_outbox where done_at is null and dead_at is null and attempts = 0"

    def run() -> None:
        while rows := superuser.execute(waiting).fetchall():
            for row in rows:
                run_outbox(row["id"])
        errors = superuser.execute("select job, last_error from job_outbox where last_error is not null").fetchall()
        assert errors == []

    return run
