# SPDX-License-Identifier: EUPL-1.2
"""The real app on this module's database, and people who are signed in to it."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from re import search
from secrets import token_urlsafe
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from html5lib import HTMLParser
from html5lib.constants import namespaces
from sqlalchemy import event
from werkzeug.test import TestResponse

from heitje.clock import now
from heitje.config import Settings
from heitje.db.scope import know
from heitje.db.session import Databases
from heitje.identity.models import SessionRow
from heitje_server.app import create_app
from tests.fixtures.databases import Database
from tests.fixtures.given import Given, GivenCitizen
from tests.fixtures.servers import MailAddress

HTML = namespaces["html"]


class Browser(FlaskClient):
    """A client that looks at every page it gets: valid HTML, a title, one h1, each field with a label."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        answer = super().open(*args, **kwargs)
        is_page = answer.mimetype == "text/html" and "HX-Request" not in answer.request.headers
        if is_page and not answer.headers.get("Location"):
            check_page(answer.get_data(as_text=True))
        return answer

    def submit(self, address: str, page: str = "", **values: Any) -> TestResponse:
        """Fill in the form that posts to `address` on `page` (or on `address` itself) and send it."""
        html = self.get(page or address).get_data(as_text=True)
        form = search(rf'(?s)<form[^>]*action="{address}"[^>]*>.*?</form>', html)
        assert form is not None, f"no form to {address} on {page or address}"
        hidden = dict(_hidden(form[0]))
        return self.post(address, data=hidden | values)


@pytest.fixture(scope="module")
def app(
    database: Database, given: Given, mail_server: MailAddress, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Flask]:
    """The app as it is served."""
    _ = given.scheme_id
    folder: Path = tmp_path_factory.mktemp("files")
    made = create_app(
        Settings(
            secret_key="secret-of-the-citizens-tests-0123456789",
            database_url=database.app_url,
            operator_database_url=database.operator_url,
            smtp_url=mail_server.url,
            files_dir=str(folder),
        )
    )
    made.test_client_class = Browser
    yield made
    made.extensions["databases"].dispose()


@pytest.fixture
def visitor(app: Flask) -> Browser:
    """Somebody who is not signed in, with a Dutch browser."""
    return _in_dutch(app.test_client())


@pytest.fixture
def signed_in(app: Flask, databases: Databases) -> Callable[[GivenCitizen], Browser]:
    """Returns a browser in which this citizen is signed in."""

    def sign_in(citizen: GivenCitizen) -> Browser:
        token = token_urlsafe(32)
        token_sha256 = sha256(token.encode()).hexdigest()
        with databases.as_visitor(knows=f"session:{token_sha256}") as session:
            know(session, f"session:{token_sha256}")
            session.add(
                SessionRow(
                    token_sha256=token_sha256,
                    created_at=now(),
                    seen_at=now(),
                    expires_at=now() + timedelta(days=1),
                    content={},
                    citizen_id=citizen.id,
                )
            )
        browser = _in_dutch(app.test_client())
        browser.set_cookie("heitje", token, domain="localhost")
        return browser

    return sign_in


@pytest.fixture
def statements(app: Flask) -> Iterator[list[str]]:
    """Every statement that the app sends to the database meanwhile."""
    seen: list[str] = []

    def listen(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    engine = app.extensions["databases"].app_engine
    event.listen(engine, "before_cursor_execute", listen)
    yield seen
    event.remove(engine, "before_cursor_execute", listen)


def check_page(html: str) -> None:
    parser = HTMLParser(strict=False)
    document = parser.parse(html)
    allowed = {"expected-doctype-but-got-start-tag"}
    errors = [(code, data) for _place, code, data in parser.errors if code not in allowed]
    assert not errors, errors[:5]
    assert len(list(document.iter(f"{{{HTML}}}h1"))) == 1, "a page has one h1"
    title = next(document.iter(f"{{{HTML}}}title"))
    assert (title.text or "").strip(" –"), "a page has a title"
    labelled = {label.get("for") for label in document.iter(f"{{{HTML}}}label")}
    for kind in ("input", "select", "textarea"):
        for field in document.iter(f"{{{HTML}}}{kind}"):
            if field.get("type") in {"hidden", "submit"}:
                continue
            assert field.get("id") in labelled or field.get("aria-label"), f"a field without label: {field.attrib}"


def _in_dutch(browser: Any) -> Browser:
    browser.set_cookie("heitje_language", "nl", domain="localhost")
    assert isinstance(browser, Browser)
    return browser


def _hidden(form: str) -> list[tuple[str, str]]:
    document = HTMLParser().parse(form)
    return [
        (str(field.get("name")), field.get("value") or "")
        for field in document.iter(f"{{{HTML}}}input")
        if field.get("type") == "hidden" and field.get("name")
    ]
