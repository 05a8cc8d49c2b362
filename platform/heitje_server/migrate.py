# SPDX-License-Identifier: EUPL-1.2
"""Brings a database to the newest schema: roles first, then Alembic's revisions as the owner role."""

from importlib.resources import files
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from psycopg import sql
from sqlalchemy.engine import make_url

import heitje

ADVISORY_LOCK = 4_843_517_001
"""Any number that nothing else locks: two deployments never migrate at once."""

MONTHS_MADE = 26
"""Tables of the ledger's entries, from two months back: two years in which nobody need migrate."""


def migrate(migration_database_url: str, *, app_password: str, operator_password: str) -> None:
    """Create or update roles and tables. Safe to run again; a second run at the same time waits.

    `migration_database_url` connects as a role that may create roles and owns the database.
    The passwords become those of `heitje_app` and `heitje_operator`.
    """
    url = make_url(migration_database_url)
    conninfo = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(%s)", [ADVISORY_LOCK])
        _create_roles(connection, app_password=app_password, operator_password=operator_password)
        command.upgrade(
            _alembic(url.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)), "head"
        )
        # So that readiness and `heitje doctor` can tell which revision this is.
        connection.execute("set role heitje_owner")
        connection.execute("grant select on alembic_version to heitje_app, heitje_operator")
        connection.execute("select ledger_make_partitions((now() - interval '2 months')::date, %s)", [MONTHS_MADE])
        connection.execute("reset role")


def _create_roles(connection: psycopg.Connection, *, app_password: str, operator_password: str) -> None:
    wanted = {
        "heitje_owner": "nologin",
        "heitje_books": "nologin",
        "heitje_app": "login",
        "heitje_operator": "login",
    }
    there = {name for (name,) in connection.execute("select rolname from pg_roles")}
    for role, login in wanted.items():
        verb = "alter" if role in there else "create"
        rights = f"{login} nosuperuser nobypassrls nocreatedb nocreaterole noinherit noreplication"
        connection.execute(sql.SQL(f"{verb} role {{}} {rights}").format(sql.Identifier(role)))
    for role, password in (("heitje_app", app_password), ("heitje_operator", operator_password)):
        connection.execute(sql.SQL("alter role {} password {}").format(sql.Identifier(role), sql.Literal(password)))
        for setting, value in (
            ("statement_timeout", "15s"),
            ("lock_timeout", "5s"),
            ("idle_in_transaction_session_timeout", "30s"),
        ):
            connection.execute(
                sql.SQL("alter role {} set {} = {}").format(
                    sql.Identifier(role), sql.Identifier(setting), sql.Literal(value)
                )
            )
    connection.execute("grant heitje_owner to current_user with inherit false, set true")
    # The owner hands definer functions over to the books.
    connection.execute("grant heitje_books to heitje_owner with inherit false, set true")
    connection.execute("grant usage, create on schema public to heitje_owner, heitje_books")
    connection.execute("grant usage on schema public to heitje_app, heitje_operator")
    connection.execute("revoke create on schema public from public")
    database = connection.info.dbname
    connection.execute(sql.SQL("revoke all on database {} from public").format(sql.Identifier(database)))
    connection.execute(
        sql.SQL("grant connect on database {} to heitje_app, heitje_operator").format(sql.Identifier(database))
    )


def _alembic(url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(migrations_folder()))
    config.attributes["url"] = url
    return config


def migrations_folder() -> Path:
    """Return the folder of revisions: inside the wheel, or beside `platform/` in a checkout."""
    packaged = Path(str(files("heitje_server"))) / "_migrations"
    if packaged.is_dir():
        return packaged
    return Path(heitje.__file__).parents[2] / "migrations"
