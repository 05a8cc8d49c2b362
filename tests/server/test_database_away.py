# SPDX-License-Identifier: EUPL-1.2
"""The database stops, comes back, or has no connection left: people read a calm page, and nothing need be restarted."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from secrets import token_urlsafe

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient

from heitje.clock import now
from heitje.config import Settings
from heitje.db.request import databases
from heitje.db.scope import know
from heitje.db.session import Databases
from heitje.identity.models import SessionRow
from heitje.identity.sessions import CITIZEN_LIMITS
from heitje.jobs.process import init_jobs
from heitje_server.app import create_app
from heitje_server.embedded import postgres
from heitje_server.embedded.postgres import PostgresServer
from heitje_server.migrate import migrate
from tests.fixtures.browser import PHONE, complaints_of, serve
from tests.fixtures.databases import APP_PASSWORD, OPERATOR_PASSWORD, Database
from tests.fixtures.given import Given

INSIDE = ("Traceback", "psycopg", "sqlalchemy", "select ", "127.0.0.1", "heitje_app", "refused", "terminat")
WIDER_THAN_THE_SCREEN = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


class OwnServer:
    """A server that only these tests use, so that they may stop it."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._server: PostgresServer | None = postgres.start(home, durable=False)
        self.database = Database(name="postgres", server=self._server)
        migrate(self.database.superuser_url, app_password=APP_PASSWORD, operator_password=OPERATOR_PASSWORD)

    def stop(self) -> None:
        if self._server is not None:
            self._server.stop()
        self._server = None

    def start(self) -> None:
        if self._server is None:
            self._server = postgres.start(self._home, durable=False)


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnServer]:
    server = OwnServer(tmp_path_factory.mktemp("own-postgres"))
    yield server
    server.stop()


@pytest.fixture
def database(own_server: OwnServer) -> Database:  # type: ignore[override]
    own_server.start()
    return own_server.database


@pytest.fixture
def app(database: Database) -> Iterator[Flask]:
    made = create_app(
        Settings(
            secret_key="a secret of the tests, longer than 32 characters",
            database_url=database.app_url,
            operator_database_url=database.operator_url,
        )
    )
    yield made
    with made.app_context():
        databases().dispose()
    init_jobs(Settings())


@pytest.fixture(scope="module")
def token(own_server: OwnServer) -> str:
    """What the browser of a signed-in citizen holds."""
    own = Databases(own_server.database.app_url, own_server.database.operator_url)
    citizen, token, at = Given(own).citizen(), token_urlsafe(32), now()
    digest = sha256(token.encode()).hexdigest()
    with own.as_visitor(knows=f"session:{digest}") as session:
        know(session, f"session:{digest}")
        expires_at = at + CITIZEN_LIMITS.absolute
        session.add(
            SessionRow(
                token_sha256=digest, created_at=at, seen_at=at, expires_at=expires_at, content={}, citizen_id=citizen.id
            )
        )
    own.dispose()
    return token


@pytest.fixture
def browser_of_citizen(app: Flask, token: str) -> FlaskClient:
    """A browser in which a citizen is signed in, and looked at their balance a moment ago."""
    client = app.test_client()
    client.set_cookie("heitje", token, domain="localhost")
    assert client.get("/wallet").status_code == 200
    return client


def tells_nothing_of_the_inside(text: str) -> bool:
    return not [word for word in INSIDE if word.lower() in text.lower()]


@pytest.mark.parametrize("path", ["/", "/wallet", "/shops", "/till/", "/portal/tenant-1/"])
def test_while_the_database_is_down_pages_say_so_calmly_and_work_again_once_it_is_back(
    own_server, browser_of_citizen, path
):
    before = browser_of_citizen.get(path)
    own_server.stop()

    answer = browser_of_citizen.get(path)

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")
    assert answer.text.count("<h1") == 1
    assert "Het platform is even niet beschikbaar." in answer.text
    assert "Er is niets verloren gegaan. Probeer het over een minuut opnieuw." in answer.text
    assert tells_nothing_of_the_inside(answer.text)
    own_server.start()
    assert browser_of_citizen.get(path).status_code == before.status_code


def test_the_page_speaks_the_language_that_was_chosen_or_else_the_browser_s(own_server, app):
    client = app.test_client()
    own_server.stop()

    assert '<html lang="en"' in client.get("/", headers={"Accept-Language": "en"}).text
    assert "Nothing was lost. Try again in a minute." in client.get("/", headers={"Accept-Language": "en-GB"}).text
    client.set_cookie("heitje_language", "nl", domain="localhost")
    assert '<html lang="nl"' in client.get("/", headers={"Accept-Language": "en"}).text


def test_a_form_that_could_not_be_taken_in_says_that_it_may_not_have_arrived(own_server, app, browser_of_citizen):
    app.config["WTF_CSRF_ENABLED"] = False
    own_server.stop()

    answer = browser_of_citizen.post("/profile", data={"name": "Willem"})

    assert answer.status_code == 503
    assert "is misschien niet aangekomen" in answer.text
    assert 'href="/profile' not in answer.text
    assert "Naar de startpagina" in answer.text


def test_an_address_that_leads_away_is_not_offered_to_try_again(own_server, app):
    own_server.stop()
    assert 'href="//' not in app.test_client().get("//elsewhere.example/").text


def test_systems_get_a_problem_document(own_server, app):
    own_server.stop()

    answer = app.test_client().get("/api/v1/tariffs", headers={"Accept-Language": "en"})

    assert (answer.status_code, answer.content_type) == (503, "application/problem+json")
    assert answer.headers["Retry-After"] == "60"
    assert answer.json == {
        "type": "/problems/service-unavailable",
        "title": "The platform is not available for a moment.",
        "status": 503,
        "detail": "Nothing was lost. Try again in a minute.",
    }


def test_without_its_database_it_lives_and_is_ready_again_once_that_is_back(own_server, app):
    client = app.test_client()
    assert client.get("/health/ready").status_code == 200

    own_server.stop()
    assert client.get("/health/live").status_code == 200
    assert client.get("/health/ready").status_code == 503

    own_server.start()
    assert client.get("/health/ready").status_code == 200


def test_a_database_that_ends_in_the_middle_of_a_request_is_no_fault_of_ours(own_server, app):
    @app.get("/in-the-middle")
    def in_the_middle() -> str:
        with databases().as_visitor():
            own_server.stop()
        return "never"

    answer = app.test_client().get("/in-the-middle", headers={"Accept-Language": "en"})

    assert answer.status_code == 503
    assert "Nothing was lost." in answer.text
    assert tells_nothing_of_the_inside(answer.text)


def test_a_commit_that_finds_no_database_is_told_the_same_way(own_server, app):
    from heitje.db.request import current_session

    @app.get("/at-the-end")
    def at_the_end() -> str:
        current_session()
        own_server.stop()
        return "written, as far as we know"

    answer = app.test_client().get("/at-the-end", headers={"Accept-Language": "en"})

    assert answer.status_code == 503
    assert "Nothing was lost." in answer.text
    assert "written" not in answer.text


def test_when_the_server_takes_no_more_connections_pages_say_the_same(database, app):
    with psycopg.connect(database.superuser_url, autocommit=True) as superuser:
        superuser.execute("alter role heitje_app connection limit 0")
        try:
            answer = app.test_client().get("/")
        finally:
            superuser.execute("alter role heitje_app connection limit -1")
    assert answer.status_code == 503
    assert tells_nothing_of_the_inside(answer.text)
    assert app.test_client().get("/").status_code == 200


def test_when_all_own_connections_are_in_use_pages_say_the_same(database, app):
    app.extensions["databases"].dispose()
    narrow = app.extensions["databases"] = Databases(database.app_url, pool_size=1, patience_s=0.05)
    with narrow.as_visitor(), narrow.as_visitor():
        assert app.test_client().get("/").status_code == 503
    assert app.test_client().get("/").status_code == 200


def test_on_a_phone_the_page_fits_and_its_button_brings_the_person_back(own_server, app, browser):
    context = browser.new_context(viewport=PHONE, locale="nl-NL", service_workers="block")
    page = context.new_page()
    complaints = complaints_of(page)
    with serve(app) as site:
        own_server.stop()
        page.goto(f"{site}/?kind=clean")
        assert not page.evaluate(WIDER_THAN_THE_SCREEN)
        page.screenshot(path="tests/.artifacts/database-away.png")
        own_server.start()
        page.get_by_role("link", name="Probeer het opnieuw").click()
        page.wait_for_url(f"{site}/?kind=clean")
        assert page.locator("h1").inner_text() != "Het platform is even niet beschikbaar."
    context.close()
    assert complaints == []
