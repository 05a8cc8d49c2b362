# SPDX-License-Identifier: EUPL-1.2
"""Connections that die: found out before anything is asked of them, and a busy process gets over it (M6)."""

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from heitje.db.session import Databases, after_commit
from tests.fixtures.databases import Database


def kill_all_of_the_app(database: Database) -> int:
    with psycopg.connect(database.superuser_url, autocommit=True) as connection:
        rows = connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where usename = 'heitje_app' and datname = current_database()"
        ).fetchall()
    return len(rows)


def works(databases: Databases) -> bool:
    with databases.as_visitor() as session:
        return session.execute(text("select 1")).scalar_one() == 1


def test_connections_that_died_are_replaced_unseen(database: Database) -> None:
    databases = Databases(database.app_url, pool_size=3)
    with databases.as_visitor(), databases.as_visitor(), databases.as_visitor():
        pass
    assert kill_all_of_the_app(database) == 3
    assert [works(databases) for _ in range(4)] == [True] * 4
    databases.dispose()


def test_a_transaction_whose_connection_dies_fails_and_the_next_one_works(database: Database) -> None:
    databases = Databases(database.app_url, pool_size=1)
    with pytest.raises(OperationalError), databases.as_visitor() as session:
        assert kill_all_of_the_app(database) == 1
        session.execute(text("select 1"))
    assert works(databases)
    databases.dispose()


def test_what_waits_for_the_commit_is_forgotten_by_a_rollback(database: Database) -> None:
    databases, done = Databases(database.app_url), []
    with databases.as_visitor() as session:
        session.execute(text("select 1"))
        after_commit(session, lambda: done.append("committed"))
        assert done == []
    with pytest.raises(ZeroDivisionError), databases.as_visitor() as session:
        after_commit(session, lambda: done.append("rolled back"))
        raise ZeroDivisionError
    databases.dispose()
    assert done == ["committed"]
