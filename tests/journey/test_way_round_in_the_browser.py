# SPDX-License-Identifier: EUPL-1.2
"""The way round of a Heitje, by the people who make it, each with their own screen."""

import re
from datetime import timedelta
from time import monotonic

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from heitje.clock import local_day, now
from heitje_server.demo.files import PICTURES, read_shops
from tests.fixtures.browser import DESKTOP, PHONE
from tests.journey.looking import Findings, person
from tests.journey.signing_in import sign_in_at_the_provider, sign_in_by_code
from tests.journey.town import Town

pytestmark = [pytest.mark.browser, pytest.mark.node]

REWARD, PRICE, LEFT = "12,50", "4,75", "7,75"
PORTAL = "/portal/gemeente-heerlen"
SHOP = read_shops()[0]


class Taps:
    """Counts how often a thumb touches the glass."""

    def __init__(self) -> None:
        self.count = 0

    def tap(self, what: Locator) -> None:
        what.tap()
        self.count += 1


def choose(select: Locator, text: str) -> None:
    select.select_option(value=select.locator("option", has_text=text).get_attribute("value"))


def publish_by_form(page: Page, title: str, seen: Findings) -> None:
    page.get_by_role("link", name="Klussen", exact=True).click()
    seen.look_at(page, "chores of the issuer")
    page.get_by_role("link", name="Nieuwe klus").first.click()
    seen.look_at(page, "new chore")
    page.locator("#title").fill(title)
    choose(page.locator("#category_code"), "Schilderen")
    page.locator("#description").fill("Schuur de planken licht op en geef ze een laag beits. Alles zit in de klusbox.")
    page.locator("#good_result").fill("Het bankje is glad en gelijkmatig groen.")
    page.locator("#place_name").fill("Bankje bij de vijver")
    page.locator("[data-pick-place]").click()
    expect(page.locator("#lat")).to_have_value(re.compile(r"50\.\d+"))
    page.locator("#closes_on").fill((local_day(now()) + timedelta(days=20)).isoformat())
    page.locator("#reward_cents").fill(REWARD)
    choose(page.locator("#department_id"), "Openbare ruimte")
    choose(page.locator("#budget_line_id"), "Verf en onderhoud")
    page.get_by_role("button", name="Concept bewaren").click()
    page.get_by_role("link", name="Wijzigen").click()
    seen.look_at(page, "draft being changed")
    page.go_back()
    page.locator("#attested").check()
    seen.look_at(page, "draft")
    page.get_by_role("button", name="Publiceren").click()
    expect(page.locator("#attested")).to_have_count(0)
    seen.look_at(page, "published chore")


def test_the_way_round(browser: Browser, town: Town) -> None:
    seen = Findings("way-round")
    title = f"Bankje verven bij de vijver {town.scene().run}"
    email = f"bewoner-{town.scene().run}@example.org"
    with (
        person(browser, DESKTOP, seen) as editor,
        person(browser, DESKTOP, seen) as approver,
        person(browser, PHONE, seen, device_scale_factor=2) as citizen,
        person(browser, PHONE, seen, device_scale_factor=2) as till,
    ):
        sign_in_at_the_provider(editor, f"{town.url}{PORTAL}/sign-in", "Rachid El Amrani")
        seen.look_at(editor, "portal of the issuer")
        publish_by_form(editor, title, seen)

        come_in(citizen, town, email, seen)
        claim(citizen, title, seen)
        hand_in(citizen, seen)

        sign_in_at_the_provider(approver, f"{town.url}{PORTAL}/sign-in", "Souad Benali")
        approve(approver, title, seen)

        see_balance(citizen, town, REWARD, seen)
        code = ask_for_payment(till, town, seen)
        pay(citizen, till, town, code, seen)
        see_balance(citizen, town, LEFT, seen)
        cash_out(till, town, seen)

    assert seen.wrong == {}


def come_in(page: Page, town: Town, email: str, seen: Findings) -> None:
    page.goto(town.url)
    seen.look_at(page, "chores before signing in", narrow=True)
    sign_in_by_code(page, town, "/sign-in", email, seen)
    seen.look_at(page, "welcome", narrow=True)
    page.locator("#name").fill("Bewoner van de reis")
    page.get_by_role("button", name="Beginnen").tap()
    expect(page.get_by_label("Zoek een klus")).to_be_visible()


def claim(page: Page, title: str, seen: Findings) -> None:
    """From the first page after signing in to a place of one's own in four taps."""
    thumb = Taps()
    seen.look_at(page, "chores", narrow=True)
    thumb.tap(page.get_by_label("Zoek een klus"))
    page.keyboard.type(title)
    # The page before has the same shape: looked at too early, it would be swept away under the look.
    with page.expect_navigation():
        thumb.tap(page.get_by_role("button", name="Zoeken"))
    seen.look_at(page, "found", narrow=True)
    thumb.tap(page.get_by_role("link", name=title))
    seen.look_at(page, "chore", narrow=True)
    thumb.tap(page.get_by_role("button", name="Ik doe mee"))
    page.wait_for_url("**/my-chores/**")
    seen.look_at(page, "claimed", narrow=True)
    assert thumb.count <= 4


def hand_in(page: Page, seen: Findings) -> None:
    page.locator("input[type=file]").set_input_files(PICTURES / "bankje-na.jpg")
    expect(page.locator(".previews canvas, .previews img").first).to_be_visible()
    seen.look_at(page, "photo chosen", narrow=True)
    page.get_by_role("button", name="Insturen").tap()
    expect(page.get_by_text("Ingestuurd", exact=True)).to_be_visible()
    seen.look_at(page, "handed in", narrow=True)


def approve(page: Page, title: str, seen: Findings) -> None:
    seen.look_at(page, "overview of the approver")
    page.goto(page.url.split("/portal/")[0] + f"{PORTAL}/claims")
    seen.look_at(page, "queue")
    card = page.locator("article", has_text=title)
    card.get_by_role("link", name=title, exact=True).click()
    seen.look_at(page, "claim to review")
    page.go_back()
    card.get_by_role("button", name=re.compile("Goedkeuren")).click()
    expect(card).to_have_count(0)
    seen.look_at(page, "queue after approving")


def see_balance(page: Page, town: Town, amount: str, seen: Findings) -> None:
    page.goto(f"{town.url}/wallet")
    expect(page.locator("main")).to_contain_text(amount)
    seen.look_at(page, f"balance {amount}", narrow=True)


def ask_for_payment(page: Page, town: Town, seen: Findings) -> str:
    """Return the code that the till shows."""
    sign_in_by_code(page, town, "/till/sign-in", SHOP.staff[0].email, seen)
    choice = page.get_by_role("button", name=SHOP.name)
    expect(choice.or_(page.locator(".keypad"))).to_be_visible()
    if choice.count():
        seen.look_at(page, "choose your shop", narrow=True)
        choice.tap()
    expect(page.locator(".keypad")).to_be_visible()
    seen.look_at(page, "keypad", narrow=True)
    for key in PRICE.replace(",", ""):
        page.locator(f"[data-key='{key}']").tap()
    expect(page.locator("#amount_cents")).to_have_value(PRICE)
    seen.take_picture(page, "amount typed")
    page.get_by_role("button", name="Toon de code").tap()
    code = page.locator(".till-code .code")
    expect(code).to_be_visible()
    expect(page.locator(".qr svg")).to_be_visible()
    seen.look_at(page, "QR and code")
    return code.inner_text()


def pay(page: Page, till: Page, town: Town, code: str, seen: Findings) -> None:
    """Type the code, see shop and amount, pay; the till shows it without being touched."""
    visits: list[str] = []
    till.on("framenavigated", lambda frame: visits.append(frame.url))
    page.goto(f"{town.url}/pay")
    seen.look_at(page, "pay", narrow=True)
    page.get_by_label("Code van de winkel").fill(code)
    page.get_by_role("button", name="Verder").tap()
    expect(page.locator("main")).to_contain_text(SHOP.name)
    expect(page.locator("main")).to_contain_text(PRICE)
    seen.look_at(page, "asked to pay", narrow=True)

    started_at = monotonic()
    page.get_by_role("button", name=f"Betaal {PRICE} Heitjes").tap()
    expect(page.get_by_role("heading", name="Betaald")).to_be_visible()
    citizen_s = monotonic() - started_at
    expect(till.locator(".till-result.good")).to_contain_text(PRICE)
    both_s = monotonic() - started_at

    (seen.pictures / "receipt.txt").write_text(f"citizen {citizen_s:.2f} s, both {both_s:.2f} s\n")
    assert visits == []
    seen.look_at(page, "receipt", narrow=True)
    seen.look_at(till, "paid")


def cash_out(page: Page, town: Town, seen: Findings) -> None:
    page.get_by_role("link", name="Volgende klant").tap()
    expect(page.locator(".keypad")).to_be_visible()
    page.goto(f"{town.url}/till/takings")
    expect(page.locator("main")).to_contain_text(PRICE)
    seen.look_at(page, "takings", narrow=True)
    page.locator(".till-rows a").first.tap()
    expect(page.locator("main")).to_contain_text("Terugbetalen")
    seen.look_at(page, "payment", narrow=True)
    page.goto(f"{town.url}/till/cash-out")
    seen.look_at(page, "cash out", narrow=True)
    page.get_by_role("button", name="Uitbetalen").tap()
    expect(page.locator(".till-rows")).to_contain_text(re.compile("HEITJE|H"))
    seen.look_at(page, "cashed out", narrow=True)
