# SPDX-License-Identifier: EUPL-1.2
"""Paying in a shop: asked once, seen by whoever was shown it, paid once (M10, M11)."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError

from heitje.audit import AuditEvent
from heitje.clock import local_day
from heitje.db.scope import know
from heitje.errors import HeitjeError, InvalidInput, NotFound
from heitje.ledger.accounts import wallet_of
from heitje.ledger.errors import BalanceTooLow, KeyReused, NotYourAccount
from heitje.ledger.models import TransferRow
from heitje.notifications.tell import tell
from heitje.shops.errors import (
    AlreadyPaid,
    NotEnoughTakings,
    PaymentNotWaiting,
    RefundTooHigh,
    RequestCancelled,
    RequestExpired,
    RequestUnknown,
    ShopNotActive,
)
from heitje.shops.models import Payment, PaymentState
from heitje.shops.payments import cancel_request, expire_requests, find_request, pay_request, payment_of_shop, state_at
from heitje.shops.redemptions import request_redemption
from heitje.shops.refunds import refund_payment, refunds_of
from heitje.shops.takings import day_total, payments_of_shop, receipt_of
from tests.fixtures.given import GivenCitizen
from tests.shops.conftest import AT, Town


def refusal_of(town: Town, citizen: GivenCitizen, **shown: str) -> type[HeitjeError]:
    with town.databases.as_citizen(citizen.id) as session, pytest.raises(HeitjeError) as refused:
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

    with town.databases.as_shop(shop.id) as session, pytest.raises(PaymentNotWaiting):
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

    with town.databases.as_citizen(thief.id) as session, pytest.raises(NotYourAccount):
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
        with town.databases.as_shop(shop.id) as session, pytest.raises(DBAPIError, match="permission denied"):
            session.execute(update(Payment).where(Payment.id == request.id).values({column: value}))


def test_a_request_is_out_of_sight_for_who_was_not_shown_it(town: Town) -> None:
    shop, other_shop, citizen = town.shop(), town.shop("De Buurman"), town.citizen()
    request = town.asks(shop, 5_00)

    with town.databases.as_shop(shop.id) as session:
        assert session.get(Payment, request.id) is not None
    with town.databases.as_shop(other_shop.id) as session, pytest.raises(NotFound):
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


def test_a_refund_goes_back_to_the_wallet_it_came_from(town: Town) -> None:
    shop, citizen = town.shop(), town.citizen(has_cents=10_00)
    payment = town.paid(shop, citizen, 10_00)

    with town.databases.as_shop(shop.id) as session:
        refund_payment(session, payment_id=payment.id, amount_cents=4_00, key="first-one", by=town.staff(shop), at=AT)

    assert town.given.balance(citizen) == 4_00
    assert town.takings(shop) == 6_00
    with town.databases.as_shop(shop.id) as session:
        found = payment_of_shop(session, payment.id)
        assert (found.state, found.refunded_cents, found.refundable_cents) == (PaymentState.COMPLETED, 4_00, 6_00)
        assert [refund.amount_cents for refund in refunds_of(session, payment.id)] == [4_00]


def test_a_refund_is_told_to_whoever_paid(town: Town) -> None:
    shop, citizen = town.shop("Kaashuis"), town.citizen(has_cents=10_00)
    payment = town.paid(shop, citizen, 10_00)
    with town.databases.as_shop(shop.id) as session:
        refund_payment(session, payment_id=payment.id, amount_cents=4_00, key="told-of", by=town.staff(shop), at=AT)
        assert session.execute(text("select count(*) from messages")).scalar_one() == 0

    # A shop may not write to citizens: that is left to a job of the operator.
    with town.databases.across_tenants() as session:
        waiting = session.execute(
            text("select arguments from job_outbox where job = 'notifications.tell' order by created_at desc limit 1")
        ).scalar_one()
        tell(session, **waiting)
    with town.databases.as_citizen(citizen.id) as session:
        kind, facts = session.execute(text("select kind, facts from messages")).one()
    assert (kind, facts) == ("payment-refunded", {"shop_name": "Kaashuis", "amount_cents": 4_00})


def test_refunds_never_come_to_more_than_was_paid(town: Town) -> None:
    shop, citizen = town.shop(), town.citizen(has_cents=15_00)
    town.paid(shop, citizen, 5_00)
    payment = town.paid(shop, citizen, 10_00)

    with town.databases.as_shop(shop.id) as session:
        refund_payment(session, payment_id=payment.id, amount_cents=7_00, key="part-one", by=town.staff(shop), at=AT)
        with pytest.raises(RefundTooHigh) as refused:
            refund_payment(
                session, payment_id=payment.id, amount_cents=3_01, key="part-two", by=town.staff(shop), at=AT
            )
    assert refused.value.facts == {"refundable_cents": 3_00, "amount_cents": 3_01}


def test_the_same_refund_sent_twice_gives_back_once(town: Town) -> None:
    shop, citizen = town.shop(), town.citizen(has_cents=10_00)
    payment, other = town.paid(shop, citizen, 5_00), town.paid(shop, citizen, 5_00)

    for _ in range(2):
        with town.databases.as_shop(shop.id) as session:
            refund_payment(session, payment_id=payment.id, amount_cents=1_00, key="same", by=town.staff(shop), at=AT)
    with town.databases.as_shop(shop.id) as session, pytest.raises(KeyReused):
        refund_payment(session, payment_id=other.id, amount_cents=1_00, key="same", by=town.staff(shop), at=AT)

    assert town.given.balance(citizen) == 1_00


@pytest.mark.parametrize(("days_later", "state"), [(0, PaymentState.VOIDED), (1, PaymentState.REFUNDED)])
def test_giving_all_back_on_the_day_itself_makes_it_void(town: Town, days_later: int, state: PaymentState) -> None:
    shop, citizen = town.shop(), town.citizen(has_cents=5_00)
    payment = town.paid(shop, citizen, 5_00)

    with town.databases.as_shop(shop.id) as session:
        refunded = refund_payment(
            session, payment_id=payment.id, amount_cents=5_00, key="all-of-it", by=town.staff(shop),
            at=AT + timedelta(days=days_later),
        )  # fmt: skip
    assert refunded.state == state
    assert town.given.balance(citizen) == 5_00


def test_a_shop_that_cashed_out_cannot_give_back_what_it_has_not(town: Town) -> None:
    shop, citizen = town.shop(), town.citizen(has_cents=5_00)
    payment = town.paid(shop, citizen, 5_00)
    with town.databases.as_shop(shop.id) as session:
        request_redemption(session, shop_id=shop.id, amount_cents=5_00, key="cash-out", by=town.staff(shop), at=AT)

    with town.databases.as_shop(shop.id) as session, pytest.raises(NotEnoughTakings):
        refund_payment(session, payment_id=payment.id, amount_cents=5_00, key="too-late", by=town.staff(shop), at=AT)


def test_a_shop_refunds_only_its_own_payments(town: Town) -> None:
    shop, other = town.shop(), town.shop("De Buurman")
    payment, unpaid = town.paid(shop, town.citizen(has_cents=5_00), 5_00), town.asks(shop, 1_00)

    with town.databases.as_shop(other.id) as session, pytest.raises(NotFound):
        refund_payment(session, payment_id=payment.id, amount_cents=1_00, key="not-mine", by=town.staff(other), at=AT)
    with town.databases.as_shop(shop.id) as session, pytest.raises(NotFound):
        refund_payment(session, payment_id=unpaid.id, amount_cents=1_00, key="not-paid", by=town.staff(shop), at=AT)


def test_the_day_total_counts_refunds_on_the_day_they_were_given(town: Town) -> None:
    shop, citizen = town.shop(), town.citizen(has_cents=30_00)
    town.paid(shop, citizen, 12_00)
    payment = town.paid(shop, citizen, 8_00)
    town.asks(shop, 99_00)
    with town.databases.as_shop(shop.id) as session:
        refund_payment(session, payment_id=payment.id, amount_cents=2_00, key="today", by=town.staff(shop), at=AT)
        tomorrow = AT + timedelta(days=1)
        refund_payment(
            session, payment_id=payment.id, amount_cents=1_00, key="tomorrow", by=town.staff(shop), at=tomorrow
        )

    with town.databases.as_shop(shop.id) as session:
        today = day_total(session, shop_id=shop.id, day=local_day(AT))
        next_day = day_total(session, shop_id=shop.id, day=local_day(tomorrow))
    assert (today.payments, today.paid_cents, today.refunded_cents, today.takings_cents) == (2, 20_00, 2_00, 18_00)
    assert (next_day.payments, next_day.takings_cents) == (0, -1_00)


def test_payments_are_listed_newest_first_a_page_at_a_time(town: Town) -> None:
    shop, citizen = town.shop(), town.citizen(has_cents=6_00)
    made = [town.paid(shop, citizen, cents, at=AT + timedelta(minutes=cents)) for cents in (100, 200, 300)]

    with town.databases.as_shop(shop.id) as session:
        first = payments_of_shop(session, shop_id=shop.id, limit=2)
        rest = payments_of_shop(session, shop_id=shop.id, limit=2, before=(first[-1].created_at, first[-1].id))
    assert [payment.id for payment in [*first, *rest]] == [payment.id for payment in reversed(made)]


def test_a_receipt_has_what_the_books_of_the_shop_need(town: Town) -> None:
    shop, citizen = town.shop(), town.citizen(has_cents=5_00)
    payment = town.paid(shop, citizen, 5_00)
    with town.databases.across_tenants() as session:
        session.execute(
            text("update shop_details set kvk_number = '99001001', vat_number = 'NL999' where shop_id = :id"),
            {"id": shop.id},
        )

    with town.databases.as_shop(shop.id) as session:
        receipt = receipt_of(session, payment)
    with town.databases.as_citizen(citizen.id) as session:
        own = receipt_of(session, payment)
    assert (receipt.amount_cents, receipt.paid_at, receipt.vat_number) == (5_00, AT, "NL999")
    assert receipt.reference == payment.reference
    assert (own.shop_name, own.vat_number) == (shop.name, "")
