# SPDX-License-Identifier: EUPL-1.2
"""What a shop took: the day's total, the list of payments, the receipt."""

from datetime import timedelta

from sqlalchemy import text

from heitje.clock import local_day
from heitje.shops.refunds import refund_payment
from heitje.shops.takings import day_total, payments_of_shop, receipt_of
from tests.shops.conftest import AT, Town


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
