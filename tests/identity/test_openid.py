# SPDX-License-Identifier: EUPL-1.2
"""Signing in at a strange provider: what is wrong with its answer is refused, lie by lie (I2)."""

from dataclasses import replace
from time import time
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from flask import Flask

from heitje.config import Settings
from heitje.db.request import databases, init_db
from heitje.identity import oidc_client, portal_sign_in
from heitje.identity.guards import init_guards
from heitje.identity.outbound import AddressRefused, public_address
from heitje.identity.sessions import init_sessions
from heitje.web.pages import init_pages
from tests.identity.doors import doors
from tests.identity.hostile_provider import Lies, hostile_provider

BSN = "111222333"


@pytest.fixture(scope="module")
def provider():
    with hostile_provider() as provider:
        yield provider


@pytest.fixture(autouse=True)
def honest(provider):
    """Every test begins with a provider that tells the truth, and with nothing remembered of it."""
    provider.lies = Lies()
    oidc_client._clients.clear()


@pytest.fixture(scope="module")
def settings(database) -> Settings:
    return Settings(
        public_url="http://127.0.0.1:8000",
        secret_key="another secret of the tests, longer than 32",
        database_url=database.app_url,
        operator_database_url=database.operator_url,
        oidc_allow_private=True,
        web_threads=8,
    )


@pytest.fixture(scope="module")
def app(settings):
    app = make_app(settings)
    yield app
    with app.app_context():
        databases().dispose()


def make_app(settings: Settings) -> Flask:
    app = Flask("heitje_server")
    init_db(app, settings)
    init_sessions(app, settings)
    init_pages(app, settings)
    init_guards(app)
    portal_sign_in.init_app(app, settings)
    app.register_blueprint(doors)
    app.config["WTF_CSRF_ENABLED"] = False
    app.add_url_rule(
        "/choices/<slug>", "choices", view_func=lambda slug: [str(c.id) for c in portal_sign_in.sign_in_choices(slug)]
    )
    app.add_url_rule("/founder", "founder", view_func=lambda: str(portal_sign_in.verified_identity()))
    return app


class Town:
    """A tenant whose provider is the hostile one, and a member Mia, invited."""

    def __init__(self, given, provider, **row) -> None:
        self.slug = f"t{uuid4().hex[:20]}"
        self.tenant_id = given.tenant(self.slug)
        self.provider_id = given.row(
            "identity_providers",
            **{
                "tenant_id": self.tenant_id,
                "name": "Werkaccount",
                "issuer": provider.issuer,
                "client_id": provider.client_id,
                "client_secret": provider.client_secret,
            }
            | row,
        )
        self.mia = given.member(self.tenant_id, "approver", email="mia@heerlen.example", state="invited")

    def leave(self, client, **form):
        return client.post(f"/portal/{self.slug}/sign-in/{self.provider_id}", data=form, headers=JSON)

    @property
    def callback(self) -> str:
        return f"/portal/{self.slug}/sign-in/callback"


JSON = {"Accept": "application/json"}


@pytest.fixture
def town(given, provider) -> Town:
    return Town(given, provider)


@pytest.fixture
def client(app):
    return app.test_client()


def come_back(client, town, provider, **answer):
    """Be sent away and return with what a good provider would say, but for `answer`; None leaves a part out."""
    promised = provider.leave(town.leave(client).location)
    query = {"code": "code", "state": promised["state"]} | answer
    return client.get(
        town.callback, query_string={name: value for name, value in query.items() if value is not None}, headers=JSON
    )


def is_in(client, town) -> bool:
    return client.get(f"/portal/{town.slug}/").status_code == 200


def refused(answer, reason: str) -> bool:
    return (answer.status_code, answer.json["type"], answer.json["reason"]) == (400, "/problems/sign-in-failed", reason)


def test_an_invited_member_signs_in_at_an_honest_provider(client, town, provider, given):
    answer = come_back(client, town, provider)
    assert (answer.status_code, answer.location) == (303, f"/portal/{town.slug}/")
    assert client.get(f"/portal/{town.slug}/approve").text == "approved"
    row = given.one("select state, provider_id, subject from members where id = %s", town.mia)
    assert row == {"state": "active", "provider_id": town.provider_id, "subject": "mia-at-the-provider"}
    assert given.one("select 1 from audit_events where action = 'member.joined' and subject = %s", f"member:{town.mia}")


def test_the_request_is_code_flow_with_pkce_and_an_address_of_this_tenants_own(client, town, provider):
    promised = provider.leave(town.leave(client).location)
    assert promised["response_type"] == "code"
    assert promised["code_challenge_method"] == "S256"
    assert promised["redirect_uri"] == f"http://127.0.0.1:8000{town.callback}"
    assert len(promised["nonce"]) >= 43
    assert len(promised["state"]) >= 43
    assert "client_secret" not in promised


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


def test_claims_may_come_from_userinfo(client, town, provider):
    provider.lies = Lies(
        leave_out=("email", "email_verified", "name"),
        userinfo={"sub": "mia-at-the-provider", "email": "Mia@Heerlen.example", "email_verified": True},
    )
    assert come_back(client, town, provider).status_code == 303


@pytest.mark.parametrize("verified", [False, None, "true", 1])
def test_an_address_that_the_provider_has_not_verified_answers_no_invitation(verified, client, town, provider):
    provider.lies = Lies(claims={"email_verified": verified})
    answer = come_back(client, town, provider)
    assert (answer.status_code, answer.json["type"]) == (403, "/problems/member-unknown")


def test_whoever_was_not_invited_does_not_come_in(client, town, provider):
    provider.lies = Lies(claims={"email": "stranger@heerlen.example"})
    assert come_back(client, town, provider).status_code == 403


def test_after_joining_the_subject_counts_and_the_address_no_more(client, app, town, provider):
    come_back(client, town, provider)
    provider.lies = Lies(claims={"email": "mia.new@heerlen.example"})
    again = app.test_client()
    assert come_back(again, town, provider).status_code == 303
    assert is_in(again, town)
    provider.lies = Lies(claims={"sub": "another-mia"})
    thief = app.test_client()
    assert come_back(thief, town, provider).status_code == 403
    assert not is_in(thief, town)


def test_the_same_subject_at_another_provider_row_is_another_person(client, app, town, provider, given):
    come_back(client, town, provider)
    town.provider_id = given.row(
        "identity_providers",
        tenant_id=town.tenant_id,
        name="Second",
        issuer=provider.issuer,
        client_id=provider.client_id,
        client_secret=provider.client_secret,
    )
    assert come_back(app.test_client(), town, provider).status_code == 403


def test_a_blocked_member_does_not_come_in(client, town, provider, given):
    come_back(client, town, provider)
    given.change("update members set state = 'blocked' where id = %s", town.mia)
    assert come_back(client, town, provider).status_code == 403


def test_a_provider_that_was_switched_off_is_not_found(client, town, provider, given):
    given.change("update identity_providers set enabled = false where id = %s", town.provider_id)
    assert town.leave(client).status_code == 404
    assert client.get(f"/choices/{town.slug}").json == []


def test_a_tenant_that_is_not_public_yet_has_its_sign_in_by_name_and_a_closed_one_has_none(client, town, given):
    given.change("update tenants set state = 'sandbox' where id = %s", town.tenant_id)
    assert client.get(f"/choices/{town.slug}").json == [str(town.provider_id)]
    given.change("update tenants set state = 'suspended' where id = %s", town.tenant_id)
    assert client.get(f"/choices/{town.slug}").status_code == 404
    assert client.get("/choices/nobody-here").status_code == 404


@pytest.mark.parametrize("evil", ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_the_way_on_stays_on_this_site(client, town, provider, evil):
    promised = provider.leave(town.leave(client, next=evil).location)
    answer = client.get(town.callback, query_string={"code": "code", "state": promised["state"]})
    assert answer.location == f"/portal/{town.slug}/"


def test_a_changed_row_is_used_at_once(client, town, provider, given):
    come_back(client, town, provider)
    given.change("update identity_providers set client_id = 'renamed', version = 2 where id = %s", town.provider_id)
    assert provider.leave(town.leave(client).location)["client_id"] == "renamed"


@pytest.mark.parametrize("issuer", ["{plain}", "https://127.0.0.1:{port}", "https://localhost:{port}", "https://[::1]:{port}",
                                    "https://169.254.169.254", "https://10.0.0.1", "https://[::ffff:127.0.0.1]:{port}", "file:///etc/passwd"])  # fmt: skip
def test_a_tenants_address_inside_our_network_is_not_fetched(settings, provider, given, issuer):
    strict = make_app(replace(settings, oidc_allow_private=False))
    port = urlsplit(provider.issuer).port
    town = Town(given, provider, issuer=issuer.format(plain=provider.issuer, port=port))
    answer = town.leave(strict.test_client())
    assert answer.status_code == 400
    assert answer.json["reason"] in {"provider-address-refused", "provider-away"}
    with strict.app_context():
        databases().dispose()


@pytest.mark.parametrize(
    "host",
    ["localhost", "127.0.0.1", "0.0.0.0", "10.1.2.3", "192.168.1.1", "100.64.0.1", "::1", "fe80::1", "::ffff:8.8.8.8"],  # noqa: S104
)
def test_only_public_addresses_are_connected_to(host):
    with pytest.raises(AddressRefused):
        public_address(host, 443)


def test_a_public_address_is_let_through():
    assert public_address("192.0.43.8", 443) == "192.0.43.8"


@pytest.mark.parametrize("text", [BSN, "123456782", "010464554", "10464554"])
def test_a_bsn_is_known_by_its_eleven_test(text):
    assert oidc_client.looks_like_bsn(text)


@pytest.mark.parametrize("text", ["12345678", "123456789", "", "00000000", "abc111222333", "1112223331", "١١١٢٢٢٣٣٣"])
def test_other_subjects_are_no_bsn(text):
    assert not oidc_client.looks_like_bsn(text)


def test_someone_who_opens_an_organisation_signs_in_at_the_platforms_provider(settings, provider):
    app = make_app(
        replace(
            settings,
            oidc_issuer=provider.issuer,
            oidc_client_id=provider.client_id,
            oidc_client_secret=provider.client_secret,
        )
    )
    client = app.test_client()
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
    with app.app_context():
        databases().dispose()


def test_a_row_that_uses_the_platforms_client_comes_back_at_the_platforms_address(settings, provider, given):
    app = make_app(
        replace(
            settings,
            oidc_issuer=provider.issuer,
            oidc_client_id=provider.client_id,
            oidc_client_secret=provider.client_secret,
        )
    )
    client = app.test_client()
    town = Town(given, provider, client_secret="")
    promised = provider.leave(town.leave(client).location)
    query = parse_qs(f"code=code&state={promised['state']}")
    assert client.get(town.callback, query_string=query, headers=JSON).status_code == 400
    promised = provider.leave(town.leave(client).location)
    back = client.get(portal_sign_in.PLATFORM_CALLBACK, query_string={"code": "code", "state": promised["state"]})
    assert back.location == f"/portal/{town.slug}/"
    assert is_in(client, town)
    with app.app_context():
        databases().dispose()
