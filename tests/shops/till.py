# SPDX-License-Identifier: EUPL-1.2
"""The whole web app with somebody at the till."""

import re
from dataclasses import dataclass, field
from html import unescape

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.fixtures.client import check_page

_HIDDEN = re.compile(r"<input[^>]*type=\"hidden\"[^>]*>")
_NAME, _VALUE = re.compile(r'name="([^"]*)"'), re.compile(r'value="([^"]*)"')


@dataclass
class Till:
    """A browser at the till of a shop: opens pages, and sends the forms on them with all that is hidden in them."""

    app: Flask
    token: str = ""
    client: FlaskClient = field(init=False)
    page: str = ""

    def __post_init__(self) -> None:
        self.client = self.app.test_client()
        if self.token:
            self.client.set_cookie("heitje", self.token)

    def opens(self, path: str, status: int = 200, *, follow: bool = False) -> str:
        answer = self.client.get(path, follow_redirects=follow)
        return self._keep(answer, status)

    def sends(self, path: str, *, follow: bool = True, status: int = 200, **fields: str) -> str:
        answer = self.client.post(path, data={**self.hidden(), **fields}, follow_redirects=follow)
        return self._keep(answer, status)

    def hidden(self) -> dict[str, str]:
        found = {}
        for tag in _HIDDEN.findall(self.page):
            name, value = _NAME.search(tag), _VALUE.search(tag)
            if name is not None:
                found[name[1]] = unescape(value[1]) if value else ""
        return found

    def _keep(self, answer: TestResponse, status: int) -> str:
        assert answer.status_code == status, answer.text[:2000]
        if answer.mimetype == "text/html" and answer.text.lstrip().startswith("<!doctype"):
            check_page(answer.text)
        self.page = answer.text
        self.path = answer.request.path
        return self.page
