# SPDX-License-Identifier: EUPL-1.2
"""The short way through libpq: it says what psycopg would say, and is as careful."""

from collections.abc import Iterator
from contextlib import suppress
from threading import Event, Thread

import psycopg
import pytest
from psycopg import errors
from psycopg.pq import TransactionStatus
from sqlalchemy import text
from sqlalchemy.exc import DataError, IntegrityError, InternalError

from heitje.db.driver import Driver
from heitje.db.scope import Scope
from heitje.db.session import Databases
from tests.fixtures.databases import Database


@pytest.fixture
def driver(database: Database) -> Iterator[Driver]:
    with Driver.connect(database.app_url, autocommit=True) as driver:
        yield driver


def knows(driver: Driver) -> object:
    row = driver.execute("select current_setting('heitje.knows', true)").fetchone()
    return row and row[0]


@pytest.mark.parametrize("secret", ["email:o'brien@example.nl", "back\\slash'; rollback; --", "één ✓", "$1 :x %s", ""])
def test_a_scope_says_any_text_and_only_until_the_end(driver: Driver, secret: str) -> None:
    driver.begin(Scope(knows=secret).settings())
    assert knows(driver) == secret
    driver.commit()
    assert not knows(driver)


def test_a_scope_replaces_whatever_was_left_on_the_connection(driver: Driver) -> None:
    driver.execute("set heitje.tenant_id = '00000000-0000-4000-8000-000000000001'")
    driver.begin(Scope(knows="nothing").settings())
    assert driver.execute("select current_setting('heitje.tenant_id')").fetchone() == ("",)


def test_a_text_with_a_zero_byte_is_refused_before_anything_is_sent(driver: Driver) -> None:
    with pytest.raises(psycopg.DataError, match="zero byte"):
        driver.begin(Scope(knows="session:a\0b").settings())
    with pytest.raises(psycopg.DataError, match="zero byte"):
        driver.one(b"select $1", ["a\0b"])
    assert driver.pgconn.transaction_status == TransactionStatus.IDLE


def test_one_returns_the_row_as_postgresql_writes_it(driver: Driver) -> None:
    assert driver.one(b"select $1::int + 1, null, $2::text, 1 = 1", ["41", "é"]) == ("42", None, "é", "t")


def test_an_error_is_psycopgs_own_with_its_facts(driver: Driver) -> None:
    driver.begin({})
    with pytest.raises(errors.DivisionByZero):
        driver.one(b"select 1 / $1::int", ["0"])
    with pytest.raises(errors.InFailedSqlTransaction):
        driver.one(b"select 1", [])
    driver.rollback()
    with pytest.raises(errors.RaiseException) as raised:
        driver.execute("do $$ begin raise exception 'no' using detail = '{}'; end $$")
    assert raised.value.diag.message_detail == "{}"


def test_a_commit_that_the_database_refuses_is_an_error(database: Database) -> None:
    with psycopg.connect(database.superuser_url, autocommit=True) as connection:
        connection.execute(
            "create table promises (id int primary key, kept_by int references promises deferrable initially deferred)"
        )
        connection.execute("grant insert, select on promises to heitje_app")
    databases = Databases(database.app_url, pool_size=1)
    with pytest.raises(IntegrityError), databases.as_visitor() as session:
        session.execute(text("insert into promises values (1, 2)"))
    with databases.as_visitor() as session:
        assert session.execute(text("select count(*) from promises")).scalar_one() == 0
    databases.dispose()


def test_a_commit_after_a_swallowed_error_is_an_error_and_not_a_silent_rollback(database: Database) -> None:
    databases = Databases(database.app_url, pool_size=1)
    said = pytest.raises(InternalError, match="nothing was committed")
    with said, databases.as_visitor() as session, suppress(DataError):
        session.execute(text("select 1 / 0"))
    databases.dispose()


@pytest.mark.parametrize("act", ["begin", "commit", "one"])
def test_a_connection_that_died_is_an_operational_error(driver: Driver, database: Database, act: str) -> None:
    if act != "begin":
        driver.begin({})
    with psycopg.connect(database.superuser_url, autocommit=True) as other:
        other.execute("select pg_terminate_backend(%s)", [driver.info.backend_pid])
        gone = "select count(*) from pg_stat_activity where pid = %s"
        while other.execute(gone, [driver.info.backend_pid]).fetchone() != (0,):
            pass
    with pytest.raises(psycopg.OperationalError):
        {"begin": lambda: driver.begin({}), "commit": driver.commit, "one": lambda: driver.one(b"select 1", [])}[act]()
    assert driver.closed


def test_while_it_waits_other_threads_run(driver: Driver, database: Database) -> None:
    driver.execute("set lock_timeout = '5s'")  # so that this ends, and fails, should it ever hold the others up
    with psycopg.connect(database.app_url) as holder:
        holder.execute("select pg_advisory_lock(1)")
        waiting = Thread(target=lambda: driver.one(b"select pg_advisory_lock(1)", []))
        waiting.start()
        Thread(target=(ran := Event()).set).start()
        assert ran.wait(timeout=4)
        assert waiting.is_alive()
        holder.execute("select pg_advisory_unlock(1)")
        waiting.join()
