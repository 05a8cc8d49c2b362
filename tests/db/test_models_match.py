# SPDX-License-Identifier: EUPL-1.2
"""Every model names columns that the migrated database has, with the same type and the same word on NULL."""

import pkgutil
from importlib import import_module

import psycopg

import heitje
import tenants
import token_bridge
from heitje.db.base import Base
from tests.fixtures.databases import Database

POSTGRES_NAMES = {
    "BIGINT": {"bigint", "smallint", "integer"},
    "SMALLINT": {"smallint"},
    "INTEGER": {"integer", "smallint"},
    "TEXT": {"text"},
    "UUID": {"uuid"},
    "BOOLEAN": {"boolean"},
    "DATE": {"date"},
    "TIMESTAMP WITH TIME ZONE": {"timestamp with time zone"},
    "JSONB": {"jsonb"},
    "DOUBLE PRECISION": {"double precision"},
    "DOUBLE": {"double precision"},
    "FLOAT": {"double precision"},
    "BYTEA": {"bytea"},
    "BLOB": {"bytea"},
    "TEXT[]": {"ARRAY"},
    "SMALLINT[]": {"ARRAY"},
}


def test_models_and_database_say_the_same(database: Database) -> None:
    for package in (heitje, tenants, token_bridge):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if module.name.rpartition(".")[2] in {"models", "schemes", "audit", "cap", "idempotency"}:
                import_module(module.name)
    with psycopg.connect(database.superuser_url) as connection:
        rows = connection.execute(
            "select table_name, column_name, data_type, is_nullable = 'YES' from information_schema.columns"
            " where table_schema = 'public'"
        ).fetchall()
    there = {(table, column): (kind, nullable) for table, column, kind, nullable in rows}
    differences = []
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            found = there.get((table.name, column.name))
            said = str(column.type.compile(dialect=_dialect()))
            if found is None:
                differences.append(f"{table.name}.{column.name} is not in the database")
            elif found[0] not in POSTGRES_NAMES.get(said, set()):
                differences.append(f"{table.name}.{column.name}: model {said}, database {found[0]}")
            elif found[1] != column.nullable:
                differences.append(f"{table.name}.{column.name}: NULL in the database is {found[1]}")
    assert len(Base.metadata.sorted_tables) > 35
    assert differences == []


def _dialect() -> object:
    from sqlalchemy.dialects import postgresql

    return postgresql.dialect()
