# SPDX-License-Identifier: EUPL-1.2
"""A shop gives back: to the wallet it came from, once, and never more than was paid (M10)."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from heitje.errors import NotFound
from heitje.ledger.errors import KeyReused
from heitje.notifications.tell import tell
from heitje.shops.errors import NotEnoughTakings, RefundTooHigh
from heitje.shops.models import PaymentState
from heitje.shops.payments import payment_of_shop
from heitje.shops.redemptions import request_redemption
from heitje.shops.refunds import refund_payment, refunds_of
from tests.shops.conftest import AT, Town


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
    with pytest.raises(KeyReused), town.databases.as_shop(shop.id) as session:
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

    with pytest.raises(NotEnoughTakings), town.databases.as_shop(shop.id) as session:
        refund_payment(session, payment_id=payment.id, amount_cents=5_00, key="too-late", by=town.staff(shop), at=AT)


def test_a_shop_refunds_only_its_own_payments(town: Town) -> None:
    shop, other = town.shop(), town.shop("De Buurman")
    payment, unpaid = town.paid(shop, town.citizen(has_cents=5_00), 5_00), town.asks(shop, 1_00)

    with pytest.raises(NotFound), town.databases.as_shop(other.id) as session:
        refund_payment(session, payment_id=payment.id, amount_cents=1_00, key="not-mine", by=town.staff(other), at=AT)
    with pytest.raises(NotFound), town.databases.as_shop(shop.id) as session:
        refund_payment(session, payment_id=unpaid.id, amount_cents=1_00, key="not-paid", by=town.staff(shop), at=AT)
