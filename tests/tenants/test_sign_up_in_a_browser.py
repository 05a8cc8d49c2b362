# SPDX-License-Identifier: EUPL-1.2
"""Somebody opens an organisation in a real browser, through a real identity provider, and comes back later."""

import socket
import threading
from re import search

import pytest
from playwright.sync_api import expect
from werkzeug.serving import make_server

from heitje.config import Settings
from heitje.identity.portal_sign_in import PLATFORM_CALLBACK
from heitje_server.app import create_app
from tests.fixtures.browser import DESKTOP, answering_whole, complaints_of
from tests.fixtures.browser import browser as browser  # noqa: PLC0414 - a fixture

pytestmark = [pytest.mark.browser, pytest.mark.node]


@pytest.fixture(scope="module")
def address(database, given, identity_provider):
    """The address of the app; its provider knows where to send people back to."""
    _ = given.scheme_id
    with socket.create_server(("127.0.0.1", 0)) as door:
        public_url = f"http://127.0.0.1:{door.getsockname()[1]}"
        identity_provider.add_client(
            {
                "client_id": "portal-tests",
                "client_secret": "a secret of the portal's tests",
                "redirect_uris": [public_url + PLATFORM_CALLBACK],
                "response_types": ["code"],
                "grant_types": ["authorization_code"],
            }
        )
        app = create_app(
            Settings(
                public_url=public_url,
                secret_key="secret-of-the-portals-tests-0123456789",
                database_url=database.app_url,
                operator_database_url=database.operator_url,
                oidc_issuer=identity_provider.issuer,
                oidc_client_id="portal-tests",
                oidc_client_secret="a secret of the portal's tests",
                oidc_allow_private=True,
            )
        )
        server = make_server("127.0.0.1", 0, answering_whole(app), threaded=True, fd=door.fileno())
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield public_url
        server.shutdown()
        thread.join()
        server.server_close()
        app.extensions["databases"].dispose()


def test_an_organisation_is_opened_and_its_owner_comes_back(browser, address):
    context = browser.new_context(viewport=DESKTOP, locale="nl-NL")
    page = context.new_page()
    complaints = complaints_of(page)

    page.goto(f"{address}/portal/")
    page.get_by_role("button", name="Log in met uw werkaccount").click()
    page.get_by_role("button", name="Bram Beheerder").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Open uw organisatie")
    page.get_by_label("Naam van de organisatie").fill("Woonpunt Parkstad")
    page.get_by_label("Woningcorporatie").check()
    page.get_by_label("KvK-nummer").fill("44445555")
    page.get_by_label("Afdelingen").fill("Wijkbeheer\nOnderhoud")
    page.get_by_role("button", name="Open de organisatie").click()

    page.wait_for_url(f"{address}/portal/woonpunt-parkstad/go-live")
    expect(page.get_by_role("strong").filter(has_text="2 van 7")).to_be_visible()

    page.get_by_role("button", name="Uitloggen").click()
    page.goto(f"{address}/portal/woonpunt-parkstad/budget")
    assert search(r"/sign-in\?next=", page.url)
    page.get_by_role("button", name="Verder met").click()
    if not page.url.startswith(address):
        page.get_by_role("button", name="Bram Beheerder").click()

    page.wait_for_url(f"{address}/portal/woonpunt-parkstad/budget")
    assert complaints == []
    context.close()
