# SPDX-License-Identifier: EUPL-1.2
"""At the till afterwards: the day, giving back, the month in a spreadsheet."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from sqlalchemy import Engine, event

from heitje.clock import local_day, now
from heitje.shops.redemptions import request_redemption
from tests.shops.conftest import StandAt, Town


@contextmanager
def statements_on(engine: Engine) -> Iterator[list[str]]:
    """Collect what the database is asked inside."""
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield asked
    event.remove(engine, "before_cursor_execute", note)


def test_the_day_shows_its_total_and_its_payments(town: Town, stand_at: StandAt) -> None:
    shop, citizen = town.shop(), town.citizen(has_cents=20_00)
    payments = [town.paid(shop, citizen, cents, at=now()) for cents in (12_00, 4_25)]

    page = stand_at(shop).opens("/till/takings")

    assert "16,25" in page
    assert all(payment.reference in page for payment in payments)


@pytest.mark.parametrize("path", ["/till/takings", "/till/cash-out"])
def test_a_long_list_asks_the_database_no_more_often_than_a_short_one(
    town: Town, stand_at: StandAt, app: Flask, path: str
) -> None:
    counts = []
    for many in (1, 12):
        shop, citizen = town.shop(), town.citizen(has_cents=1_00 * many)
        for number in range(many):
            town.paid(shop, citizen, 1_00, at=now())
            if path.endswith("cash-out"):
                with town.databases.as_shop(shop.id) as session:
                    request_redemption(
                        session, shop_id=shop.id, amount_cents=50, key=f"row-{number}", by=town.staff(shop), at=now()
                    )
        till = stand_at(shop)
        with statements_on(app.extensions["databases"].app_engine) as asked:
            till.opens(path)
        counts.append(len(asked))

    assert counts[0] == counts[1] <= 12


def test_giving_back_reaches_the_customer_and_is_shown(town: Town, stand_at: StandAt) -> None:
    shop, citizen = town.shop(), town.citizen(has_cents=10_00)
    payment = town.paid(shop, citizen, 10_00, at=now())
    till = stand_at(shop, role="till")
    till.opens(f"/till/payments/{payment.id}")

    page = till.sends(f"/till/payments/{payment.id}/refund", amount_cents="4,00")
    assert "4,00" in page
    assert town.given.balance(citizen) == 4_00

    page = till.sends(f"/till/payments/{payment.id}/refund", amount_cents="6,01", status=409)
    assert 'role="alert"' in page
    assert town.given.balance(citizen) == 4_00


def test_a_month_opens_in_a_spreadsheet(town: Town, stand_at: StandAt) -> None:
    shop, citizen = town.shop(), town.citizen(has_cents=1234_50)
    at = now()
    payment = town.paid(shop, citizen, 999_50, at=at)
    till = stand_at(shop)
    till.opens(f"/till/payments/{payment.id}")
    till.sends(f"/till/payments/{payment.id}/refund", amount_cents="0,50")

    content = till.opens(f"/till/takings/{local_day(at):%Y-%m}.csv")

    assert content.startswith("\ufeff")
    lines = [line.split(";") for line in content.strip().split("\r\n")]
    assert [line[4] for line in lines[1:]] == ["999,50", "-0,50"]
    assert {line[2] for line in lines[1:]} == {payment.reference}
