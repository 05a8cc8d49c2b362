# SPDX-License-Identifier: EUPL-1.2
"""The till as somebody in a shop uses it, without JavaScript: asking for an amount, and seeing it paid."""

import re
from uuid import UUID

import pytest

from heitje.clock import now
from heitje.shops.models import Payment
from tests.fixtures.given import GivenShop
from tests.shops.conftest import StandAt, Town
from tests.shops.till import Till


def request_on(till: Till, town: Town, shop: GivenShop) -> Payment:
    """The request whose page the till shows."""
    payment_id = UUID(till.path.rpartition("/")[2])
    with town.databases.as_shop(shop.id) as session:
        found = session.get(Payment, payment_id)
    assert found is not None
    return found


def test_an_amount_becomes_a_request_with_a_qr_and_a_code(town: Town, stand_at: StandAt) -> None:
    shop = town.shop()
    till = stand_at(shop)
    till.opens("/till/")

    page = till.sends("/till/", amount_cents="12,50")

    request = request_on(till, town, shop)
    assert request.amount_cents == 12_50
    assert "12,50" in page
    assert f"{request.code[:3]} {request.code[3:]}" in page
    assert "<svg" in page
    assert request.requested_by == shop.staff_id


def test_pressing_twice_asks_once(town: Town, stand_at: StandAt) -> None:
    till = stand_at(town.shop())
    till.opens("/till/")
    form = {**till.hidden(), "amount_cents": "3"}

    first, second = (till.client.post("/till/", data=form).headers["Location"] for _ in range(2))

    assert first == second


@pytest.mark.parametrize("typed", ["", "0", "1000,01", "-5", "drie", "1,234"])
def test_an_amount_that_cannot_be_is_shown_again_with_what_is_wrong(town: Town, stand_at: StandAt, typed: str) -> None:
    till = stand_at(town.shop())
    till.opens("/till/")

    page = till.sends("/till/", amount_cents=typed, status=422)

    assert 'role="alert"' in page


def test_the_till_waits_and_then_shows_paid_on_the_whole_screen(town: Town, stand_at: StandAt) -> None:
    shop, citizen = town.shop(), town.citizen(has_cents=5_00)
    till = stand_at(shop)
    till.opens("/till/")
    till.sends("/till/", amount_cents="5")
    request = request_on(till, town, shop)
    outcome = f"/till/requests/{request.id}/outcome"

    assert till.opens(outcome, status=204) == ""
    town.pays(citizen, request, at=now())
    page = till.opens(outcome)

    assert 'class="till-result good"' in page
    assert 'data-sound="good"' in page
    assert request.reference in page
    assert "till-result good" in till.opens(f"/till/requests/{request.id}")
    assert "data-sound" not in till.page


def test_a_request_that_expired_or_was_cancelled_is_shown_in_red(town: Town, stand_at: StandAt) -> None:
    shop = town.shop()
    till = stand_at(shop)
    expired = town.asks(shop, 5_00, at=now().replace(year=2025))
    cancelled = town.asks(shop, 6_00, at=now())
    till.opens(f"/till/requests/{cancelled.id}")
    till.sends(f"/till/requests/{cancelled.id}/cancel")

    for request in (expired, cancelled):
        page = till.opens(f"/till/requests/{request.id}/outcome")
        assert 'class="till-result bad"' in page
        assert 'data-sound="bad"' in page


def test_a_cancel_that_comes_too_late_shows_that_it_was_paid(town: Town, stand_at: StandAt) -> None:
    shop, citizen = town.shop(), town.citizen(has_cents=5_00)
    till = stand_at(shop)
    request = town.asks(shop, 5_00, at=now())
    till.opens(f"/till/requests/{request.id}")
    town.pays(citizen, request, at=now())

    assert "till-result good" in till.sends(f"/till/requests/{request.id}/cancel")


def test_another_shop_finds_neither_request_nor_payment(town: Town, stand_at: StandAt) -> None:
    shop, other = town.shop(), town.shop("De Buurman")
    request = town.asks(shop, 5_00, at=now())
    payment = town.paid(shop, town.citizen(has_cents=5_00), 5_00, at=now())
    till = stand_at(other)
    till.opens("/till/shop")

    till.opens(f"/till/requests/{request.id}", status=404)
    till.opens(f"/till/requests/{request.id}/outcome", status=404)
    till.opens(f"/till/payments/{payment.id}", status=404)
    till.opens("/till/shop")
    till.sends(f"/till/payments/{payment.id}/refund", amount_cents="1", idempotency_key="k" * 20, status=404)


@pytest.mark.parametrize("path", ["/till/takings?after=x", "/till/takings?day=2026-13-01", "/till/takings/2026-13.csv"])
def test_addresses_that_lead_nowhere_say_so(town: Town, stand_at: StandAt, path: str) -> None:
    stand_at(town.shop()).opens(path, status=404)


def test_each_page_has_one_heading_and_a_title(town: Town, stand_at: StandAt) -> None:
    shop, citizen = town.shop(), town.citizen(has_cents=5_00)
    payment, request = town.paid(shop, citizen, 5_00, at=now()), town.asks(shop, 5_00, at=now())
    till = stand_at(shop)
    paths = [
        "/till/",
        "/till/takings",
        "/till/cash-out",
        "/till/shop",
        "/till/shop/staff",
        "/till/shop/edit",
        "/till/shop/account",
    ]
    paths += [
        "/till/shops",
        f"/till/payments/{payment.id}",
        f"/till/requests/{request.id}",
        f"/till/requests/{payment.id}",
    ]

    for path in paths:
        page = till.opens(path)
        assert len(re.findall(r"<h1[ >]", page)) == 1, path
        assert re.search(r"<title>[^–]+ – .+</title>", page), path
        assert "style=" not in page, path
