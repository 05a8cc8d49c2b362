# SPDX-License-Identifier: EUPL-1.2
"""A person with a browser: opens pages, fills in their forms, follows where they lead. No JavaScript."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

import requests

TIMEOUT_S = 30


class Difference(Exception):
    """What the server did is not what should have happened."""


def expect(holds: object, otherwise: str) -> None:
    """Raise `Difference` with this sentence unless it holds."""
    if not holds:
        raise Difference(otherwise)


@dataclass
class Form:
    """A form as found on a page: where it goes, what is filled in already."""

    action: str
    method: str
    values: list[tuple[str, str]] = field(default_factory=list)
    names: set[str] = field(default_factory=set)
    options: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    """Of each list to choose from: (value, text)."""

    def option(self, name: str, text: str) -> str:
        """Return the value of the first option whose text contains `text`."""
        for value, shown in self.options.get(name, []):
            if text.lower() in shown.lower():
                return value
        raise Difference(
            f"the list {name!r} offers no {text!r} but {[shown for _, shown in self.options.get(name, [])]}"
        )


class _Reader(HTMLParser):
    """Collects forms, links and the text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.by_id: dict[str, Form] = {}
        self.links: list[tuple[str, str]] = []
        self.text: list[str] = []
        self._form: Form | None = None
        self._link: str | None = None
        self._area: tuple[str, list[str]] | None = None
        self._select: str = ""
        self._option: str | None = None
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = dict(attrs)
        if tag == "form":
            self._form = Form(action=has.get("action") or "", method=(has.get("method") or "get").lower())
            self.forms.append(self._form)
        elif tag == "a":
            self._link = has.get("href")
        elif tag in {"script", "style", "template"}:
            self._silent += 1
        elif self._form is not None and has.get("name"):
            self._take_field(tag, str(has["name"]), has)
        elif tag == "option" and self._form is not None and self._select:
            self._take_option(has)

    def _take_field(self, tag: str, name: str, has: dict[str, str | None]) -> None:
        assert self._form is not None  # noqa: S101 - asked for by the caller
        self._form.names.add(name)
        if tag == "textarea":
            self._area = (name, [])
        elif tag == "select":
            self._select = name
            self._form.options.setdefault(name, [])
        elif tag == "input":
            kind = (has.get("type") or "text").lower()
            if kind in {"radio", "checkbox"}:
                self._form.options.setdefault(name, []).append((has.get("value") or "on", has.get("value") or "on"))
                if "checked" in has:
                    self._form.values.append((name, has.get("value") or "on"))
            elif kind not in {"file", "submit", "button"}:
                self._form.values.append((name, has.get("value") or ""))

    def _take_option(self, has: dict[str, str | None]) -> None:
        assert self._form is not None  # noqa: S101 - asked for by the caller
        self._option = has.get("value") or ""
        self._form.options[self._select].append((self._option, ""))
        if "selected" in has:
            self._form.values.append((self._select, self._option))

    def _choose_first(self) -> None:
        """A browser sends the first option of a list in which none is chosen."""
        form = self._form
        if form is not None and self._select and not any(name == self._select for name, _ in form.values):
            options = form.options.get(self._select)
            if options:
                form.values.append((self._select, options[0][0]))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "a":
            self._link = None
        elif tag in {"script", "style", "template"}:
            self._silent = max(0, self._silent - 1)
        elif tag == "textarea" and self._area is not None and self._form is not None:
            self._form.values.append((self._area[0], "".join(self._area[1]).strip()))
            self._area = None
        elif tag == "select":
            self._choose_first()
            self._select = ""
        elif tag == "option":
            self._option = None

    def handle_data(self, data: str) -> None:
        if self._silent:
            return
        if self._area is not None:
            self._area[1].append(data)
        elif self._option is not None and self._form is not None:
            value, text = self._form.options[self._select][-1]
            self._form.options[self._select][-1] = (value, text + data.strip())
        elif data.strip():
            self.text.append(data.strip())
        if self._link is not None and data.strip():
            self.links.append((self._link, data.strip()))


@dataclass
class Page:
    """An answer as a person sees it."""

    url: str
    status: int
    text: str
    forms: list[Form]
    links: list[tuple[str, str]]
    html: str

    @property
    def path(self) -> str:
        """The address without its host."""
        return urlsplit(self.url).path

    @property
    def complaint(self) -> str:
        """The part of the page that says what is wrong."""
        start = self.html.find('role="alert"')
        if start < 0:
            return self.text[:300]
        reader = _Reader()
        reader.feed(self.html[self.html.rfind("<", 0, start) : start + 2000])
        return " ".join(reader.text)[:400]

    def form(self, *, action: str = "", has: str = "") -> Form:
        """Return the form whose address contains `action` and that has a field `has`."""
        for form in self.forms:
            target = urlsplit(urljoin(self.url, form.action)).path
            if action in target and (not has or has in form.names):
                return form
        shown = [(form.action, sorted(form.names)) for form in self.forms]
        raise Difference(f"{self.path} has no form for {action!r} with {has!r}, but {shown}")

    def link(self, contains: str) -> str:
        """Return the first link whose address contains this."""
        for href, _ in self.links:
            if contains in href:
                return href
        raise Difference(f"{self.path} links nowhere with {contains!r}")


class Visitor:
    """One person's browser with its cookies. Raises `Difference` for every answer of 400 and above."""

    def __init__(self, base_url: str, *, language: str = "nl") -> None:
        self.base_url = base_url.rstrip("/")
        self._session = requests.Session()
        self._session.headers["Accept-Language"] = language
        self._session.headers["Accept"] = "text/html"
        self.page = Page(url=self.base_url, status=0, text="", forms=[], links=[], html="")

    def open(self, address: str) -> Page:
        """Open a page, and follow where it leads."""
        return self._read(self._session.get(urljoin(self.page.url, self._whole(address)), timeout=TIMEOUT_S))

    def send(
        self,
        form: Form,
        also: Mapping[str, Any] | None = None,
        files: list[tuple[str, Any]] | None = None,
        **filled: Any,
    ) -> Page:
        """Fill in these fields over what the page had filled in, send the form, follow where it leads."""
        filled |= also or {}
        values = [(name, value) for name, value in form.values if name not in filled]
        for name, value in filled.items():
            values += [(name, one) for one in (value if isinstance(value, list) else [value])]
        address = urljoin(self.page.url, form.action or self.page.url)
        if form.method == "get":
            return self._read(self._session.get(address, params=values, timeout=TIMEOUT_S))
        referer = {"Referer": self.page.url}
        return self._read(self._session.post(address, data=values, files=files, headers=referer, timeout=TIMEOUT_S))

    def raw(self, method: str, address: str, **more: Any) -> requests.Response:
        """Send a request as a system would, with this person's cookies."""
        return self._session.request(method, self._whole(address), timeout=TIMEOUT_S, **more)

    def _whole(self, address: str) -> str:
        return self.base_url + address if address.startswith("/") else address

    def _read(self, answer: requests.Response) -> Page:
        reader = _Reader()
        reader.feed(answer.text)
        self.page = Page(
            url=answer.url,
            status=answer.status_code,
            text=" ".join(reader.text),
            forms=reader.forms,
            links=reader.links,
            html=answer.text,
        )
        if answer.status_code >= 400:
            raise Difference(f"{answer.request.method} {self.page.path}: {answer.status_code} {self.page.complaint}")
        return self.page
