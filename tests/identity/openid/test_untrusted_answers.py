# SPDX-License-Identifier: EUPL-1.2
"""Each lie of a strange provider is refused, and so is a good answer in the wrong place (I2)."""

from time import time

import pytest

from heitje.identity import portal_sign_in
from tests.identity.hostile_provider import Lies
from tests.identity.openid.attempts import BSN, JSON, Town, come_back, is_in, refused

LIES = {
    "a wrong nonce": (Lies(claims={"nonce": "another"}), "token-untrusted"),
    "no nonce": (Lies(leave_out=("nonce",)), "token-untrusted"),
    "a token of another issuer": (Lies(claims={"iss": "https://elsewhere.example"}), "token-untrusted"),
    "a token without issuer": (Lies(leave_out=("iss",)), "token-untrusted"),
    "a token for another client": (Lies(claims={"aud": "somebody-else"}), "token-untrusted"),
    "a token for nobody": (Lies(leave_out=("aud",)), "token-untrusted"),
    "a token for us by way of another": (
        Lies(claims={"aud": ["heitje-client", "other"], "azp": "other"}),
        "token-untrusted",
    ),
    "an expired token": (Lies(claims={"exp": int(time()) - 600, "iat": int(time()) - 900}), "token-untrusted"),
    "a token without end": (Lies(leave_out=("exp",)), "token-untrusted"),
    "a token that is not valid yet": (Lies(claims={"nbf": int(time()) + 86_400}), "token-untrusted"),
    "a token without subject": (Lies(leave_out=("sub",)), "token-untrusted"),
    "no signature": (Lies(algorithm="none", key="none"), "token-untrusted"),
    "HS256 by our public key": (Lies(algorithm="HS256", key="public"), "token-untrusted"),
    "HS256 by the client's secret": (Lies(algorithm="HS256", key="secret"), "token-untrusted"),
    "another's signature under the same name": (Lies(key="another"), "token-untrusted"),
    "no token": (Lies(no_id_token=True), "no-id-token"),
    "metadata of another issuer": (
        Lies(metadata={"issuer": "https://elsewhere.example"}),
        "metadata-of-another-issuer",
    ),
    "metadata that only knows none": (
        Lies(metadata={"id_token_signing_alg_values_supported": ["none", "HS256"]}),
        "no-safe-algorithm",
    ),
    "metadata elsewhere": (Lies(redirect_metadata="http://127.0.0.1:1/"), "provider-address-refused"),
    "endless metadata": (Lies(metadata_padding=300_000), "provider-address-refused"),
    "metadata that is no metadata": (
        Lies(metadata={"authorization_endpoint": "javascript:alert(1)"}),
        "metadata-unusable",
    ),
    "keys from nowhere": (Lies(metadata={"jwks_uri": None}), "metadata-unusable"),
    "a subject that is a BSN": (Lies(claims={"sub": BSN}), "subject-is-a-bsn"),
    "a subject that is no text": (Lies(claims={"sub": {"a": 1}}), None),
    "userinfo of somebody else": (
        Lies(leave_out=("email",), userinfo={"sub": "another", "email": "mia@heerlen.example"}),
        "userinfo-of-another",
    ),
}


@pytest.mark.parametrize("lie", LIES)
def test_is_refused(lie, client, town, provider, given):
    """Each of the lies above."""
    provider.lies, reason = LIES[lie]
    answer = town.leave(client)
    if answer.status_code == 303:
        promised = provider.leave(answer.location)
        answer = client.get(town.callback, query_string={"code": "code", "state": promised["state"]}, headers=JSON)
    assert answer.status_code == 400
    assert reason is None or refused(answer, reason)
    assert not is_in(client, town)
    assert given.one("select state from members where id = %s", town.mia) == {"state": "invited"}


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ({"state": "another"}, "state-unknown"),
        ({"state": None}, "state-unknown"),
        ({"iss": "https://elsewhere.example"}, "answer-from-another-issuer"),
        ({"code": None}, "no-code"),
        ({"error": "access_denied", "code": None}, "refused-by-provider"),
    ],
)
def test_an_answer_that_is_not_as_it_should_be_is_refused(answer, reason, client, town, provider):
    assert refused(come_back(client, town, provider, **answer), reason)
    assert not is_in(client, town)


def test_a_provider_that_promises_to_say_who_it_is_must_do_so(client, town, provider):
    provider.lies = Lies(metadata={"authorization_response_iss_parameter_supported": True})
    assert refused(come_back(client, town, provider), "answer-from-another-issuer")
    assert come_back(client, town, provider, iss=provider.issuer).status_code == 303


def test_an_answer_counts_once(client, town, provider):
    answer = come_back(client, town, provider)
    assert answer.status_code == 303
    client.get("/out")
    again = client.get(town.callback, query_string={"code": "code", "state": provider.promised["state"]}, headers=JSON)
    assert refused(again, "state-unknown")


def test_an_answer_to_somebody_elses_request_is_refused(client, app, town, provider):
    promised = provider.leave(town.leave(app.test_client()).location)
    answer = client.get(town.callback, query_string={"code": "code", "state": promised["state"]}, headers=JSON)
    assert refused(answer, "state-unknown")


def test_an_answer_is_too_late_after_ten_minutes(client, town, provider, monkeypatch):
    monkeypatch.setattr(portal_sign_in, "ATTEMPT_HOLDS_S", -1)
    assert refused(come_back(client, town, provider), "state-unknown")


def test_an_answer_at_another_tenants_address_is_refused(client, town, provider, given):
    other = Town(given, provider)
    promised = provider.leave(town.leave(client).location)
    answer = client.get(other.callback, query_string={"code": "code", "state": promised["state"]}, headers=JSON)
    assert refused(answer, "wrong-callback")
    assert not is_in(client, other)


def test_twenty_abandoned_attempts_do_no_harm(client, town, provider):
    for _ in range(20):
        assert town.leave(client).status_code == 303
    assert come_back(client, town, provider).status_code == 303
