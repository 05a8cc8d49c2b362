# SPDX-License-Identifier: EUPL-1.2
"""Many at once, from processes of their own: a payment, a refund and a payout happen once (M2, M10, M11, M12)."""

import os
import signal
from datetime import date
from multiprocessing import get_context
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from heitje.audit import Actor
from heitje.cents import Cents
from heitje.db.scope import Scope
from heitje.db.session import Databases
from heitje.ledger.accounts import wallet_of
from heitje.shops.bank_answers import read_statement
from heitje.shops.payments import pay_request
from heitje.shops.payouts import PayoutAccount, batch_file, make_batch, release_batch
from heitje.shops.redemptions import request_redemption
from heitje.shops.refunds import refund_payment
from heitje_server.demo.bank import answer
from heitje_server.features import load_features
from tests.fixtures.databases import Database
from tests.ledger.racing import race
from tests.shops.conftest import AT, Town

ACCOUNT = PayoutAccount(iban="NL13TEST0123456789", name="Stichting Heerlens Heitje")
OPERATOR = Actor(kind="operator", id="of-the-tests")


def pay(databases: Databases, job: tuple[UUID, UUID, str]) -> None:
    citizen_id, scheme_id, nonce = job
    with databases.as_citizen(citizen_id) as session:
        wallet_id = wallet_of(session, scheme_id=scheme_id, citizen_id=citizen_id)
        by = Actor(kind="citizen", id=str(citizen_id))
        pay_request(session, nonce=nonce, citizen_id=citizen_id, wallet_account_id=wallet_id, by=by, at=AT)


def refund(databases: Databases, job: tuple[UUID, UUID, Cents, str]) -> None:
    shop_id, payment_id, cents, key = job
    with databases.as_shop(shop_id) as session:
        by = Actor(kind="shop", id=str(shop_id))
        refund_payment(session, payment_id=payment_id, amount_cents=cents, key=key, by=by, at=AT)


def redeem(databases: Databases, job: tuple[UUID, Cents, str]) -> None:
    shop_id, cents, key = job
    with databases.as_shop(shop_id) as session:
        by = Actor(kind="shop", id=str(shop_id))
        request_redemption(session, shop_id=shop_id, amount_cents=cents, key=key, by=by, at=AT)


def refund_or_redeem(databases: Databases, job: tuple[str, tuple]) -> None:
    what, work = job
    (refund if what == "refund" else redeem)(databases, work)


def batch(databases: Databases, job: tuple[UUID, UUID]) -> None:
    scheme_id, operator_id = job
    with databases.across_tenants() as session:
        make_batch(session, scheme_id=scheme_id, account=ACCOUNT, made_by=operator_id, by=OPERATOR, at=AT)


def read(databases: Databases, content: bytes) -> None:
    load_features()
    with databases.across_tenants() as session:
        read_statement(session, content, payout_iban=ACCOUNT.iban, by=OPERATOR, at=AT)


@pytest.fixture
def operators(town: Town) -> tuple[UUID, UUID]:
    made = uuid4(), uuid4()
    with town.databases.across_tenants() as session:
        for operator_id in made:
            session.execute(
                text(
                    "insert into operators (id, name, email, token_sha256, token_expires_at)"
                    " values (:id, 'Olaf', :email, :token, '2027-01-01')"
                ),
                {"id": operator_id, "email": f"{operator_id}@example.org", "token": operator_id.bytes},
            )
    return made


def test_of_many_payments_from_a_wallet_with_enough_for_one_just_one_is_made(town: Town, database: Database) -> None:
    shop, citizen = town.shop(), town.citizen(has_cents=5_00)
    requests = [town.asks(shop, 5_00) for _ in range(60)]

    endings = race(database, pay, [(citizen.id, town.scheme_id, request.nonce) for request in requests])

    assert endings == {"done": 1, "balance-too-low": 59}
    assert (town.given.balance(citizen), town.takings(shop)) == (0, 5_00)


def test_the_same_qr_on_two_phones_at_once_is_paid_by_one(town: Town, database: Database) -> None:
    shop = town.shop()
    for _ in range(5):
        one, other = town.citizen(has_cents=5_00), town.citizen(has_cents=5_00)
        request = town.asks(shop, 5_00)
        jobs = [(citizen.id, town.scheme_id, request.nonce) for citizen in (one, other)]

        endings = race(database, pay, jobs)

        assert endings == {"done": 1, "already-paid": 1}
        assert town.given.balance(one) + town.given.balance(other) == 5_00
    assert town.takings(shop) == 25_00


def test_the_same_phone_sending_its_payment_many_times_pays_once(town: Town, database: Database) -> None:
    shop, citizen = town.shop(), town.citizen(has_cents=20_00)
    request = town.asks(shop, 5_00)

    endings = race(database, pay, [(citizen.id, town.scheme_id, request.nonce)] * 20)

    assert endings == {"done": 20}
    assert town.given.balance(citizen) == 15_00


def test_of_20_refunds_at_once_no_more_comes_back_than_was_paid(town: Town, database: Database) -> None:
    shop, citizen = town.shop(), town.citizen(has_cents=110_00)
    town.paid(shop, citizen, 100_00)
    payment = town.paid(shop, citizen, 10_00)

    endings = race(database, refund, [(shop.id, payment.id, 3_00, f"refund-{number}") for number in range(20)])

    assert endings == {"done": 3, "refund-too-high": 17}
    assert (town.given.balance(citizen), town.takings(shop)) == (9_00, 101_00)


def test_one_refund_sent_20_times_gives_back_once(town: Town, database: Database) -> None:
    shop, citizen = town.shop(), town.citizen(has_cents=10_00)
    payment = town.paid(shop, citizen, 10_00)

    endings = race(database, refund, [(shop.id, payment.id, 3_00, "the-same")] * 20)

    assert endings == {"done": 20}
    assert town.given.balance(citizen) == 3_00


def test_cashing_out_races_refunds_and_the_shop_never_gives_what_it_has_not(town: Town, database: Database) -> None:
    shop, citizen = town.shop(), town.citizen(has_cents=10_00)
    payment = town.paid(shop, citizen, 10_00)
    refunds = [("refund", (shop.id, payment.id, 1_00, f"refund-{number}")) for number in range(8)]
    redemptions = [("redeem", (shop.id, 3_00, f"redeem-{number}")) for number in range(8)]
    jobs = [job for pair in zip(refunds, redemptions, strict=True) for job in pair]

    endings = race(database, refund_or_redeem, jobs)

    assert set(endings) <= {"done", "balance-too-low", "not-enough-takings"}
    with town.databases.across_tenants() as session:
        asked = session.execute(
            text("select coalesce(sum(amount_cents), 0) from redemptions where shop_id = :id"), {"id": shop.id}
        ).scalar_one()
    assert town.takings(shop) + town.given.balance(citizen) + asked == 10_00
    assert town.takings(shop) >= 0


def test_one_cash_out_sent_20_times_asks_once(town: Town, database: Database) -> None:
    shop, citizen = town.shop(), town.citizen(has_cents=10_00)
    town.paid(shop, citizen, 10_00)

    endings = race(database, redeem, [(shop.id, 1_00, "the-same")] * 20)

    assert endings == {"done": 20}
    assert town.takings(shop) == 9_00


def test_of_many_who_make_a_batch_at_once_one_finds_the_redemptions(
    town: Town, database: Database, operators: tuple[UUID, UUID]
) -> None:
    shop, citizen = town.shop(), town.citizen(has_cents=10_00)
    town.paid(shop, citizen, 10_00)
    for number in range(5):
        redeem(town.databases, (shop.id, 2_00, f"redeem-{number}"))

    endings = race(database, batch, [(town.scheme_id, operators[0])] * 8)

    assert endings == {"done": 1, "nothing-to-pay-out": 7}


def test_one_statement_read_by_many_at_once_burns_once(
    town: Town, database: Database, operators: tuple[UUID, UUID]
) -> None:
    shop, citizen = town.shop(), town.citizen(has_cents=10_00)
    town.paid(shop, citizen, 10_00)
    redeem(town.databases, (shop.id, 10_00, "all-of-it"))
    with town.databases.across_tenants() as session:
        made = make_batch(session, scheme_id=town.scheme_id, account=ACCOUNT, made_by=operators[0], by=OPERATOR, at=AT)
        release_batch(session, made.id, released_by=operators[1], by=OPERATOR, at=AT)
        _, content = batch_file(session, made.id, by=OPERATOR, at=AT)

    endings = race(database, read, [answer(content, booked_on=date(2026, 11, 24))] * 8)

    assert endings == {"done": 8}
    with town.databases.across_tenants() as session:
        burns = session.execute(
            text("select count(*) from ledger_transfers where kind = 'burn' and scheme_id = :id"),
            {"id": town.scheme_id},
        ).scalar_one()
    with town.databases.as_shop(shop.id) as session:
        told = session.execute(text("select count(*) from messages where kind = 'payout-paid'")).scalar_one()
    assert told == 1
    assert burns >= 1


def pay_and_die(app_url: str, job: tuple[UUID, UUID, str], moment: str) -> None:
    """Pay, and be killed either before the commit or right after it: as when a web worker loses its power."""
    databases = Databases(app_url)
    citizen_id, scheme_id, nonce = job
    session = databases.open(Scope(citizen_id=citizen_id))
    wallet_id = wallet_of(session, scheme_id=scheme_id, citizen_id=citizen_id)
    by = Actor(kind="citizen", id=str(citizen_id))
    pay_request(session, nonce=nonce, citizen_id=citizen_id, wallet_account_id=wallet_id, by=by, at=AT)
    if moment == "after":
        session.commit()
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_worker_that_is_killed_while_paying_leaves_one_payment_after_the_retry(
    town: Town, database: Database, moment: str
) -> None:
    shop, citizen = town.shop(), town.citizen(has_cents=10_00)
    request = town.asks(shop, 4_00)
    job = (citizen.id, town.scheme_id, request.nonce)

    worker = get_context("spawn").Process(target=pay_and_die, args=(database.app_url, job, moment))
    worker.start()
    worker.join()

    assert worker.exitcode == -signal.SIGKILL
    assert town.given.balance(citizen) == (6_00 if moment == "after" else 10_00)
    pay(town.databases, job)
    assert (town.given.balance(citizen), town.takings(shop)) == (6_00, 4_00)
