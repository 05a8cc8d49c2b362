# SPDX-License-Identifier: EUPL-1.2
"""The till in a real browser: keys, the QR that a phone can read, and the result that is seen and heard."""

from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page

from heitje.clock import now
from heitje.config import Settings
from heitje.db.request import databases as app_databases
from heitje.shops.models import Payment
from heitje_server.app import create_app
from tests.fixtures.browser import NARROW, PHONE, complaints_of, serve
from tests.fixtures.browser import browser as browser  # noqa: PLC0414 - a fixture, by its name
from tests.fixtures.databases import Database
from tests.fixtures.given import GivenShop
from tests.fixtures.signed_in import session_token
from tests.shops.conftest import Town

JSQR = Path(__file__).parents[2] / "node_modules/jsqr/dist/jsQR.js"
READ_QR = """async (photo) => {
  const image = new Image();
  image.src = photo;
  await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height);
  const paper = canvas.getContext("2d");
  paper.drawImage(image, 0, 0);
  const pixels = paper.getImageData(0, 0, image.width, image.height);
  return jsQR(pixels.data, image.width, image.height)?.data;
}"""
AXE = (Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js").read_text("utf-8")
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
TOO_WIDE = """() => [...document.querySelectorAll("body *")]
  .filter((each) => !each.closest(".tabs") && each.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5)
  .map((each) => each.outerHTML.slice(0, 120))"""
COUNT_TONES = """
window.tones = 0;
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (...args) { window.tones += 1; return start.apply(this, args); };
"""


pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def site(database: Database) -> Iterator[str]:
    app: Flask = create_app(
        Settings(
            secret_key="a secret of the tests, longer than 32 characters",
            database_url=database.app_url,
            operator_database_url=database.operator_url,
        )
    )
    with serve(app) as address:
        yield address
    with app.app_context():
        app_databases().dispose()


def open_till(browser: Browser, site: str, town: Town, shop: GivenShop, size: dict[str, int] = PHONE) -> Page:
    context = browser.new_context(viewport=size, device_scale_factor=2, locale="nl-NL")
    context.add_cookies([{"name": "heitje", "value": session_token(town.databases, shop), "url": site}])
    context.add_init_script(COUNT_TONES)
    return context.new_page()


def asked_on(page: Page, town: Town, shop: GivenShop) -> Payment:
    page.wait_for_selector(".till-request")
    with town.databases.as_shop(shop.id) as session:
        found = session.get(Payment, UUID(page.url.rpartition("/")[2]))
    assert found is not None
    return found


def press(page: Page, keys: str) -> None:
    for key in keys:
        page.click(f"[data-key='{key}']")
    page.click("form.till-form button.large")


def test_keys_qr_and_the_result_that_is_seen_and_heard(browser: Browser, site: str, town: Town) -> None:
    shop, citizen = town.shop(), town.citizen(has_cents=20_00)
    page = open_till(browser, site, town, shop)
    complaints = complaints_of(page)
    page.goto(f"{site}/till/")

    press(page, "1250")
    request = asked_on(page, town, shop)
    assert request.amount_cents == 12_50
    town.pays(citizen, request, at=now())
    page.wait_for_selector(".till-result.good")

    page.wait_for_function("window.tones === 2")
    result = page.locator(".till-result")
    assert result.bounding_box() == {"x": 0, "y": 0, "width": PHONE["width"], "height": PHONE["height"]}
    assert "12,50" in result.inner_text()
    page.click(".till-result .button.large")
    page.wait_for_selector("[data-keypad]:not([hidden])")
    press(page, "300")
    assert asked_on(page, town, shop).amount_cents == 3_00
    assert complaints == []


def test_a_till_without_network_says_so_and_goes_on_asking(browser: Browser, site: str, town: Town) -> None:
    shop, citizen = town.shop(), town.citizen(has_cents=5_00)
    page = open_till(browser, site, town, shop)
    request = town.asks(shop, 5_00, at=now())
    page.goto(f"{site}/till/requests/{request.id}")
    trouble = page.locator("[data-asks-trouble]")
    assert trouble.is_hidden()

    page.context.set_offline(True)
    trouble.wait_for(state="visible")
    page.context.set_offline(False)
    trouble.wait_for(state="hidden")

    page.route("**/outcome", lambda route: route.fulfill(status=500, body="<h1>Fault</h1>"))
    trouble.wait_for(state="visible")
    assert page.locator(".qr svg").is_visible()
    page.unroute("**/outcome")
    town.pays(citizen, request, at=now())
    page.wait_for_selector(".till-result.good")


def test_the_qr_on_the_screen_leads_a_phone_to_this_very_request(browser: Browser, site: str, town: Town) -> None:
    shop = town.shop()
    page = open_till(browser, site, town, shop)
    request = town.asks(shop, 5_00, at=now())
    page.goto(f"{site}/till/requests/{request.id}")
    photo = b64encode(page.locator(".qr").screenshot()).decode()

    phone = browser.new_page()
    phone.add_script_tag(path=JSQR)
    seen = phone.evaluate(READ_QR, f"data:image/png;base64,{photo}")

    assert seen == f"http://127.0.0.1:8000/pay/q/{request.nonce}"


def test_the_amount_is_kept_when_the_network_refuses_the_amount(browser: Browser, site: str, town: Town) -> None:
    page = open_till(browser, site, town, town.shop())
    page.goto(f"{site}/till/")

    press(page, "100001")

    page.wait_for_selector("[role=alert]")
    assert page.locator("#amount_cents").input_value() == "1000,01"


def test_keys_are_large_and_nothing_falls_off_a_narrow_screen(browser: Browser, site: str, town: Town) -> None:
    page = open_till(browser, site, town, town.shop(), NARROW)
    page.goto(f"{site}/till/")

    sizes = [key.bounding_box() for key in page.locator(".key").all()]

    assert len(sizes) == 12
    assert all(size is not None and min(size["width"], size["height"]) >= 48 for size in sizes)
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]


def test_a_citizen_pays_by_phone_and_the_till_shows_it_the_next_time_it_asks(
    browser: Browser, site: str, town: Town
) -> None:
    shop, citizen = town.shop("Kaashuis"), town.citizen(has_cents=20_00)
    till = open_till(browser, site, town, shop)
    till.goto(f"{site}/till/")
    press(till, "750")
    request = asked_on(till, town, shop)
    till.wait_for_selector("[hx-trigger='every 700ms']")
    asked: list[tuple[float, int]] = []
    till.on("response", lambda answer: asked.append((answer.request.timing["startTime"], answer.status)))
    phone = browser.new_context(viewport=PHONE, locale="nl-NL", service_workers="block").new_page()
    phone.context.add_cookies([{"name": "heitje", "value": session_token(town.databases, citizen), "url": site}])

    phone.goto(f"{site}/pay/q/{request.nonce}")
    assert "Kaashuis" in phone.inner_text("main")
    assert "7,50" in phone.inner_text("main")
    phone.locator(f"form[action='/pay/q/{request.nonce}'] button").click()
    phone.wait_for_url("**/payments/**")

    till.wait_for_selector(".till-result.good", timeout=10_000)
    assert town.given.balance(citizen) == 12_50
    with town.databases.as_shop(shop.id) as session:
        paid = session.get(Payment, request.id)
    assert paid is not None
    assert paid.completed_at is not None
    asked_in_vain = [at for at, status in asked if status == 204]
    # It asks every 700 ms, and whoever asks after the payment is told: so both see it within two seconds.
    assert asked_in_vain
    assert max(asked_in_vain) <= paid.completed_at.timestamp() * 1000


def test_the_pages_of_the_till_are_accessible_and_fit_narrow_screens_and_large_text(
    browser: Browser, site: str, town: Town
) -> None:
    shop, citizen = town.shop(), town.citizen(has_cents=40_00)
    payment, request = town.paid(shop, citizen, 5_00, at=now()), town.asks(shop, 5_00, at=now())
    page = open_till(browser, site, town, shop)
    complaints = complaints_of(page)
    paths = ["/till/", "/till/takings", "/till/cash-out", "/till/shop", "/till/shop/staff", "/till/shop/edit"]
    paths += ["/till/shop/account", "/till/shops", f"/till/payments/{payment.id}"]
    paths += [f"/till/requests/{request.id}", f"/till/requests/{payment.id}"]
    broken: dict[str, object] = {}

    for path in paths:
        page.set_viewport_size(PHONE)
        page.goto(site + path)
        page.wait_for_function("() => document.fonts.status === 'loaded'")
        page.evaluate(AXE)
        found = page.evaluate("tags => axe.run(document, {runOnly: tags})", WCAG)
        for rule in found["violations"]:
            broken[f"{path} {rule['id']}"] = [node["html"][:200] for node in rule["nodes"]]
        for size, letters in ((NARROW, "100%"), (PHONE, "200%")):
            page.set_viewport_size(size)
            page.evaluate("size => document.documentElement.style.setProperty('font-size', size)", letters)
            over = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
            if over > 0:
                broken[f"{path} {letters}"] = page.evaluate(TOO_WIDE)

    assert broken == {}
    assert complaints == []
