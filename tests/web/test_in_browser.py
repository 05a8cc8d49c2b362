# SPDX-License-Identifier: EUPL-1.2
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.fixtures.browser import DESKTOP, NARROW, PHONE, complaints_of

pytestmark = pytest.mark.browser

AXE = (Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js").read_text("utf-8")
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PAGES = [
    "/",
    "/chore",
    "/wallet",
    "/pay",
    "/form",
    "/portal/heerlen/",
    "/portal/heerlen/claims",
    "/till",
    "/till/result",
    "/refused",
    "/offline",
]


@pytest.fixture(params=[PHONE, DESKTOP], ids=["phone", "desktop"])
def page(browser, request):
    context = browser.new_context(viewport=request.param, locale="nl-NL", service_workers="block")
    yield context.new_page()
    context.close()


@pytest.fixture
def phone(browser):
    context = browser.new_context(viewport=PHONE, locale="nl-NL", has_touch=True)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("path", PAGES)
def test_a_page_breaks_no_policy_and_no_rule_of_accessibility(page, site, path):
    complaints = complaints_of(page)
    page.goto(site + path)
    page.wait_for_load_state("load")
    page.wait_for_function("() => document.fonts.status === 'loaded'")

    page.evaluate(AXE)
    found = page.evaluate("tags => axe.run(document, {runOnly: tags})", WCAG)

    broken = {rule["id"]: [node["html"][:200] for node in rule["nodes"]] for rule in found["violations"]}
    assert broken == {}
    assert complaints == []


@pytest.mark.parametrize("path", PAGES)
def test_a_page_fits_320_pixels_and_holds_text_of_twice_the_size(browser, site, path):
    for size, text in ((NARROW, "100%"), (PHONE, "200%")):
        page = browser.new_page(viewport=size, service_workers="block")
        page.goto(site + path)
        page.evaluate("text => document.documentElement.style.setProperty('font-size', text)", text)
        overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        page.close()
        assert overflow <= 0, text


@pytest.mark.parametrize("path", ["/", "/chore", "/form", "/portal/heerlen/", "/till"])
def test_what_is_touched_is_large_enough(browser, site, path):
    context = browser.new_context(viewport=PHONE, service_workers="block")
    page = context.new_page()
    page.goto(site + path)
    small = page.evaluate(
        """[...document.querySelectorAll('.button, button:not(.link), .tabs a, .chip, .key, input[type=checkbox]')]
        .filter(e => e.offsetParent).map(e => [e.outerHTML.slice(0, 90), e.getBoundingClientRect()])
        .filter(([, box]) => box.width < 24 || box.height < 24).map(([html]) => html)"""
    )
    context.close()
    assert small == []


def test_the_menu_of_the_portal_opens_on_a_phone_and_stands_on_a_desktop(browser, site):
    for size, hidden_at_first in ((PHONE, True), (DESKTOP, False)):
        context = browser.new_context(viewport=size, service_workers="block", java_script_enabled=False)
        page = context.new_page()
        page.goto(site + "/portal/heerlen/")
        menu = page.get_by_role("link", name="Facturen")
        if hidden_at_first:
            expect(menu).to_be_hidden()
            page.get_by_role("button", name="Menu").click()
        expect(menu).to_be_visible()
        context.close()


def test_the_keys_of_the_till_write_cents(phone, site):
    phone.goto(site + "/till")
    amount = phone.get_by_label("Bedrag in Heitjes")
    for key in "0", "1", "2", "5", "0":
        phone.get_by_role("button", name=key, exact=True).click()
    expect(amount).to_have_value("12,50")
    phone.get_by_role("button", name="Eén cijfer terug").click()
    expect(amount).to_have_value("1,25")
    phone.get_by_role("button", name="Wissen").click()
    expect(amount).to_have_value("")


def test_one_tick_chooses_all_rows_and_says_how_many(browser, site):
    page = browser.new_context(viewport=DESKTOP, locale="nl-NL", service_workers="block").new_page()
    page.goto(site + "/portal/heerlen/")
    page.get_by_label("Alle rijen").check()
    expect(page.get_by_text("6 gekozen:")).to_be_visible()
    page.get_by_label("Tuin winterklaar maken").uncheck()
    expect(page.get_by_text("5 gekozen:")).to_be_visible()
    page.context.close()


def test_the_map_shows_its_pins_while_the_tiles_fail(phone, site):
    phone.context.route("https://service.pdok.nl/**", lambda route: route.abort())
    phone.goto(site + "/")
    pins = phone.get_by_role("button", name="Zwerfafval rapen")
    expect(pins).to_be_visible()
    expect(phone.get_by_text("Kaart: Kadaster")).to_be_visible()
    pins.click()
    expect(phone.locator(".leaflet-popup").get_by_role("link", name="Zwerfafval rapen")).to_be_visible()


def test_a_part_of_a_page_asks_again_until_it_is_done(phone, site):
    complaints = complaints_of(phone)
    phone.goto(site + "/till/waiting")
    expect(phone.get_by_role("heading", name="Betaald")).to_be_visible()
    expect(phone.get_by_role("heading", name="Wachten")).to_have_count(0)
    assert complaints == []


def fill_in(page, title):
    page.get_by_label("Titel").fill(title)
    page.get_by_label("Beloning").fill("8")
    page.get_by_label("Dag").fill("2026-12-01")


def test_a_form_with_a_network_is_sent_at_once_and_its_errors_come_back(phone, site, gallery):
    phone.goto(site + "/form")
    phone.get_by_role("button", name="Opslaan").click()
    expect(phone.get_by_role("alert")).to_contain_text("Er klopt nog iets niet")

    fill_in(phone, "Met netwerk")
    phone.get_by_role("button", name="Opslaan").click()
    expect(phone.get_by_role("heading", name="Uw saldo")).to_be_visible()
    expect(phone.get_by_role("status")).to_have_text("Opgeslagen")
    assert [letter["title"] for letter in gallery.config["RECEIVED"]].count("Met netwerk") == 1


def test_a_form_without_a_network_is_kept_and_sent_once_when_it_is_back(phone, site, gallery):
    phone.goto(site + "/form")
    fill_in(phone, "Zonder netwerk")
    phone.context.set_offline(True)
    phone.get_by_role("button", name="Opslaan").click()
    expect(phone.get_by_text("We bewaren dit op uw telefoon")).to_be_visible()
    assert "Zonder netwerk" not in [letter["title"] for letter in gallery.config["RECEIVED"]]

    phone.context.set_offline(False)
    expect(phone.locator(".flashes").get_by_role("link", name="Nieuwe klus")).to_be_visible()
    phone.goto(site + "/wallet")
    phone.wait_for_function("() => !localStorage.getItem('heitje-outbox')")
    assert [letter["title"] for letter in gallery.config["RECEIVED"]].count("Zonder netwerk") == 1


def test_a_photo_is_made_smaller_before_it_is_sent(phone, site, gallery, tmp_path):
    from PIL import Image

    large = tmp_path / "large.png"
    Image.effect_noise((3000, 2000), 80).save(large)
    phone.goto(site + "/form")
    fill_in(phone, "Met foto")
    phone.get_by_label("Foto van het resultaat").set_input_files(large)
    expect(phone.get_by_role("img", name="Uw foto")).to_be_visible()
    phone.wait_for_function("() => document.querySelector('input[type=file]').files[0].type === 'image/jpeg'")
    phone.get_by_role("button", name="Opslaan").click()
    expect(phone.get_by_role("heading", name="Uw saldo")).to_be_visible()

    sent = next(letter["photo"] for letter in gallery.config["RECEIVED"] if letter["title"] == "Met foto")
    assert sent.startswith(b"\xff\xd8")
    assert len(sent) < large.stat().st_size


def test_pages_seen_before_open_without_a_network_and_say_from_when_they_are(phone, site):
    phone.goto(site + "/")
    phone.evaluate("navigator.serviceWorker.ready.then(() => true)")
    phone.wait_for_function("() => navigator.serviceWorker.controller !== null")
    phone.goto(site + "/wallet")
    expect(phone.get_by_role("heading", name="Uw saldo")).to_be_visible()
    phone.wait_for_function("() => caches.match('/wallet').then(Boolean)")

    phone.context.set_offline(True)
    phone.goto(site + "/wallet")
    expect(phone.get_by_role("heading", name="Uw saldo")).to_be_visible()
    expect(phone.get_by_text("Dit is de stand van")).to_be_visible()
    phone.goto(site + "/chore")
    expect(phone.get_by_role("heading", name="U hebt geen netwerk")).to_be_visible()
    phone.context.set_offline(False)


def test_the_portal_and_the_till_are_never_kept_on_the_device(phone, site):
    phone.goto(site + "/")
    phone.wait_for_function("() => navigator.serviceWorker.controller !== null")
    phone.goto(site + "/portal/heerlen/")
    phone.goto(site + "/till")
    kept = phone.evaluate(
        "caches.open('pages').then(c => c.keys()).then(keys => keys.map(k => new URL(k.url).pathname))"
    )
    assert not [path for path in kept if path.startswith(("/portal", "/till"))]


def test_signing_out_forgets_the_pages(phone, site):
    phone.goto(site + "/")
    phone.wait_for_function("() => navigator.serviceWorker.controller !== null")
    phone.goto(site + "/wallet")
    phone.wait_for_function("() => caches.match('/wallet').then(Boolean)")

    phone.evaluate("fetch('/sign-out', {method: 'POST'}).then(() => true)")
    phone.wait_for_function("() => caches.match('/wallet').then(kept => !kept)")
