# SPDX-License-Identifier: EUPL-1.2
"""What the town may know of its shops' turnover, and what it may not (R17, R18)."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from heitje.shops.effect import CentreSpending, spending_by_centre, without_few
from heitje.shops.refunds import refund_payment
from tests.shops.conftest import AT, Town

FIRST, BEFORE = date(2026, 11, 1), date(2026, 12, 1)


def row(centre: str, shops: int, payments: int) -> CentreSpending:
    return CentreSpending(centre=centre, shops=shops, payments=payments, spent_cents=payments * 100)


def test_spending_is_added_up_per_centre_less_what_was_given_back(town: Town) -> None:
    shops = [town.shop(f"Winkel {number}") for number in range(3)]
    citizen = town.citizen(has_cents=100_00)
    payments = [town.paid(shop, citizen, 2_00) for shop in shops for _ in range(4)]
    with town.databases.as_shop(shops[0].id) as session:
        refund_payment(
            session, payment_id=payments[0].id, amount_cents=50, key="a-little", by=town.staff(shops[0]), at=AT
        )
    with town.databases.across_tenants() as session:
        session.execute(text("update shops set centre = 'Heerlen-Centrum'"))
        found = spending_by_centre(session, scheme_id=town.scheme_id, first=FIRST, before=BEFORE)
        earlier = spending_by_centre(session, scheme_id=town.scheme_id, first=date(2026, 10, 1), before=FIRST)

    assert found == [CentreSpending(centre="Heerlen-Centrum", shops=3, payments=12, spent_cents=23_50)]
    assert earlier == []


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([row("A", 5, 40), row("B", 4, 30)], ["A", "B"]),
        ([row("A", 5, 40), row("B", 4, 30), row("C", 2, 25)], ["A", ""]),
        ([row("A", 5, 40), row("B", 1, 5), row("C", 2, 5)], ["A", ""]),
        ([row("A", 2, 40)], []),
        ([row("A", 5, 9)], []),
        ([], []),
    ],
)
def test_what_speaks_of_a_few_is_added_to_others_or_left_out(rows: list[CentreSpending], told: list[str]) -> None:
    assert [each.centre for each in without_few(rows)] == told


@settings(max_examples=300)
@given(st.lists(st.tuples(st.integers(1, 6), st.integers(1, 40)), max_size=8))
def test_no_figure_and_no_difference_of_figures_speaks_of_a_few(numbers: list[tuple[int, int]]) -> None:
    rows = [row(f"C{at}", shops, payments) for at, (shops, payments) in enumerate(numbers)]

    told = without_few(rows)

    assert all(each.speaks_of_enough for each in told)
    left_shops = sum(each.shops for each in rows) - sum(each.shops for each in told)
    assert left_shops == 0 or not told
