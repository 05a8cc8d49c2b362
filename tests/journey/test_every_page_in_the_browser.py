# SPDX-License-Identifier: EUPL-1.2
"""Every page that a link leads to, on a phone and at a desk."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from urllib.parse import urldefrag, urlsplit

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, RequestRedirect

from heitje.config import Settings
from heitje_server.app import create_app
from heitje_server.demo.files import read_citizens, read_shops
from tests.fixtures.browser import DESKTOP, PHONE
from tests.journey.looking import Findings, person
from tests.journey.signing_in import sign_in_at_the_provider, sign_in_by_code
from tests.journey.town import Town

pytestmark = [pytest.mark.browser, pytest.mark.node]

HAND = ViewportSize(width=PHONE["width"], height=PHONE["height"])
DESK = ViewportSize(width=DESKTOP["width"], height=DESKTOP["height"])
PORTAL = "/portal/gemeente-heerlen"
NO_PAGES = re.compile(
    r"\.(csv|xlsx|json|svg|png|webmanifest)$|/photo|^/(api|static|health|sw|favicon|theme)|/callback$"
)
NOT_LINKED = {
    "citizen.welcome": "once, before anything else",
    "citizen.code": "after asking for a code",
    "citizen.claim_from_mail": "from mail",
    "citizen.shown_request": "from a QR code",
    "citizen.own_photo": "a picture",
    "till.code": "after asking for a code",
    "till.payment": "of today: the way round has one",
    "till.shown_request": "after typing an amount",
    "till.outcome": "a part of a page",
    "portal.edit_chore": "of a draft: the way round has one",
    "portal.funding": "after asking for money",
    "portal.funding_state": "a part of a page",
    "portal.invoice": "once there is one",
    "sign_up.find_portal": "a form's answer",
    "web.offline": "shown by the browser without a network",
}


@dataclass
class Crawl:
    """Follows links; sees one page of each kind, three of those that differ by their state."""

    routes: Map
    town: Town
    seen: Findings
    pages: dict[str, list[str]] = field(default_factory=dict)
    """By endpoint, what was visited."""

    def follow(self, page: Page, roots: Iterable[str], under: str) -> None:
        """Walk to all that can be reached from these addresses and whose path matches `under`; look at what is new."""
        waiting = list(roots)
        asked = set(waiting)
        walked: dict[str, int] = {}
        while waiting:
            path = waiting.pop(0)
            endpoint = self._endpoint(path)
            if endpoint is None or walked.get(endpoint, 0) >= _most(endpoint):
                continue
            walked[endpoint] = walked.get(endpoint, 0) + 1
            answer = page.goto(self.town.url + path)
            assert answer is not None
            if answer.status >= 400:
                self.seen.note(path, f"status {answer.status}")
                continue
            if len(self.pages.get(endpoint, [])) < _most(endpoint):
                self.pages.setdefault(endpoint, []).append(path)
                self.seen.look_at(page, endpoint, narrow=not path.startswith("/portal"))
                page.set_viewport_size(DESK)
                self.seen.look_at(page, endpoint)
                page.set_viewport_size(HAND)
            links = [self._inside(href) for href in page.locator("a[href]").evaluate_all("all => all.map(a => a.href)")]
            new = [link for link in links if link and link not in asked and re.match(under, link)]
            asked.update(new)
            waiting.extend(dict.fromkeys(new))

    def _inside(self, href: str) -> str | None:
        parts = urlsplit(urldefrag(href).url)
        if not href.startswith(f"{self.town.url}/") or NO_PAGES.search(parts.path):
            return None
        return parts.path

    def _endpoint(self, path: str) -> str | None:
        try:
            endpoint, _ = self.routes.bind("localhost").match(path, method="GET")
        except RequestRedirect as onwards:
            return self._endpoint(urlsplit(onwards.new_url).path)
        except HTTPException:
            self.seen.note(path, "a link to nothing")
            return None
        return str(endpoint)


def _most(endpoint: str) -> int:
    return {"citizen.my_chore": 3, "portal.chore": 2, "citizen.chore": 2}.get(endpoint, 1)


@pytest.fixture(scope="module")
def routes() -> Map:
    """All addresses of the app; it needs no database to say them."""
    nowhere = "postgresql://nobody@127.0.0.1:1/nowhere"
    settings = Settings(
        secret_key="a secret of the tests, longer than 32 characters",
        database_url=nowhere,
        operator_database_url=nowhere,
    )
    return create_app(settings).url_map


@dataclass(frozen=True, kw_only=True)
class Audience:
    """Somebody, how they come in, and where they walk."""

    name: str
    comes_in: Callable[[Page, Town], None]
    roots: tuple[str, ...]
    under: str


def citizen(page: Page, town: Town) -> None:
    sign_in_by_code(page, town, "/sign-in", read_citizens()[0].email)


def shopkeeper(page: Page, town: Town) -> None:
    sign_in_by_code(page, town, "/till/sign-in", read_shops()[0].staff[0].email)


def colleague(name: str) -> Callable[[Page, Town], None]:
    return lambda page, town: sign_in_at_the_provider(page, f"{town.url}{PORTAL}/sign-in", name)


def newcomer(page: Page, town: Town) -> None:
    sign_in_at_the_provider(page, f"{town.url}/portal/", "Nadia Nieuwenhuis")


AUDIENCES = (
    Audience(
        name="visitor",
        comes_in=lambda page, town: None,
        roots=("/sign-in", "/operator", "/portal/", f"{PORTAL}/sign-in", "/till/sign-in"),
        under=r"/(about|privacy|accessibility)",
    ),
    Audience(name="citizen", comes_in=citizen, roots=("/", "/my-chores"), under=r"/(?!portal|till)"),
    Audience(name="shopkeeper", comes_in=shopkeeper, roots=("/till/",), under=r"/till"),
    Audience(
        name="owner",
        comes_in=colleague("Rachid El Amrani"),
        roots=(f"{PORTAL}/", f"{PORTAL}/agreement", f"{PORTAL}/go-live"),
        under=PORTAL,
    ),
    Audience(name="approver", comes_in=colleague("Souad Benali"), roots=(f"{PORTAL}/",), under=PORTAL),
    Audience(name="newcomer", comes_in=newcomer, roots=("/portal/new",), under=r"/portal/new"),
    Audience(name="finance", comes_in=colleague("Marlies Jongen"), roots=(f"{PORTAL}/",), under=PORTAL),
)


def test_every_page_that_a_link_leads_to_on_a_phone_and_at_a_desk(browser: Browser, town: Town, routes: Map) -> None:
    seen = Findings("every-page")
    crawl = Crawl(routes, town, seen)
    for audience in AUDIENCES:
        with person(browser, PHONE, seen, is_mobile=False, service_workers="block") as page:
            audience.comes_in(page, town)
            crawl.follow(page, audience.roots, audience.under)

    assert seen.wrong == {}
    pages = {rule.endpoint for rule in routes.iter_rules() if "GET" in (rule.methods or ()) and is_page(rule.rule)}
    assert pages - set(crawl.pages) - set(NOT_LINKED) == set()


def is_page(rule: str) -> bool:
    """Whether people look at what this address answers."""
    return not NO_PAGES.search(rule) and ".<" not in rule and not rule.endswith(".csv")


def test_pins_that_would_cover_each_other_stand_together_and_part_when_touched(browser: Browser, town: Town) -> None:
    seen = Findings("map")
    with person(browser, PHONE, seen, service_workers="block") as page:
        page.goto(f"{town.url}/map")
        together = page.locator(".pin-group")
        expect(together.first).to_be_visible()
        seen.look_at(page, "together")
        shown = pins_on(page)

        touched = together.first.inner_text()
        together.first.tap()

        expect(page.locator(".leaflet-popup")).to_have_count(0)
        page.wait_for_function("before => document.querySelectorAll('.pin').length > before", arg=len(shown))
        assert sum(pins_on(page)) == sum(shown)
        assert touched.endswith("×")
        seen.take_picture(page, "apart")
    assert seen.wrong == {}


def pins_on(page: Page) -> list[int]:
    """How many places each pin stands for."""
    texts = page.locator(".pin").all_inner_texts()
    return [int(text[:-1]) if text.endswith("×") else 1 for text in texts]
