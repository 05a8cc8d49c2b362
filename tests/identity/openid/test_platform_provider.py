# SPDX-License-Identifier: EUPL-1.2
"""Signing in through the platform's own provider."""

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from heitje.identity import portal_sign_in
from tests.identity.openid.attempts import JSON, Town, is_in


@pytest.fixture(scope="module")
def settings(settings, provider):
    """The platform has a provider of its own."""
    return replace(
        settings,
        oidc_issuer=provider.issuer,
        oidc_client_id=provider.client_id,
        oidc_client_secret=provider.client_secret,
    )


def test_someone_who_opens_an_organisation_signs_in_at_the_platforms_provider(client, app, provider):
    answer = client.post("/organisations/sign-in", data={"next": "/portal/new?kind=housing"})
    promised = provider.leave(answer.location)
    assert urlsplit(promised["redirect_uri"]).path == portal_sign_in.PLATFORM_CALLBACK
    query = {"code": "code", "state": promised["state"]}
    back = client.get(portal_sign_in.PLATFORM_CALLBACK, query_string=query)
    assert (back.status_code, back.location) == (303, "/portal/new?kind=housing")
    founder = client.get("/founder").text
    assert "mia-at-the-provider" in founder
    assert "email_verified=True" in founder
    assert app.test_client().get("/founder").text == "None"


def test_a_row_that_uses_the_platforms_client_comes_back_at_the_platforms_address(client, provider, given):
    town = Town(given, provider, client_secret="")
    promised = provider.leave(town.leave(client).location)
    query = parse_qs(f"code=code&state={promised['state']}")
    assert client.get(town.callback, query_string=query, headers=JSON).status_code == 400
    promised = provider.leave(town.leave(client).location)
    back = client.get(portal_sign_in.PLATFORM_CALLBACK, query_string={"code": "code", "state": promised["state"]})
    assert back.location == f"/portal/{town.slug}/"
    assert is_in(client, town)
