# SPDX-License-Identifier: EUPL-1.2
"""The night watch: months prepared, books proven each night, operators told when something is wrong."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import text

from heitje.admin_api.night_watch import watch
from heitje.config import Settings
from heitje.db.session import Databases
from heitje.jobs.process import init_jobs
from heitje.jobs.run import run_outbox, run_periodic
from heitje_server.embedded.mail import MailAddress
from heitje_server.migrate import migrate
from tests.fixtures.databases import APP_PASSWORD, OPERATOR_PASSWORD, Database
from tests.ledger.books import Books

EMAIL = "olga.operator@example.org"


@pytest.fixture(scope="module")
def databases(database: Database, mail_server: MailAddress) -> Iterator[Databases]:
    settings = Settings(
        database_url=database.app_url, operator_database_url=database.operator_url, smtp_url=mail_server.url
    )
    databases = Databases(settings.database_url, settings.operator_database_url)
    init_jobs(settings, databases=databases)
    with databases.across_tenants() as session:
        session.execute(
            text(
                "insert into operators (id, name, email, token_sha256, token_expires_at, state) values"
                " (:one, 'Olga', :email, :token, now(), 'active'), (:two, 'Bas', 'blocked@example.org', :other, now(),"
                " 'blocked')"
            ),
            {
                "one": uuid4(),
                "two": uuid4(),
                "email": EMAIL,
                "token": sha256(b"one").digest(),
                "other": sha256(b"two").digest(),
            },
        )
    yield databases
    databases.dispose()
    init_jobs(Settings())


@pytest.fixture
def superuser(database: Database) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database.superuser_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def run_jobs(superuser: psycopg.Connection) -> Callable[[], None]:
    def run() -> None:
        for (job_id,) in superuser.execute("select id from job_outbox where done_at is null and dead_at is null"):
            run_outbox(str(job_id))

    return run


def audited(superuser: psycopg.Connection) -> list[str]:
    return [
        row[0] for row in superuser.execute("select action from audit_events where action like 'books.%' order by at")
    ]


def test_a_quiet_night_is_in_the_audit_trail_and_nobody_is_mailed(
    databases: Databases, superuser: psycopg.Connection, mail_server: MailAddress, run_jobs: Callable[[], None]
) -> None:
    Books(databases).line(funded_cents=50_00)
    run_periodic("operators.night_watch")
    run_jobs()
    run_jobs()
    assert audited(superuser) == ["books.proven"]
    assert mail_server.messages(to=EMAIL) == []


def test_it_says_in_time_that_the_tables_of_months_run_out(databases: Databases) -> None:
    in_18_months = datetime.now(UTC) + timedelta(days=18 * 30)
    in_23_months = datetime.now(UTC) + timedelta(days=23 * 31)
    with databases.across_tenants() as session:
        assert watch(session, at=in_18_months) == []
        (finding,) = watch(session, at=in_23_months)
        session.rollback()
    assert finding.startswith("the last table for entries is ledger_entries_20")


def test_migrating_again_makes_the_months_that_are_missing(superuser: psycopg.Connection, database: Database) -> None:
    (last,) = superuser.execute(
        "select max(relname) from pg_class where relname ~ '^ledger_entries_[0-9]{6}$'"
    ).fetchone()
    superuser.execute(f"drop table {last}")
    migrate(database.superuser_url, app_password=APP_PASSWORD, operator_password=OPERATOR_PASSWORD)
    made = superuser.execute(
        "select relforcerowsecurity, pg_get_userbyid(relowner), has_table_privilege('heitje_app', oid, 'select')"
        " from pg_class where relname = %s",
        [last],
    ).fetchone()
    assert made == (True, "heitje_owner", False)


def test_a_cent_that_was_changed_by_hand_is_mailed_to_active_operators_once(
    databases: Databases, superuser: psycopg.Connection, mail_server: MailAddress, run_jobs: Callable[[], None]
) -> None:
    _citizen, wallet = Books(databases).citizen(wallet_cents=12_50)
    superuser.execute("update ledger_accounts set balance_cents = balance_cents + 1 where id = %s", [wallet])
    try:
        for _ in range(2):
            with databases.across_tenants() as session:
                watch(session, at=datetime.now(UTC))
            run_jobs()
    finally:
        superuser.execute("update ledger_accounts set balance_cents = balance_cents - 1 where id = %s", [wallet])
    assert audited(superuser).count("books.differ") == 2
    (mail,) = mail_server.messages(to=EMAIL)
    assert f"account {wallet} (wallet): balance 1251 cents, entries 1250 cents" in str(mail)
    assert mail_server.messages(to="blocked@example.org") == []


def test_a_job_that_was_given_up_is_named(databases: Databases, superuser: psycopg.Connection) -> None:
    superuser.execute(
        "insert into job_outbox (id, job, scope_kind, arguments, dead_at) values (%s, 'notifications.mail', 'operator', '{}', now())",
        [uuid4()],
    )
    with databases.across_tenants() as session:
        findings = watch(session, at=datetime.now(UTC))
        session.rollback()
    assert findings == ["1 x job notifications.mail was given up after five failures"]
