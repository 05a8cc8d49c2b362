# SPDX-License-Identifier: EUPL-1.2
"""Many at once, from two processes: M2, M3, M4 (keys), M7, M13."""

from collections import Counter
from datetime import date
from uuid import uuid4

import psycopg
import pytest

from heitje.db.scope import Scope
from heitje.ledger.proof import prove_books
from tests.fixtures.databases import Database
from tests.ledger.books import Books
from tests.ledger.racing import hold, move, race

TODAY = date(2026, 11, 23)


@pytest.mark.parametrize("attempt", range(3))
def test_of_200_payments_at_once_a_wallet_pays_what_it_holds(books: Books, database: Database, attempt: int) -> None:
    citizen_id, wallet_id = books.citizen(wallet_cents=5_00)
    _, shop_id = books.shop()
    pay = (Scope(citizen_id=citizen_id), books.scheme_id, "payment", wallet_id, shop_id, 5_00, "")

    endings = race(database, move, [pay] * 200)

    assert endings == Counter({"balance-too-low": 199, "done": 1})
    assert (books.balance(wallet_id), books.balance(shop_id)) == (0, 5_00)


def test_a_budget_for_ten_pays_ten_of_fifty(books: Books, database: Database) -> None:
    line = books.line(funded_cents=100_00)
    reserve = (Scope(tenant_id=line.tenant_id), books.scheme_id, "reserve", line.budget_id, line.reserved_id, 10_00, "")

    endings = race(database, move, [reserve] * 50)

    assert endings == Counter({"balance-too-low": 40, "done": 10})
    assert books.balance(line.budget_id) == 0


def test_one_key_sent_fifty_times_at_once_moves_once(books: Books, database: Database) -> None:
    line = books.line(funded_cents=100_00)
    key = f"chore:{uuid4()}:reserve"
    reserve = (
        Scope(tenant_id=line.tenant_id), books.scheme_id, "reserve", line.budget_id, line.reserved_id, 10_00, key,
    )  # fmt: skip

    assert race(database, move, [reserve] * 50) == Counter({"done": 50})
    assert books.balance(line.reserved_id) == 10_00


def test_a_hundred_holds_of_twenty_stop_at_the_yearly_cap(books: Books, database: Database) -> None:
    books.cap_rule()
    citizen_id, _ = books.citizen()
    tenants = [books.tenant(), books.tenant()]
    jobs = [(citizen_id, books.scheme_id, tenants[turn % 2], 20_00, TODAY) for turn in range(100)]

    assert race(database, hold, jobs) == Counter({"done": 75, "yearly-cap-reached": 25})


def test_two_issuers_at_once_share_the_last_ten(books: Books, database: Database) -> None:
    books.cap_rule()
    citizen_id, _ = books.citizen()
    first, second = books.tenant(), books.tenant()
    race(database, hold, [(citizen_id, books.scheme_id, first, 1490_00, TODAY)], processes=1)

    jobs = [(citizen_id, books.scheme_id, tenant, 10_00, TODAY) for tenant in (first, second)]

    assert race(database, hold, jobs) == Counter({"done": 1, "yearly-cap-reached": 1})


def test_payments_there_and_back_never_deadlock(books: Books, database: Database) -> None:
    citizen_id, wallet_id = books.citizen(wallet_cents=500_00)
    shop_id, shop_account_id = books.shop()
    there = (Scope(citizen_id=citizen_id), books.scheme_id, "payment", wallet_id, shop_account_id, 1, "")
    back = (Scope(shop_id=shop_id), books.scheme_id, "refund", shop_account_id, wallet_id, 1, "")
    with psycopg.connect(database.superuser_url, autocommit=True) as connection:
        deadlocks = "select deadlocks from pg_stat_database where datname = current_database()"
        before = connection.execute(deadlocks).fetchone()
        endings = race(database, move, [there, back] * 1_000)
        connection.execute("select pg_stat_clear_snapshot()")
        assert connection.execute(deadlocks).fetchone() == before

    assert endings["done"] + endings["balance-too-low"] == 2_000
    assert books.balance(wallet_id) + books.balance(shop_account_id) == 500_00
    with books.databases.across_tenants() as session:
        assert prove_books(session).holds
