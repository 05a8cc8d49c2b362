# SPDX-License-Identifier: EUPL-1.2
"""Every page that a link leads to, on a phone and at a desk."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urldefrag, urlsplit

import pytest
from playwright.sync_api import Browser, Page
from werkzeug.routing import Map

from heitje.config import Settings
from heitje_server.app import create_app
from heitje_server.demo.files import read_citizens, read_shops
from tests.fixtures.browser import DESKTOP, PHONE
from tests.journey.looking import Findings, person
from tests.journey.signing_in import sign_in_at_the_provider, sign_in_by_code
from tests.journey.town import Town

pytestmark = [pytest.mark.browser, pytest.mark.node]

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
    "till.shown_request": "after typing an amount",
    "till.outcome": "a part of a page",
    "portal.funding": "after asking for money",
    "portal.funding_state": "a part of a page",
    "portal.invoice": "once there is one",
    "sign_up.find_portal": "a form's answer",
    "sign_up.new": "for whoever has no organisation yet",
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

    def follow(self, page: Page, roots: Iterable[str], under: str) -> list[str]:
        """Visit all that can be reached from these addresses and whose path matches `under`; returns the paths."""
        waiting, found = list(roots), []
        asked = set(waiting)
        while waiting:
            path = waiting.pop(0)
            endpoint = self._endpoint(path)
            if endpoint is None or len(self.pages.get(endpoint, [])) >= _most(endpoint):
                continue
            answer = page.goto(self.town.url + path)
            assert answer is not None
            if answer.status >= 400:
                self.seen.note(path, f"status {answer.status}")
                continue
            self.pages.setdefault(endpoint, []).append(path)
            found.append(path)
            self.seen.look_at(page, endpoint, narrow=not path.startswith("/portal"))
            links = [self._inside(href) for href in page.locator("a[href]").evaluate_all("all => all.map(a => a.href)")]
            new = [link for link in links if link and link not in asked and re.match(under, link)]
            asked.update(new)
            waiting.extend(dict.fromkeys(new))
        return found

    def _inside(self, href: str) -> str | None:
        parts = urlsplit(urldefrag(href).url)
        if not href.startswith(f"{self.town.url}/") or NO_PAGES.search(parts.path):
            return None
        return parts.path

    def _endpoint(self, path: str) -> str | None:
        try:
            endpoint, _ = self.routes.bind("localhost").match(path, method="GET")
        except Exception:  # noqa: BLE001 - a link to nothing is a finding
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


def test_every_page_on_a_phone_and_at_a_desk(browser: Browser, town: Town, routes: Map) -> None:
    seen = Findings("every-page")
    crawl = Crawl(routes, town, seen)
    with person(browser, PHONE, seen, "visitor", service_workers="block") as page:
        crawl.follow(page, ["/sign-in", "/about", "/portal/", f"{PORTAL}/sign-in", "/till/sign-in"], r"(?!/till/$)")
        strangers = {name: list(paths) for name, paths in crawl.pages.items()}
        look_again(browser, None, strangers, town, seen)
    staff = read_shops()[0].staff[0].email
    for name, roots, under in (
        ("citizen", ["/", "/my-chores", "/pay"], r"/(?!portal|till)"),
        ("till", ["/till/", "/till/shop"], r"/till"),
    ):
        with person(browser, PHONE, seen, name, service_workers="block") as page:
            if name == "citizen":
                sign_in_by_code(page, town, "/sign-in", read_citizens()[0].email)
            else:
                sign_in_by_code(page, town, "/till/sign-in", staff)
            found = crawl.follow(page, roots, under)
            look_again(browser, page, {name: found}, town, seen)
    for name in ("Rachid El Amrani", "Bert Crombach", "Marlies Jongen"):
        with person(browser, PHONE, seen, name, service_workers="block") as page:
            sign_in_at_the_provider(page, f"{town.url}{PORTAL}/sign-in", name)
            found = crawl.follow(page, [f"{PORTAL}/"], PORTAL)
            look_again(browser, page, {name: found}, town, seen)

    assert seen.wrong == {}
    pages = {rule.endpoint for rule in routes.iter_rules() if "GET" in (rule.methods or ()) and is_page(rule.rule)}
    assert pages - set(crawl.pages) - set(NOT_LINKED) == set()


def is_page(rule: str) -> bool:
    """Whether people look at what this address answers."""
    return not NO_PAGES.search(rule) and ".<" not in rule and not rule.endswith(".csv")


def look_again(browser: Browser, phone: Page | None, visited: dict[str, list[str]], town: Town, seen: Findings) -> None:
    """Look at the same pages, as the same person, at a desk."""
    cookies = phone.context.cookies() if phone else []
    with person(browser, DESKTOP, seen, "desk", service_workers="block") as page:
        page.context.add_cookies(cookies)
        for paths in visited.values():
            for path in paths:
                page.goto(town.url + path)
                seen.look_at(page, path)
