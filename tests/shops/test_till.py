# SPDX-License-Identifier: EUPL-1.2
"""The till as somebody in a shop uses it, without JavaScript."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import Engine, event, text

from heitje.clock import local_day, now
from heitje.config import Settings
from heitje.db.request import databases as app_databases
from heitje.shops.models import Payment
from heitje.shops.redemptions import request_redemption
from heitje_server.app import create_app
from tests.fixtures.databases import Database
from tests.fixtures.given import GivenShop
from tests.fixtures.servers import MailAddress
from tests.fixtures.signed_in import session_token
from tests.shops.conftest import Town
from tests.shops.till import Till

StandAt = Callable[..., Till]


@pytest.fixture(scope="module")
def app(database: Database, mail_server: MailAddress) -> Iterator[Flask]:
    app = create_app(
        Settings(
            secret_key="a secret of the tests, longer than 32 characters",
            database_url=database.app_url,
            operator_database_url=database.operator_url,
            public_url="https://heitje.example",
            smtp_url=mail_server.url,
        )
    )
    # The cookie of a site on https has another name; the tests speak http.
    app.session_interface.cookie_name = "heitje"
    app.session_interface.is_secure = False
    yield app
    with app.app_context():
        app_databases().dispose()


@pytest.fixture
def stand_at(app: Flask, town: Town) -> StandAt:
    """Somebody of the shop, signed in: the owner, or whoever only takes payments."""

    def at(shop: GivenShop, *, role: str = "owner") -> Till:
        staff_id = shop.staff_id
        if role != "owner":
            staff_id = uuid4()
            with town.databases.across_tenants() as session:
                session.execute(
                    text(
                        "insert into shop_staff (shop_id, id, email, name, role)"
                        " values (:shop, :id, :email, 'Kassa', 'till')"
                    ),
                    {"shop": shop.id, "id": staff_id, "email": f"{staff_id}@example.org"},
                )
        return Till(app, session_token(town.databases, replace(shop, staff_id=staff_id)))

    return at


def request_on(till: Till, town: Town, shop: GivenShop) -> Payment:
    """The request whose page the till shows."""
    payment_id = UUID(till.path.rpartition("/")[2])
    with town.databases.as_shop(shop.id) as session:
        found = session.get(Payment, payment_id)
    assert found is not None
    return found


@contextmanager
def statements_on(engine: Engine) -> Iterator[list[str]]:
    """Collect what the database is asked inside."""
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        asked.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield asked
    event.remove(engine, "before_cursor_execute", note)


def test_a_stranger_is_sent_to_the_sign_in_of_the_till_and_back(app: Flask) -> None:
    answer = app.test_client().get("/till/takings")

    assert answer.status_code == 303
    assert answer.headers["Location"] == "/till/sign-in?next=%2Ftill%2Ftakings"


def test_staff_sign_in_by_the_code_in_the_mail_and_come_where_they_were_going(
    town: Town, app: Flask, mail_server: MailAddress
) -> None:
    shop = town.shop("Kaashuis")
    till = Till(app)
    till.opens("/till/takings", follow=True)

    page = till.sends("/till/sign-in", email=f" {shop.email.upper()}")
    assert shop.email in page
    code = re.search(r"\b\d{6}\b", mail_server.messages(to=shop.email)[0]["text"])
    assert code is not None
    assert "aria-invalid" in till.sends("/till/sign-in/code", code="12", status=400)
    page = till.sends("/till/sign-in/code", code=code[0])

    assert till.path == "/till/takings"
    assert "Kaashuis" in page


def test_a_stranger_gets_the_same_answer_and_no_mail(town: Town, app: Flask, mail_server: MailAddress) -> None:
    email = f"{uuid4().hex}@example.org"
    till = Till(app)
    till.opens("/till/sign-in")

    assert email in till.sends("/till/sign-in", email=email)
    assert mail_server.messages(to=email) == []


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


def test_somebody_of_two_shops_chooses_at_which_till_to_stand(town: Town, app: Flask) -> None:
    one, two = town.shop("Aan de Markt"), town.shop("Bij het Station")
    staff_id = uuid4()
    with town.databases.across_tenants() as session:
        session.execute(
            text("insert into shop_staff (shop_id, id, email, name, role) values (:shop, :id, :email, 'Sjef', 'till')"),
            {"shop": two.id, "id": staff_id, "email": one.email},
        )
    till = Till(app, session_token(town.databases, one))

    page = till.opens("/till/shops")
    assert "Aan de Markt" in page
    assert "Bij het Station" in page
    assert "Bij het Station" in till.sends(f"/till/shops/{two.id}")
    other = town.shop("Van een ander")
    till.opens("/till/shops")
    till.sends(f"/till/shops/{other.id}", status=403)


def test_signing_out_closes_the_till(town: Town, stand_at: StandAt) -> None:
    till = stand_at(town.shop())
    till.opens("/till/shop")

    till.sends("/till/sign-out")

    assert till.client.get("/till/").status_code == 303


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
