# SPDX-License-Identifier: EUPL-1.2
"""What only the owner reaches at the till: cashing out, the account, the staff, what citizens read."""

from dataclasses import replace
from uuid import uuid4

from flask import Flask
from sqlalchemy import text

from heitje.clock import now
from tests.fixtures.signed_in import session_token
from tests.shops.conftest import StandAt, Town
from tests.shops.till import Till


def test_the_owner_cashes_out_and_sees_how_far_it_is(town: Town, stand_at: StandAt) -> None:
    shop = town.shop()
    town.paid(shop, town.citizen(has_cents=10_00), 10_00, at=now())
    till = stand_at(shop)
    page = till.opens("/till/cash-out")
    assert 'value="10,00"' in page
    assert "NL02 ABNA 0123 4567 89" in page

    page = till.sends("/till/cash-out", amount_cents="7,50")

    assert "7,50" in page
    assert town.takings(shop) == 2_50
    till.sends("/till/cash-out", amount_cents="2,51", status=409)


def test_whoever_only_takes_payments_does_not_reach_the_money(town: Town, stand_at: StandAt) -> None:
    till = stand_at(town.shop(), role="till")

    page = till.opens("/till/shop")
    assert "NL02" not in page
    assert "/till/cash-out" not in page
    for path in ("/till/cash-out", "/till/shop/account", "/till/shop/edit", "/till/takings/2026-11.csv"):
        till.opens(path, status=403)


def test_another_account_is_kept_and_the_waiting_is_said(town: Town, stand_at: StandAt) -> None:
    shop = town.shop()
    till = stand_at(shop)
    till.opens("/till/shop/account")

    page = till.sends("/till/shop/account", iban="NL35TEST0000000032", account_name="Bakkerij", status=400)
    assert "till-aside" not in page
    assert 'aria-invalid="true"' in page
    page = till.sends("/till/shop/account", iban="NL35 TEST 0000 0000 31", account_name="Bakkerij De Krakeling")

    assert "NL35 TEST 0000 0000 31" in page
    assert "48" in page


def test_the_owner_names_who_may_use_the_till_and_lets_them_go(town: Town, stand_at: StandAt, app: Flask) -> None:
    shop = town.shop()
    owner = stand_at(shop)
    owner.opens("/till/shop/staff")

    page = owner.sends("/till/shop/staff", name="Noor  Nieuw", email="Noor@Example.org")
    assert "Noor Nieuw" in page
    with town.databases.as_visitor("email:noor@example.org") as session:
        staff_id = session.execute(text("select id from shop_staff where state = 'active'")).scalar_one()
    noor = Till(app, session_token(town.databases, replace(shop, staff_id=staff_id)))
    noor.opens("/till/")
    noor.opens("/till/shop/staff", status=403)
    assert "aria-invalid" in owner.sends("/till/shop/staff", name="Noor", email="noor@example.org", status=400)

    owner.sends(f"/till/shop/staff/{staff_id}/block")
    assert noor.client.get("/till/").status_code == 303
    owner.sends(f"/till/shop/staff/{shop.staff_id}/block", status=409)
    owner.opens("/till/shop/staff")
    owner.sends(f"/till/shop/staff/{uuid4()}/block", status=404)


def test_what_citizens_read_can_be_changed(town: Town, stand_at: StandAt) -> None:
    shop = town.shop()
    till = stand_at(shop)
    till.opens("/till/shop/edit")

    assert "Elke dag vers" in till.sends("/till/shop/edit", description="Elke dag vers", opening_hours="Altijd")
