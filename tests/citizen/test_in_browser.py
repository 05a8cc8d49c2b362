# SPDX-License-Identifier: EUPL-1.2
"""The citizen's app in a real browser: every page by axe, and the ways that need JavaScript, and those that do not."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.fixtures.browser import DESKTOP, NARROW, PHONE, complaints_of, serve

pytestmark = pytest.mark.browser

AXE = (Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js").read_text("utf-8")
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="module")
def site(app):
    with serve(app) as address:
        yield address


@pytest.fixture(scope="module")
def life(given):
    """A citizen with something on every page: earned, paid, one chore in each state."""
    tenant, citizen, shop = given.tenant("Gemeente Heerlen"), given.citizen("Willem de Vries"), given.shop()
    given.earned(citizen, tenant, reward_cents=15_00)
    photo = given.chore(tenant, title="Bankje verven", evidence=["photo", "hours"])
    return {
        "citizen": citizen,
        "tenant": tenant,
        "shop": shop,
        "open": given.chore(tenant, title="Zwerfafval rapen", evidence=["hours"], slots_count=20),
        "held": given.claim(citizen, photo),
        "sent": given.hand_in(citizen, given.claim(citizen, given.chore(tenant, title="Heg knippen"))),
        "request": given.request(shop),
    }


@pytest.fixture
def cookie(signed_in, life, site):
    """The cookie of the citizen's session, for a browser."""
    token = signed_in(life["citizen"]).get_cookie("heitje")
    return [
        {"name": "heitje", "value": token.value, "url": site},
        {"name": "heitje_language", "value": "nl", "url": site},
    ]


@pytest.fixture
def phone(browser, cookie):
    context = browser.new_context(viewport=PHONE, locale="nl-NL", has_touch=True)
    context.add_cookies(cookie)
    yield context.new_page()
    context.close()


def paths(life) -> list[str]:
    return [
        "/", "/?q=nergens", "/map", f"/chores/{life['open'].id}", "/my-chores", f"/my-chores/{life['held'].id}",
        f"/my-chores/{life['sent'].id}", "/wallet", "/messages", "/pay", f"/pay/q/{life['request'].nonce}", "/shops",
        f"/shops/{life['shop'].id}", "/profile", "/welcome", "/about", "/privacy", "/accessibility", "/no-such-page",
    ]  # fmt: skip


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_no_page_breaks_a_rule_of_accessibility_or_the_policy(browser, site, life, cookie, size):
    context = browser.new_context(viewport=size, locale="nl-NL", service_workers="block")
    context.add_cookies(cookie)
    page = context.new_page()
    complaints = complaints_of(page)
    broken = {}
    for path in paths(life):
        page.goto(site + path)
        page.wait_for_function("() => document.fonts.status === 'loaded'")
        page.evaluate(AXE)
        found = page.evaluate("tags => axe.run(document, {runOnly: tags})", WCAG)
        rules = {rule["id"]: [node["html"][:160] for node in rule["nodes"]] for rule in found["violations"]}
        if rules:
            broken[path] = rules
    context.close()
    assert broken == {}
    assert [said for said in complaints if "404" not in said] == []


def test_every_page_fits_320_pixels(browser, site, life, cookie):
    context = browser.new_context(viewport=NARROW, service_workers="block")
    context.add_cookies(cookie)
    page = context.new_page()
    wide = []
    for path in paths(life):
        page.goto(site + path)
        if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
            wide.append(path)
    context.close()
    assert wide == []


def test_without_javascript_one_signs_up_hands_in_and_pays(browser, site, given, life, cookie):
    chore, request = given.chore(life["tenant"], title="Stoep vegen", evidence=["hours"]), given.request(life["shop"])
    context = browser.new_context(viewport=PHONE, java_script_enabled=False)
    context.add_cookies(cookie)
    page = context.new_page()

    page.goto(f"{site}/?q=Stoep")
    page.get_by_role("link", name="Stoep vegen").click()
    page.get_by_role("button", name="Ik doe mee").click()
    expect(page.get_by_text("U doet mee")).to_be_visible()
    page.get_by_role("button", name="Insturen").click()
    expect(page.get_by_text("Ingestuurd", exact=True)).to_be_visible()
    page.goto(f"{site}/pay")
    page.get_by_label("Code van de winkel").fill(request.code)
    page.get_by_role("button", name="Verder").click()
    page.get_by_role("button", name="Betaal 4,25 Heitjes").click()

    expect(page.get_by_role("heading", name="Betaald")).to_be_visible()
    assert chore.id
    context.close()


def test_near_me_sorts_from_where_the_phone_is_to_about_a_hundred_metres(browser, site, life, given):
    given.chore(life["tenant"], title="Dichtbij in Heerlerbaan", lat=50.8662, lon=6.0061)
    context = browser.new_context(
        viewport=PHONE, geolocation={"latitude": 50.866234, "longitude": 6.006123}, permissions=["geolocation"]
    )
    page = context.new_page()

    page.goto(site)
    page.locator(".refine summary").click()
    page.get_by_role("button", name=re.compile("in de buurt|Near me")).click()
    page.wait_for_url(re.compile("latitude=50.866&longitude=6.006"))

    expect(page.locator(".chore-card").first).to_contain_text("Dichtbij in Heerlerbaan")
    context.close()


def test_a_photo_is_shown_small_before_it_is_sent(phone, site, life, tmp_path):
    from PIL import Image

    file = tmp_path / "foto.png"
    Image.effect_noise((1400, 1050), 60).convert("RGB").save(file)
    phone.goto(f"{site}/my-chores/{life['held'].id}")

    phone.get_by_label("Foto’s van het resultaat").set_input_files(file)

    expect(phone.locator(".previews canvas")).to_be_visible()
    phone.wait_for_function(
        "before => document.querySelector('input[type=file]').files[0].size < before", arg=file.stat().st_size
    )


def test_work_that_is_sent_without_a_network_arrives_once_when_it_is_back(phone, site, given, life):
    chore = given.chore(life["tenant"], title="Zonder bereik", evidence=["hours"])
    claim = given.claim(life["citizen"], chore)
    place = f"{site}/my-chores/{claim.id}"
    phone.goto(place)
    phone.wait_for_function("() => navigator.serviceWorker.controller !== null || navigator.serviceWorker.ready")

    phone.context.set_offline(True)
    phone.get_by_role("button", name="Insturen").click()
    expect(phone.get_by_text("staat op deze telefoon")).to_be_visible()
    phone.context.set_offline(False)

    expect(phone.locator(".flashes .notice.good")).to_be_visible(timeout=10_000)
    phone.goto(place)
    expect(phone.get_by_text("Ingestuurd", exact=True)).to_be_visible()
