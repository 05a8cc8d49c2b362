# SPDX-License-Identifier: EUPL-1.2
"""Operators see organisations and decide on them over the admin API; nobody else does."""

from uuid import uuid4

import pytest

from heitje.identity.roles import Role
from tenants.branding import Contacts, change_contacts
from tenants.go_live import accept_agreement, request_go_live

API = "/api/v1/admin/tenants"


@pytest.fixture
def verifying(given, databases):
    tenant = given.tenant(f"Wacht {uuid4().hex[:6]}", state="sandbox")
    given.member(tenant.id, Role.OWNER)
    with databases.as_tenant(tenant.id) as session:
        contacts = Contacts(
            billing_email="a@b.example", billing_reference="", address="Markt 1", privacy_contact="fg@b.example",
            non_displacement_policy="Beleid.",
        )  # fmt: skip
        change_contacts(session, contacts, by=tenant.owner, at=given.at)
        accept_agreement(session, by=tenant.owner, at=given.at)
        request_go_live(session, by=tenant.owner, at=given.at)
    return tenant


def decide(visitor, token, tenant, key=None, **said):
    headers = {"Authorization": token, "Idempotency-Key": key or uuid4().hex}
    return visitor.post(f"{API}/{tenant.id}/decisions", json=said, headers=headers)


def test_two_operators_make_it_live(visitor, operator, verifying):
    (_, first), (_, second) = operator(), operator()

    one = decide(visitor, first, verifying, decision="admit")
    two = decide(visitor, second, verifying, decision="admit")

    assert (one.status_code, two.status_code) == (201, 201)
    assert one.json["state"] == "verifying"
    assert two.json["state"] == "live"
    assert two.json["kvkConfirmed"] is True
    assert [said["decision"] for said in two.json["decisions"]] == ["admit", "admit"]


def test_the_same_request_twice_counts_once(visitor, operator, verifying):
    _, token = operator()
    key = uuid4().hex

    answers = [decide(visitor, token, verifying, key=key, decision="admit") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].data == answers[1].data
    again = decide(visitor, token, verifying, decision="admit")
    assert again.status_code == 409
    assert again.json["type"] == "/problems/second-operator-needed"


def test_organisations_are_listed_by_state_and_paged(visitor, operator, verifying):
    _, token = operator()

    answer = visitor.get(f"{API}?state=verifying&pageSize=1", headers={"Authorization": token})

    assert answer.status_code == 200
    assert answer.json[0]["id"] == str(verifying.id)
    assert answer.json[0]["kvkNumber"]
    assert 'rel="next"' in answer.headers.get("Link", "")
    assert visitor.get(f"{API}?after=nonsense", headers={"Authorization": token}).status_code == 404


def test_one_organisation_shows_what_a_decision_needs_and_no_people(visitor, operator, verifying):
    _, token = operator()

    answer = visitor.get(f"{API}/{verifying.id}", headers={"Authorization": token})

    assert answer.json["nonDisplacementPolicy"] == "Beleid."
    assert answer.json["agreementVersion"]
    assert b"Olga" not in answer.data


@pytest.mark.parametrize(
    "said", [{}, {"decision": "maybe"}, {"decision": "refuse"}, {"decision": "admit", "state": "live"}, {"decision": 1}]
)
def test_what_cannot_be_read_is_said_and_changes_nothing(visitor, operator, verifying, said):
    _, token = operator()

    answer = decide(visitor, token, verifying, **said)

    assert answer.status_code == 400
    assert answer.content_type == "application/problem+json"
    assert answer.json["errors"]
    case = visitor.get(f"{API}/{verifying.id}", headers={"Authorization": token}).json
    assert (case["state"], case["decisions"]) == ("verifying", [])


def test_nobody_else_decides(visitor, signed_in, verifying):
    for browser in (visitor, signed_in(verifying.owner)):
        assert browser.get(API).status_code == 401
        assert browser.post(f"{API}/{verifying.id}/decisions", json={"decision": "admit"}).status_code == 401


def test_an_organisation_that_is_not_there_is_not_found(visitor, operator):
    _, token = operator()

    assert visitor.get(f"{API}/{uuid4()}", headers={"Authorization": token}).status_code == 404
