# SPDX-License-Identifier: EUPL-1.2
"""The real app on this module's database, and colleagues who are signed in to it."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from secrets import token_urlsafe
from typing import Any

import pytest
from flask import Flask

from heitje.clock import now
from heitje.config import Settings
from heitje.db.scope import know
from heitje.db.session import Databases
from heitje.identity.models import SessionRow
from heitje.identity.roles import ActingMember
from heitje_server.app import create_app
from tests.citizen.conftest import Browser
from tests.fixtures.databases import Database
from tests.fixtures.given import Given


@pytest.fixture(scope="module")
def app(database: Database, given: Given, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The app as it is served."""
    _ = given.scheme_id
    folder: Path = tmp_path_factory.mktemp("files")
    made = create_app(
        Settings(
            secret_key="secret-of-the-portals-tests-0123456789",
            database_url=database.app_url,
            operator_database_url=database.operator_url,
            files_dir=str(folder),
            oidc_issuer="https://accounts.example.org",
            oidc_client_id="heitje",
        )
    )
    made.test_client_class = Browser
    yield made
    made.extensions["databases"].dispose()


@pytest.fixture
def browser_with(app: Flask, databases: Databases) -> Callable[..., Browser]:
    """Returns a browser with a session of these columns and content."""

    def open_session(content: dict[str, Any] | None = None, **person: Any) -> Browser:
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
                    content=content or {},
                    **person,
                )
            )
        browser = app.test_client()
        assert isinstance(browser, Browser)
        browser.set_cookie("heitje", token, domain="localhost")
        browser.set_cookie("heitje_language", "nl", domain="localhost")
        return browser

    return open_session


@pytest.fixture
def signed_in(browser_with: Callable[..., Browser]) -> Callable[[ActingMember], Browser]:
    """Returns a browser in which this colleague is signed in."""

    def sign_in(member: ActingMember) -> Browser:
        return browser_with(tenant_id=member.tenant_id, member_id=member.member_id)

    return sign_in


@pytest.fixture
def visitor(app: Flask) -> Browser:
    """Somebody who is not signed in."""
    browser = app.test_client()
    assert isinstance(browser, Browser)
    browser.set_cookie("heitje_language", "nl", domain="localhost")
    return browser
