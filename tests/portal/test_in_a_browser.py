# SPDX-License-Identifier: EUPL-1.2
"""The portal in Chromium, on a desk and on a phone: accessible, within the policy, nothing sticks out."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.fixtures.browser import DESKTOP, NARROW, PHONE, complaints_of, serve
from tests.fixtures.browser import browser as browser  # noqa: PLC0414 - a fixture

pytestmark = pytest.mark.browser

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


@pytest.fixture(scope="module")
def tenant(given):
    return given.tenant("Gemeente Scherm")


@pytest.fixture(scope="module")
def address(app):
    with serve(app) as served:
        yield served


@pytest.fixture
def open_page(browser, address, tenant, signed_in):
    """Returns a page on which the owner is signed in, and what it breaks."""
    contexts = []

    def open_at(size, *, scripts=True):
        cookie = signed_in(tenant.owner).get_cookie("heitje", domain="localhost")
        context = browser.new_context(viewport=size, locale="nl-NL", java_script_enabled=scripts)
        contexts.append(context)
        context.add_cookies([{"name": "heitje", "value": cookie.value, "url": address}])
        page = context.new_page()
        return page, complaints_of(page)

    yield open_at
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def paths(given, tenant):
    chore = given.chore(tenant, title="Heggen knippen")
    draft = given.draft(tenant, title="Nog een concept")
    citizen = given.citizen()
    claim = given.hand_in(citizen, given.claim(citizen, chore))
    line = chore.budget_line_id
    member = tenant.approver.member_id
    return (
        "", "chores", f"chores/{chore.id}", f"chores/{draft.id}", f"chores/{draft.id}/edit", "chores/new", "chores/upload",
        "claims", f"claims/{claim.id}", "budget", f"budget/{line}", f"budget/{line}/fund", "budget/new", "invoices",
        "members", "members/invite", f"members/{member}", "departments", "kits", "pickup-points/new", "settings",
        "settings/providers/new", "go-live", "agreement", "history", "account",
    )  # fmt: skip


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desk", "phone"])
def test_every_page_is_accessible_and_keeps_the_policy(open_page, address, tenant, paths, size):
    page, complaints = open_page(size)
    axe = Axe()

    for path in paths:
        page.goto(f"{address}/portal/{tenant.slug}/{path}")
        found = axe.run(page, options=RULES).response["violations"]
        assert [(path, one["id"], one["nodes"][0]["html"][:200]) for one in found] == []
    assert complaints == []


def test_nothing_sticks_out_on_a_narrow_screen(open_page, address, tenant, paths):
    page, _complaints = open_page(NARROW)

    for path in paths:
        page.goto(f"{address}/portal/{tenant.slug}/{path}")
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"], path


def test_a_click_on_the_map_fills_in_the_place(open_page, address, tenant, paths):
    page, complaints = open_page(DESKTOP)
    page.goto(f"{address}/portal/{tenant.slug}/chores/new")

    page.locator(".pick-place.leaflet-container").click(position={"x": 200, "y": 100})

    expect(page.locator("#lat")).not_to_have_value("")
    expect(page.locator("#lon")).not_to_have_value("")
    expect(page.locator(".pick-pin")).to_have_count(1)
    assert complaints == []


def test_a_fixed_time_shows_its_own_fields(open_page, address, tenant, paths):
    page, _complaints = open_page(DESKTOP)
    page.goto(f"{address}/portal/{tenant.slug}/chores/new")
    expect(page.get_by_label("Laatste dag")).to_be_visible()

    page.get_by_label("Op een vast tijdstip").check()

    expect(page.get_by_label("Laatste dag")).to_be_hidden()
    expect(page.locator("#starts_on")).to_be_visible()


def test_without_scripts_a_claim_is_approved(open_page, address, tenant, paths, given):
    citizen = given.citizen("Zonder Script")
    given.hand_in(citizen, given.claim(citizen, given.chore(tenant, title="Zonder script", reward_cents=6_00)))
    page, _complaints = open_page(PHONE, scripts=False)
    page.goto(f"{address}/portal/{tenant.slug}/claims")

    page.get_by_role("button", name="Goedkeuren: Zonder script").click()

    expect(page.get_by_text("Zonder Script krijgt 6 Heitjes")).to_be_visible()
    assert given.balance(citizen) == 6_00
