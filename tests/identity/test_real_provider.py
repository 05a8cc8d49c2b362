# SPDX-License-Identifier: EUPL-1.2
"""Signing in at a certified provider that others wrote (npm oidc-provider), through the whole app."""

import re
from urllib.parse import urljoin, urlsplit
from uuid import uuid4

import pytest
import requests

from heitje.config import Settings
from heitje.db.request import databases
from heitje.identity.guards import members_only
from heitje.identity.portal_sign_in import PLATFORM_CALLBACK, verified_identity
from heitje.jobs.process import init_jobs
from heitje_server.app import create_app

pytestmark = pytest.mark.node

PUBLIC_URL = "http://127.0.0.1:8000"
PLATFORM_CLIENT = "heitje-platform-of-the-tests"
SECRET = "secret-of-the-platform-client-of-the-tests"


@pytest.fixture(scope="module")
def app(database, identity_provider):
    identity_provider.add_client(
        {
            "client_id": PLATFORM_CLIENT,
            "client_secret": SECRET,
            "redirect_uris": [PUBLIC_URL + PLATFORM_CALLBACK],
            "response_types": ["code"],
            "grant_types": ["authorization_code"],
        }
    )
    settings = Settings(
        public_url=PUBLIC_URL,
        secret_key="a secret of the tests, longer than 32 characters",
        database_url=database.app_url,
        operator_database_url=database.operator_url,
        oidc_issuer=identity_provider.issuer,
        oidc_client_id=PLATFORM_CLIENT,
        oidc_client_secret=SECRET,
        oidc_allow_private=True,
    )
    app = create_app(settings)
    app.config["WTF_CSRF_ENABLED"] = False
    app.add_url_rule("/founder", "founder", lambda: str(verified_identity()))
    app.add_url_rule("/portal/<tenant>/door-of-the-tests", "door", members_only()(lambda: "in"))
    yield app
    with app.app_context():
        databases().dispose()
    init_jobs(Settings())


def walk(location: str, sub: str) -> str:
    """Be a browser at the provider: press the button of this person; return where it sends us back to."""
    with requests.Session() as browser:
        while not location.startswith(PUBLIC_URL):
            answer = browser.get(location, allow_redirects=False, timeout=10)
            if answer.is_redirect:
                location = urljoin(location, answer.headers["Location"])
                continue
            action = re.search(r'action="([^"]+)"', answer.text)[1]
            answer = browser.post(urljoin(location, action), data={"sub": sub}, allow_redirects=False, timeout=10)
            location = urljoin(location, answer.headers["Location"])
    return location


def back(client, location: str):
    parts = urlsplit(location)
    return client.get(f"{parts.path}?{parts.query}", headers={"Accept": "application/json"})


@pytest.fixture
def town(given):
    slug = f"t{uuid4().hex[:20]}"
    return given.tenant(slug), slug


def own_client(identity_provider, slug: str, **changes) -> dict[str, str]:
    client = {
        "client_id": f"client-of-{slug}",
        "client_secret": uuid4().hex,
        "redirect_uris": [f"{PUBLIC_URL}/portal/{slug}/sign-in/callback"],
        "response_types": ["code"],
        "grant_types": ["authorization_code"],
    } | changes
    identity_provider.add_client(client)
    return client


def row_for(given, identity_provider, tenant_id, client):
    return given.row(
        "identity_providers",
        tenant_id=tenant_id,
        name="Werkaccount",
        issuer=identity_provider.issuer,
        client_id=client["client_id"],
        client_secret=client["client_secret"],
    )


def test_an_invited_member_signs_in_through_the_tenants_own_client(app, identity_provider, given, town):
    tenant_id, slug = town
    client_row = own_client(identity_provider, slug, token_endpoint_auth_method="client_secret_basic")
    provider_id = row_for(given, identity_provider, tenant_id, client_row)
    member_id = given.member(tenant_id, "owner", email="anna@heerlen.example", state="invited")
    client = app.test_client()
    left = client.post(f"/portal/{slug}/sign-in/{provider_id}")
    answer = back(client, walk(left.location, "anna"))
    assert (answer.status_code, answer.location) == (303, f"/portal/{slug}/")
    assert client.get(f"/portal/{slug}/door-of-the-tests").text == "in"
    assert given.one("select subject, state from members where id = %s", member_id) == {
        "subject": "anna",
        "state": "active",
    }


def test_a_founder_signs_in_through_the_platforms_client(app):
    client = app.test_client()
    left = client.post("/organisations/sign-in", data={"next": "/somewhere"})
    answer = back(client, walk(left.location, "bram"))
    assert (answer.status_code, answer.location) == (303, "/somewhere")
    assert "bram@woonpunt.example" in client.get("/founder").text


def test_a_member_of_a_tenant_without_a_client_of_its_own_uses_the_platforms(app, identity_provider, given, town):
    tenant_id, slug = town
    provider_id = row_for(given, identity_provider, tenant_id, {"client_id": PLATFORM_CLIENT, "client_secret": ""})
    given.member(tenant_id, "owner", email="bram@woonpunt.example", state="invited")
    client = app.test_client()
    answer = back(client, walk(client.post(f"/portal/{slug}/sign-in/{provider_id}").location, "bram"))
    assert answer.location == f"/portal/{slug}/"


def test_an_address_that_is_not_verified_answers_no_invitation(app, identity_provider, given, town):
    tenant_id, slug = town
    provider_id = row_for(given, identity_provider, tenant_id, {"client_id": PLATFORM_CLIENT, "client_secret": ""})
    given.member(tenant_id, "owner", email="carla@heerlen.example", state="invited")
    client = app.test_client()
    answer = back(client, walk(client.post(f"/portal/{slug}/sign-in/{provider_id}").location, "carla"))
    assert answer.status_code == 403


def test_a_code_that_was_used_already_is_worth_nothing(app, identity_provider, given, town):
    tenant_id, slug = town
    provider_id = row_for(given, identity_provider, tenant_id, {"client_id": PLATFORM_CLIENT, "client_secret": ""})
    given.member(tenant_id, "owner", email="anna@heerlen.example", state="invited")
    first, second = app.test_client(), app.test_client()
    good = walk(first.post(f"/portal/{slug}/sign-in/{provider_id}").location, "anna")
    mine = walk(second.post(f"/portal/{slug}/sign-in/{provider_id}").location, "carla")
    stolen = re.sub(r"code=[^&]+", "code=" + re.search(r"code=([^&]+)", good)[1], mine)
    assert back(first, good).status_code == 303
    assert back(second, stolen).json["reason"] == "refused-by-provider"


def test_the_wrong_secret_is_refused(app, identity_provider, given, town):
    tenant_id, slug = town
    client_row = own_client(identity_provider, slug)
    provider_id = row_for(given, identity_provider, tenant_id, client_row | {"client_secret": "not this one"})
    given.member(tenant_id, "owner", email="anna@heerlen.example", state="invited")
    client = app.test_client()
    answer = back(client, walk(client.post(f"/portal/{slug}/sign-in/{provider_id}").location, "anna"))
    assert answer.json["reason"] == "refused-by-provider"
