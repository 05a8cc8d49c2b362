# SPDX-License-Identifier: EUPL-1.2
"""Whom a good answer lets in: who was invited, and from then on by the subject."""

import pytest

from tests.identity.hostile_provider import Lies
from tests.identity.openid.attempts import come_back, is_in


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
