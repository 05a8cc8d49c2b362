# SPDX-License-Identifier: EUPL-1.2
"""The whole web app with somebody at the till."""

import re
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from html import unescape
from typing import Any
from uuid import uuid4

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert
from werkzeug.test import TestResponse

from heitje.clock import now
from heitje.db.session import Databases
from heitje.identity.models import SessionRow
from tests.citizen.conftest import check_page
from tests.fixtures.given import GivenCitizen, GivenShop

_HIDDEN = re.compile(r"<input[^>]*type=\"hidden\"[^>]*>")
_NAME, _VALUE = re.compile(r'name="([^"]*)"'), re.compile(r'value="([^"]*)"')


def session_token(databases: Databases, shop: GivenShop, *, staff_id: Any = None, email: str = "") -> str:
    """A session of somebody of the shop, as signing in makes it."""
    content = {"staff_id": str(staff_id or shop.staff_id), "staff_email": email or shop.email}
    return _token(databases, content=content, shop_id=shop.id)


def citizen_token(databases: Databases, citizen: GivenCitizen) -> str:
    """A session of a citizen."""
    return _token(databases, content={}, citizen_id=citizen.id)


def _token(databases: Databases, **row: Any) -> str:
    token = (uuid4().hex + uuid4().hex)[:43]
    digest = sha256(token.encode()).hexdigest()
    with databases.as_visitor(f"session:{digest}") as session:
        session.execute(
            insert(SessionRow).values(
                token_sha256=digest,
                created_at=now(),
                seen_at=now(),
                expires_at=now() + timedelta(days=1),
                **row,
            )
        )
    return token


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
