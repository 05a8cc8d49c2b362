# SPDX-License-Identifier: EUPL-1.2
"""T1: the migrated database itself is searched for every known way around row-level security."""

import psycopg
import pytest

from tests.fixtures.databases import Database

TENANT_TABLES = """
  select c.oid, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
  join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and a.attnotnull and not a.attisdropped
  where n.nspname = 'public' and c.relkind in ('r', 'p')"""


@pytest.fixture(scope="module")
def catalogue(database: Database) -> psycopg.Connection:
    with psycopg.connect(database.superuser_url, autocommit=True) as connection:
        yield connection


def names(catalogue: psycopg.Connection, query: str) -> list[str]:
    return [str(row[0]) for row in catalogue.execute(query)]  # type: ignore[arg-type]


def test_every_table_forces_row_level_security(catalogue: psycopg.Connection) -> None:
    tables = """select relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
                where n.nspname = 'public' and relkind in ('r', 'p') and relname <> 'alembic_version'"""
    assert len(names(catalogue, tables)) > 50
    assert names(catalogue, tables + " and not (relrowsecurity and relforcerowsecurity)") == []


def test_there_are_tenant_tables_to_look_at(catalogue: psycopg.Connection) -> None:
    found = {row[1] for row in catalogue.execute(TENANT_TABLES)}
    assert {"chores", "claims", "budget_lines", "members", "reservations", "evidence", "vettings"} <= found


def test_no_role_that_signs_in_bypasses_policies_or_owns_tables(catalogue: psycopg.Connection) -> None:
    assert (
        names(
            catalogue,
            "select rolname from pg_roles where rolname like 'heitje%' and (rolsuper or rolbypassrls or rolcreaterole"
            " or rolcreatedb or rolreplication)",
        )
        == []
    )
    assert (
        names(
            catalogue,
            "select relname from pg_class c join pg_roles r on r.oid = c.relowner"
            " where r.rolname in ('heitje_app', 'heitje_operator')",
        )
        == []
    )
    assert (
        names(
            catalogue,
            "select m.rolname from pg_auth_members a join pg_roles m on m.oid = a.member"
            " where m.rolname in ('heitje_app', 'heitje_operator')",
        )
        == []
    )


def test_definer_functions_belong_to_the_books_and_fix_their_search_path(catalogue: psycopg.Connection) -> None:
    definers = """from pg_proc p join pg_roles r on r.oid = p.proowner
                  join pg_namespace n on n.oid = p.pronamespace where p.prosecdef and n.nspname = 'public'"""
    assert len(names(catalogue, f"select proname {definers}")) >= 6
    assert names(catalogue, f"select proname {definers} and r.rolname <> 'heitje_books'") == []
    assert (
        names(
            catalogue,
            f"select proname {definers} and not coalesce(array_to_string(p.proconfig, ',') like '%pg_temp%', false)",
        )
        == []
    )
    assert (
        names(
            catalogue,
            f"select proname {definers} and has_function_privilege('public', p.oid, 'execute')",
        )
        == []
    )


def test_no_view_stands_over_the_tables(catalogue: psycopg.Connection) -> None:
    assert (
        names(
            catalogue,
            """select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'public'
           and (c.relkind = 'm' or c.relkind = 'v'
                and not coalesce(array_to_string(c.reloptions, ',') like '%security_invoker=true%', false))""",
        )
        == []
    )


def test_every_key_of_a_tenant_table_starts_with_its_tenant(catalogue: psycopg.Connection) -> None:
    loose = names(
        catalogue,
        f"""select t.relname || '.' || i.indexrelid::regclass from ({TENANT_TABLES}) t
            join pg_index i on i.indrelid = t.oid and i.indisunique
            join pg_attribute a on a.attrelid = t.oid and a.attname = 'tenant_id'
            where not a.attnum = any (i.indkey)""",
    )
    # A hold belongs to the books and is seen by no tenant; a chamber-of-commerce number is taken at admission only, by
    # an operator, so that no applicant can use the refusal to learn who else is there.
    assert set(loose) == {"cap_holds.cap_holds_pkey", "tenant_details.tenant_details_kvk"}


def test_no_foreign_key_reaches_into_a_tenant_table_without_its_tenant(catalogue: psycopg.Connection) -> None:
    assert (
        names(
            catalogue,
            f"""select k.conrelid::regclass || ' -> ' || k.confrelid::regclass from pg_constraint k
            join ({TENANT_TABLES}) t on t.oid = k.confrelid
            join pg_attribute a on a.attrelid = k.confrelid and a.attname = 'tenant_id'
            where k.contype = 'f' and not a.attnum = any (k.confkey)""",
        )
        == []
    )


def test_partitions_grant_nothing(catalogue: psycopg.Connection) -> None:
    assert (
        names(
            catalogue,
            """select c.relname from pg_class c join pg_inherits i on i.inhrelid = c.oid
           where c.relacl is not null and array_to_string(c.relacl, ',') ~ 'heitje_(app|operator)'""",
        )
        == []
    )


def test_policies_never_check_less_than_they_show(catalogue: psycopg.Connection) -> None:
    """A WITH CHECK (true) for the application would let it write what it may not read."""
    assert (
        names(
            catalogue,
            """select tablename || '.' || policyname from pg_policies
           where with_check = 'true' and not roles <@ array['heitje_operator', 'heitje_books']::name[]""",
        )
        == []
    )


@pytest.mark.parametrize(
    "attack",
    [
        "set role heitje_owner",
        "set role heitje_books",
        "set role postgres",
        "set session authorization heitje_owner",
        "create table loot (a int)",
        "create schema loot",
        "truncate chores",
        "copy chores to program 'cat'",
        "copy (select 1) to '/tmp/loot'",
        "select lo_import('/etc/passwd')",
        "select pg_read_file('/etc/passwd')",
        "create extension dblink",
        "alter table chores disable row level security",
        "drop policy tenant_own on chores",
        "alter role heitje_app bypassrls",
        "select rolpassword from pg_authid",
        "create function loot() returns int language sql security definer as 'select 1'",
    ],
)
@pytest.mark.parametrize("role", ["app", "operator"])
def test_the_roles_that_sign_in_cannot_get_around_it(database: Database, role: str, attack: str) -> None:
    url = database.app_url if role == "app" else database.operator_url
    with psycopg.connect(url, autocommit=True) as connection, pytest.raises(psycopg.Error) as refused:
        connection.execute(attack)  # type: ignore[arg-type]
    assert refused.value.sqlstate in {"42501", "0A000", "42704"}
