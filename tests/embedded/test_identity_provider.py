# SPDX-License-Identifier: EUPL-1.2
import re
import secrets
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.jwk import KeySet

pytestmark = pytest.mark.node

CALLBACK = "http://127.0.0.1:9/callback"


@pytest.fixture
def client(identity_provider):
    client = {"client_id": secrets.token_hex(8), "client_secret": secrets.token_hex(32), "redirect_uris": [CALLBACK]}
    identity_provider.add_client(client)
    return client


@pytest.fixture
def browser():
    with requests.Session() as session:
        yield session


def ask(browser, provider, client, **more):
    wanted = {
        "client_id": client["client_id"],
        "response_type": "code",
        "scope": "openid profile email",
        "redirect_uri": CALLBACK,
        "state": "state",
        "nonce": "nonce-of-this-request",
    }
    return browser.get(f"{provider.issuer}/auth", params=wanted | more, allow_redirects=False, timeout=10)


def choose(browser, provider, answer, sub):
    """Press the button and follow the way back to the platform's door."""
    page = browser.get(provider.issuer + answer.headers["Location"], timeout=10)
    assert f'value="{sub}"' in page.text
    answer = browser.post(page.url, data={"sub": sub}, allow_redirects=False, timeout=10)
    while not answer.headers["Location"].startswith(CALLBACK):
        answer = browser.get(answer.headers["Location"], allow_redirects=False, timeout=10)
    return parse_qs(urlsplit(answer.headers["Location"]).query)


def test_choosing_a_person_gives_the_platform_who_it_is(browser, identity_provider, client):
    verifier = secrets.token_urlsafe(48)
    challenge = {"code_challenge": create_s256_code_challenge(verifier), "code_challenge_method": "S256"}

    back = choose(browser, identity_provider, ask(browser, identity_provider, client, **challenge), "anna")
    tokens = requests.post(
        f"{identity_provider.issuer}/token",
        auth=(client["client_id"], client["client_secret"]),
        data={
            "grant_type": "authorization_code",
            "code": back["code"][0],
            "redirect_uri": CALLBACK,
            "code_verifier": verifier,
        },
        timeout=10,
    ).json()

    keys = KeySet.import_key_set(requests.get(f"{identity_provider.issuer}/jwks", timeout=10).json())
    claims = jwt.decode(tokens["id_token"], keys, algorithms=["RS256"]).claims
    assert back["iss"] == [identity_provider.issuer]
    assert claims["iss"] == identity_provider.issuer
    assert claims["aud"] == client["client_id"]
    assert claims["name"] == "Anna Approver"
    assert claims["organisation"] == "Gemeente Heerlen"
    assert claims["groups"] == ["heitje-owners", "heitje-approvers"]
    assert (claims["email"], claims["email_verified"]) == ("anna@heerlen.example", True)


def test_a_second_sign_in_asks_again_who_it_is(browser, identity_provider, client):
    challenge = {"code_challenge": create_s256_code_challenge("v" * 48), "code_challenge_method": "S256"}
    choose(browser, identity_provider, ask(browser, identity_provider, client, **challenge), "anna")

    again = ask(browser, identity_provider, client, **challenge)

    assert re.match(r"/choose/", again.headers["Location"])
    assert "code" in choose(browser, identity_provider, again, "bram")


def test_a_request_without_pkce_is_refused(browser, identity_provider, client):
    answer = ask(browser, identity_provider, client)

    assert parse_qs(urlsplit(answer.headers["Location"]).query)["error"] == ["invalid_request"]


def test_a_redirect_to_an_unknown_address_is_refused(browser, identity_provider, client):
    answer = ask(browser, identity_provider, client, redirect_uri=f"{CALLBACK}/evil")

    assert answer.status_code == 400
    assert "Location" not in answer.headers
