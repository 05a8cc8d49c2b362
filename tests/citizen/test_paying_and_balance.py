# SPDX-License-Identifier: EUPL-1.2
"""Paying with Heitjes in a shop, and seeing where they came from and went (R10, R15, R16, R25)."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest

from heitje.shops.payments import cancel_request
from heitje.shops.refunds import refund_payment
from tests.fixtures.given import SYSTEM


@pytest.fixture(scope="module")
def tenant(given):
    return given.tenant()


@pytest.fixture(scope="module")
def shop(given):
    return given.shop("Bakkerij De Krakeling")


@pytest.fixture
def citizen(given, tenant):
    citizen = given.citizen()
    given.earned(citizen, tenant, reward_cents=15_00)
    return citizen


@pytest.fixture
def browser(signed_in, citizen):
    return signed_in(citizen)


def pay(browser, request):
    return browser.submit(f"/pay/q/{request.nonce}")


def text_of(answer) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.get_data(as_text=True)))


def test_shop_and_amount_are_shown_before_one_pays(browser, given, shop):
    request = given.request(shop, amount_cents=4_25)

    page = text_of(browser.get(f"/pay/q/{request.nonce}"))

    for text in ("Bakkerij De Krakeling", "4,25 Heitjes", "15,00", "10,75", "Betaal 4,25 Heitjes"):
        assert text in page


def test_paying_moves_the_heitjes_and_gives_a_receipt(browser, given, shop, citizen):
    request = given.request(shop, amount_cents=4_25)

    answer = pay(browser, request)
    receipt = text_of(browser.get(answer.headers["Location"]))

    assert given.balance(citizen) == 10_75
    for text in ("Betaald", "4,25", "Bakkerij De Krakeling", "10,75 Heitjes", request.reference):
        assert text in receipt


def test_a_typed_code_leads_to_the_same_request(browser, given, shop):
    request = given.request(shop)

    answer = browser.get(f"/pay?code={request.code[:3]}+{request.code[3:]}")

    assert answer.headers["Location"].endswith(f"/pay/q/{request.nonce}")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("12345", "De code heeft zes cijfers."),
        ("١٢٣٤٥٦", "De code heeft zes cijfers."),
        ("<script>", "De code heeft zes cijfers."),
    ],
)
def test_a_code_that_cannot_be_one_is_refused_with_what_to_do(browser, typed, said):
    answer = browser.get("/pay", query_string={"code": typed})

    assert answer.status_code == 400
    assert said in answer.get_data(as_text=True)


def test_an_unknown_code_is_refused(browser, given, shop):
    used = {given.request(shop).code for _ in range(3)}
    unknown = next(code for code in ("000001", "000002", "000003", "000004") if code not in used)

    answer = browser.get(f"/pay?code={unknown}")

    assert answer.status_code == 404
    assert "kennen deze code niet" in answer.get_data(as_text=True)


def test_paying_twice_moves_the_heitjes_once_and_shows_the_receipt_again(browser, given, shop, citizen):
    request = given.request(shop, amount_cents=5_00)
    pay(browser, request)

    again = browser.get(f"/pay/q/{request.nonce}")

    assert again.status_code == 303
    assert "/payments/" in again.headers["Location"]
    assert given.balance(citizen) == 10_00


def test_a_request_that_another_paid_cannot_be_paid_again(signed_in, browser, given, tenant, shop):
    other = given.citizen()
    given.earned(other, tenant, reward_cents=15_00)
    request = given.request(shop)
    pay(signed_in(other), request)

    answer = browser.get(f"/pay/q/{request.nonce}")

    assert answer.status_code == 409
    assert "al betaald" in answer.get_data(as_text=True)


def test_too_little_is_said_before_and_refused_after(browser, given, shop, citizen):
    request = given.request(shop, amount_cents=15_01)
    page = browser.get(f"/pay/q/{request.nonce}").get_data(as_text=True)
    token = (
        browser.get("/profile").get_data(as_text=True).split('name="csrf_token" type="hidden" value="')[1].split('"')[0]
    )

    answer = browser.post(f"/pay/q/{request.nonce}", data={"csrf_token": token, "idempotency_key": uuid4().hex})

    assert "Dat is niet genoeg" in page
    assert f'action="/pay/q/{request.nonce}"' not in page
    assert answer.status_code == 409
    assert given.balance(citizen) == 15_00


def test_somebody_who_never_earned_is_refused_as_well(signed_in, given, shop):
    browser, request = signed_in(given.citizen()), given.request(shop)
    token = (
        browser.get("/profile").get_data(as_text=True).split('name="csrf_token" type="hidden" value="')[1].split('"')[0]
    )

    answer = browser.post(f"/pay/q/{request.nonce}", data={"csrf_token": token, "idempotency_key": uuid4().hex})

    assert answer.status_code == 409
    assert "U hebt niet betaald" in answer.get_data(as_text=True)


def test_a_cancelled_and_an_old_request_say_what_happened(browser, given, shop, databases):
    cancelled = given.request(shop)
    with databases.as_shop(shop.id) as session:
        cancel_request(session, payment_id=cancelled.id, by=SYSTEM, at=given.at)
    given.at -= timedelta(minutes=6)
    old = given.request(shop)
    given.at += timedelta(minutes=6)

    first, second = browser.get(f"/pay/q/{cancelled.nonce}"), browser.get(f"/pay/q/{old.nonce}")

    assert (first.status_code, second.status_code) == (410, 410)
    assert "ingetrokken" in first.get_data(as_text=True) or "geannuleerd" in first.get_data(as_text=True)
    assert "verlopen" in second.get_data(as_text=True)


def test_the_receipt_of_somebody_else_is_not_found(browser, signed_in, given, shop):
    answer = pay(browser, given.request(shop))
    place = answer.headers["Location"]

    assert browser.get(place).status_code == 200
    assert signed_in(given.citizen()).get(place).status_code == 404


def test_paying_needs_somebody_who_is_signed_in_and_comes_back(visitor, given, shop):
    request = given.request(shop)

    answer = visitor.get(f"/pay/q/{request.nonce}")

    assert answer.status_code == 303
    assert answer.headers["Location"].replace("%2F", "/") == f"/sign-in?next=/pay/q/{request.nonce}"


def test_the_statement_names_chores_shops_and_what_was_given_back(browser, given, shop, databases):
    request = given.request(shop, amount_cents=4_25)
    pay(browser, request)
    with databases.as_shop(shop.id) as session:
        refund_payment(
            session, payment_id=request.id, amount_cents=1_25, key="refund-of-the-test", by=SYSTEM, at=given.at
        )

    page = text_of(browser.get("/wallet"))

    for text in ("Zwerfafval rapen in het park", "Bakkerij De Krakeling", "+15,00", "−4,25", "+1,25", "12,00 Heitjes"):
        assert text in page


def test_earned_spent_and_the_year_are_shown_in_figures(browser, given, tenant, shop, citizen):
    given.claim(citizen, given.chore(tenant, reward_cents=8_00))
    pay(browser, given.request(shop, amount_cents=5_00))

    page = text_of(browser.get("/wallet"))

    for text in ("Verdiend met klussen 15", "dichtbij 5", "Verdiend 15", "Bezig 8", "Nog mogelijk 1.477"):
        assert text in page


def test_a_long_statement_goes_on_without_a_gap(browser, given, shop):
    for cents in range(1, 26):
        pay(browser, given.request(shop, amount_cents=cents))

    first = browser.get("/wallet")
    more = re.search(r'href="(/wallet\?after=\d+)"', first.get_data(as_text=True))
    assert more is not None
    second = browser.get(more[1])

    amounts = re.findall(r"−(0,\d\d)", text_of(first) + text_of(second))
    assert amounts == [f"0,{cents:02}" for cents in range(25, 0, -1)]


@pytest.mark.parametrize("cursor", ["x", "-1", "1" * 40, "١"])
def test_a_page_of_the_statement_that_does_not_exist_is_not_found(browser, cursor):
    assert browser.get("/wallet", query_string={"after": cursor}).status_code == 404


def test_the_balance_takes_the_same_statements_however_long_it_is(browser, given, shop, statements):
    counts = []
    for _ in range(2):
        for cents in range(1, 4):
            pay(browser, given.request(shop, amount_cents=cents))
        browser.get("/wallet")
        statements.clear()
        browser.get("/wallet")
        counts.append(len(statements))

    assert counts[0] == counts[1] <= 16


def test_shops_are_found_by_name_and_kind_and_each_has_a_page(visitor, given):
    books = given.shop("Boekhandel De Bladzijde", category="culture")
    given.shop("Halt gehouden", state="suspended")

    by_kind = text_of(visitor.get("/shops?kind=culture"))
    by_name = text_of(visitor.get("/shops?q=bladzijde"))
    page = text_of(visitor.get(f"/shops/{books.id}"))

    assert "Boekhandel De Bladzijde" in by_kind
    assert "Bakkerij" not in by_kind
    assert "1 winkel gevonden" in by_name
    assert "Hier kunt u betalen met Heitjes" in page
    assert "Halt gehouden" not in text_of(visitor.get("/shops"))
