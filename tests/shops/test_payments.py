# SPDX-License-Identifier: EUPL-1.2
"""Paying in a shop: asked once, seen by whoever was shown it, paid once (M11)."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError

from heitje.audit import AuditEvent
from heitje.db.scope import know
from heitje.errors import HeitjeError, InvalidInput, NotFound
from heitje.ledger.accounts import wallet_of
from heitje.ledger.errors import BalanceTooLow, NotYourAccount
from heitje.ledger.models import TransferRow
from heitje.shops.errors import (
    AlreadyPaid,
    PaymentNotWaiting,
    RequestCancelled,
    RequestExpired,
    RequestUnknown,
    ShopNotActive,
)
from heitje.shops.models import Payment, PaymentState
from heitje.shops.payments import cancel_request, expire_requests, find_request, pay_request, payment_of_shop, state_at
from tests.fixtures.given import GivenCitizen
from tests.shops.conftest import AT, Town


def refusal_of(town: Town, citizen: GivenCitizen, **shown: str) -> type[HeitjeError]:
    with pytest.raises(HeitjeError) as refused, town.databases.as_citizen(citizen.id) as session:
        find_request(session, at=AT, **shown)
    return refused.type


def test_a_payment_moves_the_amount_from_the_wallet_to_the_shop(town: Town) -> None:
    shop, citizen = town.shop(), town.citizen(has_cents=20_00)

    payment = town.paid(shop, citizen, 12_50)

    assert payment.state == PaymentState.COMPLETED
    assert town.given.balance(citizen) == 7_50
    assert town.takings(shop) == 12_50


def test_the_audit_record_names_the_transfer_of_a_payment(town: Town) -> None:
    payment = town.paid(town.shop(), town.citizen(has_cents=5_00), 5_00)

    with town.databases.across_tenants() as session:
        transfer = session.scalar(select(TransferRow).where(TransferRow.key == f"payment:{payment.id}"))
        event = session.scalar(select(AuditEvent).where(AuditEvent.subject == f"payment:{payment.id}"))
    assert transfer is not None
    assert event is not None
    assert (event.action, event.transfer_id) == ("payment.completed", transfer.id)
    assert payment.transfer_id == transfer.id


def test_the_request_is_found_by_its_code_and_by_its_qr(town: Town) -> None:
    request, citizen = town.asks(town.shop("Kaashuis"), 3_00), town.citizen()

    with town.databases.as_citizen(citizen.id) as session:
        by_code = find_request(session, code=request.code, scheme_id=town.scheme_id, at=AT)
    with town.databases.as_citizen(citizen.id) as session:
        by_nonce = find_request(session, nonce=request.nonce, at=AT)
    assert by_code.id == by_nonce.id == request.id
    assert (by_nonce.shop_name, by_nonce.amount_cents) == ("Kaashuis", 3_00)


def test_paying_again_with_the_same_phone_gives_the_same_payment(town: Town) -> None:
    shop, citizen = town.shop(), town.citizen(has_cents=10_00)
    request = town.asks(shop, 4_00)

    assert town.pays(citizen, request).transfer_id == town.pays(citizen, request).transfer_id
    assert town.takings(shop) == 4_00


def test_a_photo_of_a_paid_qr_is_refused_on_another_phone(town: Town) -> None:
    shop, payer, other = town.shop(), town.citizen(has_cents=5_00), town.citizen(has_cents=5_00)
    request = town.asks(shop, 5_00)
    town.pays(payer, request)

    with pytest.raises(AlreadyPaid) as refused:
        town.pays(other, request)
    assert "payment_id" not in refused.value.facts
    assert refusal_of(town, other, nonce=request.nonce) is AlreadyPaid
    assert refusal_of(town, payer, nonce=request.nonce) is AlreadyPaid
    assert town.given.balance(other) == 5_00


def test_unknown_expired_and_cancelled_requests_each_say_what_they_are(town: Town) -> None:
    shop, citizen = town.shop(), town.citizen(has_cents=5_00)
    expired, cancelled = town.asks(shop, 1_00, at=AT - timedelta(minutes=5)), town.asks(shop, 2_00)
    with town.databases.as_shop(shop.id) as session:
        cancel_request(session, payment_id=cancelled.id, by=town.staff(shop), at=AT)

    assert refusal_of(town, citizen, nonce="x" * 32) is RequestUnknown
    assert refusal_of(town, citizen, nonce=expired.nonce) is RequestExpired
    assert refusal_of(town, citizen, code=expired.code) is RequestExpired
    assert refusal_of(town, citizen, nonce=cancelled.nonce) is RequestCancelled
    with pytest.raises(RequestExpired):
        town.pays(citizen, expired)
    with pytest.raises(RequestCancelled):
        town.pays(citizen, cancelled)
    assert town.given.balance(citizen) == 5_00


def test_the_schedule_marks_what_nobody_paid_and_leaves_the_rest(town: Town) -> None:
    shop, citizen = town.shop(), town.citizen(has_cents=5_00)
    old, fresh = town.asks(shop, 1_00, at=AT - timedelta(minutes=6)), town.asks(shop, 2_00)

    with town.databases.across_tenants() as session:
        expire_requests(session, at=AT)

    with town.databases.as_shop(shop.id) as session:
        assert payment_of_shop(session, old.id).state == PaymentState.EXPIRED
        assert payment_of_shop(session, fresh.id).state == PaymentState.REQUESTED
    assert refusal_of(town, citizen, nonce=old.nonce) is RequestExpired


def test_the_till_sees_expiry_before_the_schedule_comes_by(town: Town) -> None:
    request = town.asks(town.shop(), 1_00)

    assert state_at(request, AT + timedelta(minutes=5) - timedelta(microseconds=1)) is PaymentState.REQUESTED
    assert state_at(request, AT + timedelta(minutes=5)) is PaymentState.EXPIRED


def test_a_paid_request_cannot_be_cancelled(town: Town) -> None:
    shop = town.shop()
    payment = town.paid(shop, town.citizen(has_cents=1_00), 1_00)

    with pytest.raises(PaymentNotWaiting), town.databases.as_shop(shop.id) as session:
        cancel_request(session, payment_id=payment.id, by=town.staff(shop), at=AT)


def test_more_than_the_balance_is_refused_and_the_request_keeps_waiting(town: Town) -> None:
    shop, poor, rich = town.shop(), town.citizen(has_cents=4_99), town.citizen(has_cents=5_00)
    request = town.asks(shop, 5_00)

    with pytest.raises(BalanceTooLow) as refused:
        town.pays(poor, request)
    assert refused.value.facts == {"balance_cents": 4_99, "amount_cents": 5_00}
    assert town.pays(rich, request).state == PaymentState.COMPLETED


def test_nobody_pays_from_the_wallet_of_somebody_else(town: Town) -> None:
    shop, thief, victim = town.shop(), town.citizen(), town.citizen(has_cents=5_00)
    request = town.asks(shop, 5_00)
    with town.databases.as_citizen(victim.id) as session:
        wallet_id = wallet_of(session, scheme_id=town.scheme_id, citizen_id=victim.id)

    with pytest.raises(NotYourAccount), town.databases.as_citizen(thief.id) as session:
        pay_request(
            session, nonce=request.nonce, citizen_id=thief.id, wallet_account_id=wallet_id, by=thief.actor, at=AT
        )
    assert town.given.balance(victim) == 5_00


@pytest.mark.parametrize("amount_cents", [0, -1, 1000_01])
def test_amounts_that_no_till_takes_are_refused(town: Town, amount_cents: int) -> None:
    with pytest.raises(InvalidInput):
        town.asks(town.shop(), amount_cents)


def test_a_suspended_shop_neither_asks_nor_is_paid(town: Town) -> None:
    shop, citizen = town.shop(), town.citizen(has_cents=5_00)
    request = town.asks(shop, 5_00)
    with town.databases.across_tenants() as session:
        session.execute(text("update shops set state = 'suspended' where id = :id"), {"id": shop.id})

    with pytest.raises(ShopNotActive):
        town.asks(shop, 5_00)
    with pytest.raises(ShopNotActive):
        town.pays(citizen, request)
    assert refusal_of(town, citizen, nonce=request.nonce) is ShopNotActive


def test_the_amount_the_shop_and_the_nonce_of_a_request_cannot_be_changed(town: Town) -> None:
    shop = town.shop()
    request = town.asks(shop, 5_00)

    for column, value in [("amount_cents", 1), ("shop_id", uuid4()), ("nonce", "n" * 32), ("expires_at", AT)]:
        with pytest.raises(DBAPIError, match="permission denied"), town.databases.as_shop(shop.id) as session:
            session.execute(update(Payment).where(Payment.id == request.id).values({column: value}))


def test_a_request_is_out_of_sight_for_who_was_not_shown_it(town: Town) -> None:
    shop, other_shop, citizen = town.shop(), town.shop("De Buurman"), town.citizen()
    request = town.asks(shop, 5_00)

    with town.databases.as_shop(shop.id) as session:
        assert session.get(Payment, request.id) is not None
    with pytest.raises(NotFound), town.databases.as_shop(other_shop.id) as session:
        payment_of_shop(session, request.id)
    with town.databases.as_citizen(citizen.id) as session:
        assert session.get(Payment, request.id) is None
        know(session, "payment:guessed")
        assert session.get(Payment, request.id) is None
    with town.databases.as_visitor(f"payment:{request.nonce}") as session:
        assert session.get(Payment, request.id) is None


def test_waiting_requests_of_a_scheme_never_share_a_code(town: Town) -> None:
    shop = town.shop()

    codes = [town.asks(shop, 1_00).code for _ in range(40)]

    assert len(set(codes)) == len(codes)
    assert all(len(code) == 6 and code.isdecimal() for code in codes)
