# SPDX-License-Identifier: EUPL-1.2
"""How an organisation comes in: one form, a sandbox, a list of what is needed, two operators (R99, R109, R125)."""

import re
from uuid import uuid4

import pytest
from sqlalchemy import select, text

from heitje.errors import InvalidInput
from heitje.identity.models import IdentityProvider, Member, MemberRole, Tenant, TenantDetails
from heitje.identity.roles import ActingMember, Role
from heitje.jobs.models import OutboxJob
from heitje.notifications.models import Message
from tenants.admission import admit_tenant
from tenants.branding import Contacts, change_contacts
from tenants.errors import KvkNumberTaken, NotReadyToGoLive, NotVerifying, SecondOperatorNeeded
from tenants.go_live import AGREEMENT_VERSION, accept_agreement, checklist, request_go_live
from tenants.onboarding import suggested_slug
from tenants.staff_news import tell_staff

FORM = {
    "name": "Gemeente Nieuwstad",
    "kind": "municipality",
    "slug": "",
    "kvk_number": "12345678",
    "departments": "Groen\nZorg en welzijn\n\nGroen",
    "billing_email": "Facturen@nieuwstad.example",
    "billing_reference": "HEITJE",
    "address": "Markt 1\n6411 AA Nieuwstad",
    "privacy_contact": "fg@nieuwstad.example",
    "brand_colour": "#0B5A8C",
}


@pytest.fixture
def founder(browser_with):
    """Returns a browser of somebody who signed in through the platform's provider."""

    def sign_in(subject="anna"):
        identity = {
            "issuer": "https://accounts.example.org",
            "subject": subject,
            "email": f"{subject}@nieuwstad.example",
            "email_verified": True,
            "name": "Anna Aanvoerder",
        }
        return browser_with({"verified_identity": identity})

    return sign_in


def fill_in(browser, **changes):
    page = browser.get("/portal/new").get_data(as_text=True)
    token = re.search(r'name="csrf_token"[^>]*value="([^"]*)"', page)[1]
    return browser.post("/portal/new", data=FORM | {"csrf_token": token} | changes)


def tenant_id_of(databases, slug):
    with databases.across_tenants() as session:
        return session.scalar(select(Tenant.id).where(Tenant.slug == slug))


def by_owner(databases, tenant_id):
    with databases.as_tenant(tenant_id) as session:
        member = session.scalars(select(Member).where(Member.state == "active")).first()
    return ActingMember(
        tenant_id=tenant_id, member_id=member.id, roles=frozenset((role, None) for role in (Role.OWNER, Role.FINANCE))
    )


@pytest.fixture
def opened(founder, databases):
    """A sandbox that was opened through the form."""
    answer = fill_in(founder(), name=f"Stichting {uuid4().hex[:8]}", kvk_number=f"{uuid4().int % 10**8:08d}")
    assert answer.status_code == 303
    return tenant_id_of(databases, answer.location.split("/")[2])


def make_ready(given, databases, tenant_id):
    by = by_owner(databases, tenant_id)
    given.member(tenant_id, Role.OWNER)
    with databases.as_tenant(tenant_id) as session:
        contacts = Contacts(
            billing_email="a@b.example", billing_reference="", address="Markt 1", privacy_contact="fg@b.example",
            non_displacement_policy="De ondernemingsraad kijkt mee.",
        )  # fmt: skip
        change_contacts(session, contacts, by=by, at=given.at)
        accept_agreement(session, by=by, at=given.at)
    return by


def test_one_form_opens_a_sandbox_with_its_first_owner(founder, databases, given):
    browser = founder()

    answer = fill_in(browser)

    assert answer.status_code == 303
    assert answer.location == "/portal/gemeente-nieuwstad/go-live"
    tenant_id = tenant_id_of(databases, "gemeente-nieuwstad")
    with databases.as_tenant(tenant_id) as session:
        tenant = session.get_one(Tenant, tenant_id)
        assert (tenant.state, tenant.brand_colour) == ("sandbox", "#0b5a8c")
        details = session.get_one(TenantDetails, tenant_id)
        assert (details.kvk_number, details.scheme_id) == ("12345678", given.scheme_id)
        member = session.scalars(select(Member)).one()
        assert (member.subject, member.state, member.name) == ("anna", "active", "Anna Aanvoerder")
        roles = set(session.scalars(select(MemberRole.role)))
        assert roles == {"owner", "finance", "editor", "approver"}
        assert session.scalars(select(IdentityProvider)).one().issuer == "https://accounts.example.org"
        names = session.execute(text("select name from departments order by name")).scalars().all()
        assert names == ["Groen", "Zorg en welzijn"]
    page = browser.get("/portal/gemeente-nieuwstad/").get_data(as_text=True)
    assert "Anna" in page
    assert "Wat nodig is" in browser.get(answer.location).get_data(as_text=True)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"kvk_number": "1234"}, "8 cijfers"),
        ({"kvk_number": "１２３４５６７８"}, "8 cijfers"),
        ({"name": ""}, "Vul dit in"),
        ({"slug": "Met Hoofdletters"}, "kleine letters"),
        ({"departments": "  \n "}, "afdeling"),
        ({"billing_email": "geen adres"}, "e-mailadres"),
        ({"brand_colour": "rood"}, "kleur"),
        ({"kind": "gang"}, "keuze"),
    ],
)
def test_a_field_that_is_wrong_says_so_and_opens_nothing(founder, databases, changes, message):
    browser = founder(subject="fout")

    answer = fill_in(browser, **({"slug": "nooit-geopend"} | changes))

    assert answer.status_code == 422
    assert message in answer.get_data(as_text=True)
    assert tenant_id_of(databases, "nooit-geopend") is None


def test_a_name_or_number_that_is_taken_gets_the_same_answer(founder, databases):
    first = fill_in(founder(subject="een"), name="Zelfde Naam", kvk_number="87654321")
    second = fill_in(founder(subject="twee"), name="Zelfde Naam", kvk_number="87654321")

    assert first.status_code == second.status_code == 303
    assert first.location == "/portal/zelfde-naam/go-live"
    assert second.location == "/portal/zelfde-naam-2/go-live"


def test_words_of_the_portal_itself_are_no_short_names(founder):
    answer = fill_in(founder(), slug="sign-in", kvk_number="11112222")

    assert answer.location == "/portal/sign-in-2/go-live"


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Gemeente Heerlen", "gemeente-heerlen"),
        ("Zorggroep 't Höfke & Zn.", "zorggroep-t-hofke-zn"),
        ("1e Hulp", "organisatie-1e-hulp"),
        ("日本", "organisatie"),
        ("A" * 90, "a" * 36),
    ],
)
def test_a_short_name_is_made_of_the_name(name, slug):
    assert suggested_slug(name) == slug


def test_without_signing_in_there_is_no_form(visitor):
    assert visitor.get("/portal/new").location == "/portal/"
    page = visitor.get("/portal/").get_data(as_text=True)
    assert "Meedoen als organisatie" in page
    assert "/organisations/sign-in" in page


def test_a_portal_is_found_by_its_name_and_an_unknown_name_is_told(visitor, given):
    ours = given.tenant("Gemeente Vindbaar")

    found = visitor.get("/portal/go", query_string={"name": ours.slug.replace("-", " ").upper()})
    lost = visitor.get("/portal/go", query_string={"name": "vindbaar"}, follow_redirects=True)

    assert found.headers["Location"] == f"/portal/{ours.slug}/sign-in"
    assert "Wij kennen geen organisatie “vindbaar”" in lost.get_data(as_text=True)
    assert 'value="vindbaar"' in lost.get_data(as_text=True)
    assert 'href="/portal/"' in visitor.get("/portal/vindbaar/sign-in").get_data(as_text=True)


def test_the_list_says_what_is_missing_and_the_request_waits_for_it(databases, given, opened):
    by = by_owner(databases, opened)
    with databases.as_tenant(opened) as session:
        missing = {checked.point.value for checked in checklist(session, opened) if not checked.is_done}
        assert missing == {"owners", "policy", "agreement"}
        with pytest.raises(NotReadyToGoLive) as refusal:
            request_go_live(session, by=by, at=given.at)
        assert set(refusal.value.facts["missing"]) == missing


def test_the_agreement_is_accepted_with_version_moment_and_person(signed_in, databases, given, opened):
    by = by_owner(databases, opened)
    with databases.as_tenant(opened) as session:
        slug = session.get_one(Tenant, opened).slug
    browser = signed_in(by)
    address = f"/portal/{slug}/agreement"

    assert browser.submit(address, address).status_code == 303

    with databases.as_tenant(opened) as session:
        details = session.get_one(TenantDetails, opened)
        assert details.agreement_version == AGREEMENT_VERSION
        assert details.agreement_accepted_by == by.member_id
        assert details.agreement_accepted_at is not None


def test_two_operators_let_an_organisation_take_part_and_its_people_are_told(databases, given, opened, operator):
    by = make_ready(given, databases, opened)
    with databases.as_tenant(opened) as session:
        request_go_live(session, by=by, at=given.at)
    (first, _), (second, _) = operator(), operator()

    with databases.across_tenants() as session:
        tenant = admit_tenant(session, opened, operator=first, decision="admit", reason="", at=given.at)
        assert tenant.state == "verifying"
    with databases.across_tenants() as session:
        tenant = admit_tenant(session, opened, operator=second, decision="admit", reason="", at=given.at)
        assert tenant.state == "live"
        assert session.get_one(TenantDetails, opened).kvk_confirmed
        job = session.scalars(
            select(OutboxJob).where(OutboxJob.scope_id == opened, OutboxJob.job == "tenants.tell_staff")
        ).one()

    with databases.as_tenant(opened) as session:
        tell_staff(session, **job.arguments)
        kinds = session.scalars(select(Message.kind)).all()
    assert kinds == ["tenant-admitted", "tenant-admitted"]


def test_one_operator_alone_admits_nobody(databases, given, opened, operator):
    by = make_ready(given, databases, opened)
    with databases.as_tenant(opened) as session:
        request_go_live(session, by=by, at=given.at)
    alone, _ = operator()

    with databases.across_tenants() as session:
        admit_tenant(session, opened, operator=alone, decision="admit", reason="", at=given.at)
    with pytest.raises(SecondOperatorNeeded), databases.across_tenants() as session:
        admit_tenant(session, opened, operator=alone, decision="admit", reason="", at=given.at)


def test_a_refusal_needs_a_reason_sends_it_back_and_starts_the_count_anew(databases, given, opened, operator):
    by = make_ready(given, databases, opened)
    (first, _), (second, _) = operator(), operator()
    with databases.as_tenant(opened) as session:
        request_go_live(session, by=by, at=given.at)
    with databases.across_tenants() as session:
        admit_tenant(session, opened, operator=first, decision="admit", reason="", at=given.at)
    with pytest.raises(InvalidInput), databases.across_tenants() as session:
        admit_tenant(session, opened, operator=second, decision="refuse", reason=" ", at=given.at)
    from datetime import timedelta

    later = given.at + timedelta(minutes=1)
    with databases.across_tenants() as session:
        tenant = admit_tenant(session, opened, operator=second, decision="refuse", reason="Wie tekent?", at=later)
        assert tenant.state == "sandbox"

    later += timedelta(minutes=1)
    with databases.as_tenant(opened) as session:
        request_go_live(session, by=by, at=later)
    with databases.across_tenants() as session:
        tenant = admit_tenant(session, opened, operator=second, decision="admit", reason="", at=later)
        assert tenant.state == "verifying"


def test_only_a_request_is_decided(databases, given, opened, operator):
    someone, _ = operator()

    with pytest.raises(NotVerifying), databases.across_tenants() as session:
        admit_tenant(session, opened, operator=someone, decision="admit", reason="", at=given.at)


def test_a_number_of_an_admitted_organisation_is_admitted_only_once(founder, databases, given, operator):
    (first, _), (second, _) = operator(), operator()
    ids = []
    for subject in ("kvk-een", "kvk-twee"):
        answer = fill_in(founder(subject=subject), name=f"Tweeling {subject}", kvk_number="55556666")
        tenant_id = tenant_id_of(databases, answer.location.split("/")[2])
        by = make_ready(given, databases, tenant_id)
        with databases.as_tenant(tenant_id) as session:
            request_go_live(session, by=by, at=given.at)
        ids.append(tenant_id)

    with databases.across_tenants() as session:
        admit_tenant(session, ids[0], operator=first, decision="admit", reason="", at=given.at)
        admit_tenant(session, ids[0], operator=second, decision="admit", reason="", at=given.at)
    with databases.across_tenants() as session:
        admit_tenant(session, ids[1], operator=first, decision="admit", reason="", at=given.at)
        with pytest.raises(KvkNumberTaken):
            admit_tenant(session, ids[1], operator=second, decision="admit", reason="", at=given.at)


def test_an_organisation_cannot_admit_itself(databases, opened):
    from sqlalchemy.exc import DBAPIError

    for statement in (
        "update tenants set state = 'live'",
        "update tenant_details set kvk_confirmed = true",
        "insert into tenant_admissions (tenant_id, operator_id, decision) values (scope_tenant(), scope_tenant(), 'admit')",
    ):
        with pytest.raises(DBAPIError, match="permission denied"), databases.as_tenant(opened) as session:
            session.execute(text(statement))
