# SPDX-License-Identifier: EUPL-1.2
"""T2, T7: with rows in both tenants, whoever says nothing, or nonsense, or another's name, sees and writes nothing."""

from collections.abc import Iterator
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql

from heitje.db.session import Databases
from tests.fixtures.databases import Database
from tests.fixtures.given import Given, GivenTenant

CANARY = "kanarie"


@pytest.fixture(scope="module")
def two_tenants(database: Database) -> Iterator[tuple[GivenTenant, GivenTenant]]:
    databases = Databases(database.app_url, database.operator_url)
    given = Given(databases)
    pair = (given.tenant(f"{CANARY} een"), given.tenant(f"{CANARY} twee"))
    for tenant in pair:
        chore = given.chore(tenant)
        given.hand_in(citizen := given.citizen(), given.claim(citizen, chore))
        given.vetted(citizen, tenant)
    yield pair
    databases.dispose()


def tenant_tables(connection: psycopg.Connection) -> list[str]:
    rows = connection.execute(
        """select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
           join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
           where n.nspname = 'public' and c.relkind in ('r', 'p') and not c.relispartition
             and has_table_privilege('heitje_app', c.oid, 'select') order by 1"""
    )
    return [str(name) for (name,) in rows]


def rows_seen(connection: psycopg.Connection, table: str) -> list[UUID]:
    query = sql.SQL("select tenant_id from {}").format(sql.Identifier(table))
    return [tenant_id for (tenant_id,) in connection.execute(query)]


def test_there_are_rows_of_both_in_the_tables_that_matter(
    two_tenants: tuple[GivenTenant, GivenTenant], database: Database
) -> None:
    with psycopg.connect(database.superuser_url) as connection:
        for table in ("chores", "claims", "slots", "members", "budget_lines", "reservations", "evidence", "vettings"):
            assert {tenant.id for tenant in two_tenants} <= set(rows_seen(connection, table)), table


@pytest.mark.parametrize("said", [None, "", "x", "0", "'; set heitje.tenant_id = 'x'; --", "11111111"])
def test_without_a_tenant_there_are_no_rows_and_no_way_to_write(
    two_tenants: tuple[GivenTenant, GivenTenant], database: Database, said: str | None
) -> None:
    public = {"chores", "slots", "kits", "pickup_points"}
    with psycopg.connect(database.app_url) as connection:
        if said is not None:
            connection.execute("select set_config('heitje.tenant_id', %s, true)", [said])
        for table in tenant_tables(connection):
            if table not in public:
                assert rows_seen(connection, table) == [], table
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("insert into departments (tenant_id, name) values (%s, 'x')", [two_tenants[0].id])


def test_a_tenant_sees_its_own_rows_and_no_other(
    two_tenants: tuple[GivenTenant, GivenTenant], database: Database
) -> None:
    mine, _ = two_tenants
    seen = 0
    with psycopg.connect(database.app_url) as connection:
        connection.execute("select set_config('heitje.tenant_id', %s, true)", [str(mine.id)])
        for table in tenant_tables(connection):
            tenants = set(rows_seen(connection, table))
            assert tenants <= {mine.id}, table
            seen += len(tenants)
    assert seen >= 8


def test_a_tenant_writes_nothing_into_another(two_tenants: tuple[GivenTenant, GivenTenant], database: Database) -> None:
    mine, other = two_tenants
    with psycopg.connect(database.app_url, autocommit=True) as connection:
        for act in (
            "insert into departments (tenant_id, name) values (%(other)s, 'x')",
            "update departments set tenant_id = %(other)s",
        ):
            with connection.transaction(), pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("select set_config('heitje.tenant_id', %s, true)", [str(mine.id)])
                connection.execute(act, {"other": other.id})
        with connection.transaction():
            connection.execute("select set_config('heitje.tenant_id', %s, true)", [str(mine.id)])
            changed = connection.execute("update departments set name = 'x' where tenant_id = %s", [other.id])
            assert changed.rowcount == 0


def test_anothers_row_and_no_row_are_refused_alike(
    two_tenants: tuple[GivenTenant, GivenTenant], database: Database
) -> None:
    mine, other = two_tenants
    answers = []
    with psycopg.connect(database.app_url, autocommit=True) as connection:
        for department_id in (other.department_id, uuid4()):
            with pytest.raises(psycopg.Error) as refused, connection.transaction():
                connection.execute("select set_config('heitje.tenant_id', %s, true)", [str(mine.id)])
                connection.execute(
                    "insert into member_roles (tenant_id, member_id, role, department_id) values (%s, %s, 'editor', %s)",
                    [mine.id, mine.owner.member_id, department_id],
                )
            answers.append((refused.value.sqlstate, refused.value.diag.constraint_name))
    assert answers[0] == answers[1]
    assert answers[0][0] == "23503"


def test_what_was_said_is_gone_after_the_transaction(
    two_tenants: tuple[GivenTenant, GivenTenant], database: Database
) -> None:
    databases = Databases(database.app_url, pool_size=1)
    with databases.as_tenant(two_tenants[0].id) as session:
        raw = session.connection().connection.driver_connection
        assert raw is not None
    with databases.app_engine.connect() as connection:
        said = connection.exec_driver_sql("select current_setting('heitje.tenant_id', true)").scalar_one()
    databases.dispose()
    assert said in (None, "")
