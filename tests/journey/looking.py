# SPDX-License-Identifier: EUPL-1.2
"""Looks at pages as a person with and without good eyes would, and remembers what is wrong with them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page

from tests.fixtures.browser import DESKTOP, NARROW, PHONE, complaints_of

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "tests/.artifacts/journey"
AXE = (ROOT / "node_modules/axe-core/axe.min.js").read_text("utf-8")
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
DRAWN = """() => document.fonts.status === 'loaded'
  && [...document.querySelectorAll('[data-map]')].every(map => map.classList.contains('leaflet-container'))
  && !document.querySelector('[data-keypad][hidden]')"""
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
TOO_WIDE = """() => [...document.querySelectorAll("body *")]
  .filter(each => each.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
  .map(each => each.outerHTML.slice(0, 120)).slice(0, 4)"""


@dataclass
class Findings:
    """What was wrong, by page; a test ends with `assert findings.wrong == {}`."""

    folder: str
    wrong: dict[str, list[str]] = field(default_factory=dict)
    _pictures: int = 0
    _complaints: dict[Page, list[str]] = field(default_factory=dict)

    @property
    def pictures(self) -> Path:
        """The folder of the pictures."""
        return PICTURES / self.folder

    def note(self, name: str, *what: str) -> None:
        """Remember what is wrong with a page."""
        if what:
            self.wrong.setdefault(name, []).extend(what)

    def look_at(self, page: Page, name: str, *, narrow: bool = False) -> None:
        """Take a picture, ask axe, look for a title, one heading, and nothing beyond the edge.

        `narrow` looks at the edge at 320 pixels too.
        """
        page.wait_for_load_state("load")
        page.wait_for_function(DRAWN)
        self.take_picture(page, name)
        self.note(name, *_by_axe(page))
        if not page.title().strip():
            self.note(name, "no title")
        headings = page.locator("h1").count()
        if headings != 1:
            self.note(name, f"{headings} headings of the first level")
        self._look_at_the_edge(page, name)
        self._hear_complaints(page, name)
        if narrow:
            size = page.viewport_size
            assert size is not None
            page.set_viewport_size(NARROW)
            self._look_at_the_edge(page, f"{name} at 320 pixels")
            page.set_viewport_size(size)

    def take_picture(self, page: Page, name: str) -> None:
        """Keep what is seen for people to look at: the first screen."""
        self._pictures += 1
        kind = "phone" if (page.viewport_size or DESKTOP)["width"] < 600 else "desktop"
        file = self.pictures / f"{self._pictures:03d}-{name.replace(' ', '-').replace('/', '_')}-{kind}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=file, type="jpeg", quality=85)

    def listen_to(self, page: Page) -> None:
        """Count as a finding what this page's console complains about from now on."""
        self._complaints[page] = complaints_of(page)

    def stop_listening_to(self, page: Page) -> None:
        """Forget a page that is about to close."""
        self._hear_complaints(page, f"after {page.url}")
        del self._complaints[page]

    def _hear_complaints(self, page: Page, name: str) -> None:
        complaints = self._complaints[page]
        self.note(f"{name} ({urlsplit(page.url).path})" if complaints else name, *complaints)
        complaints.clear()

    def _look_at_the_edge(self, page: Page, name: str) -> None:
        over = page.evaluate(OVERFLOW)
        if over > 0:
            self.note(name, f"{over} pixels beyond the edge: {page.evaluate(TOO_WIDE)}")


@contextmanager
def person(browser: Browser, size: dict[str, int], findings: Findings, **more: Any) -> Iterator[Page]:
    """Give somebody's browser at a desk or on a phone; what its pages complain about is a finding."""
    is_phone = size["width"] <= PHONE["width"]
    how = {
        "viewport": size,
        "locale": "nl-NL",
        "timezone_id": "Europe/Amsterdam",
        "is_mobile": is_phone,
        "has_touch": is_phone,
    }
    context = browser.new_context(**(how | more))
    context.set_default_timeout(30_000)
    page = context.new_page()
    findings.listen_to(page)
    yield page
    findings.stop_listening_to(page)
    context.close()


def _by_axe(page: Page) -> list[str]:
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE)
    found = page.evaluate("tags => axe.run(document, {runOnly: tags, resultTypes: ['violations']})", WCAG)
    return [f"{rule['id']}: {node['html'][:160]}" for rule in found["violations"] for node in rule["nodes"]]
