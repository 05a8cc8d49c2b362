# SPDX-License-Identifier: EUPL-1.2
"""An editor writes a chore, publishes it, stops it; what cannot be paid is refused and the draft kept (R3, R43)."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from heitje.chores.models import Attestation, Chore
from heitje.clock import local_day, now
from heitje.identity.roles import Role


@pytest.fixture
def tenant(given):
    return given.tenant()


@pytest.fixture
def line(given, tenant):
    return given.funded_line(tenant, amount_cents=100_00, name="Schone straten")


@pytest.fixture
def editor(signed_in, tenant):
    return signed_in(tenant.owner)


def filled(tenant, line, **changes):
    return {
        "title": "Bankjes verven in het park",
        "category_code": "paint",
        "description": "Schuur de planken licht op en geef ze een laag beits.",
        "good_result": "De bankjes zijn glad en groen.",
        "place_name": "Aambospark",
        "lat": "50,892",
        "lon": "5,976",
        "neighbourhood_code": "BU0917D01",
        "timing": "any",
        "closes_on": (local_day(now()) + timedelta(days=14)).isoformat(),
        "duration_minutes": "60",
        "reward_cents": "12,50",
        "slots_count": "2",
        "department_id": str(tenant.department_id),
        "budget_line_id": str(line.id),
        "evidence": "photo",
        "min_age": "16",
        "skill": "none",
        "kit_id": "",
    } | changes


def post_form(browser, address, **values):
    page = browser.get(address).get_data(as_text=True)
    hidden = {
        name: re.search(rf'name="{name}"[^>]*value="([^"]*)"', page)[1]
        for name in ("csrf_token", "idempotency_key", "version")
        if re.search(rf'name="{name}"[^>]*value="([^"]*)"', page)
    }
    return browser.post(address, data=hidden | values)


def chore_of(databases, tenant, title):
    with databases.as_tenant(tenant.id) as session:
        return session.scalar(select(Chore).where(Chore.title == title))


def draft_by_form(editor, databases, tenant, line, **changes):
    answer = post_form(editor, f"/portal/{tenant.slug}/chores/new", **filled(tenant, line, **changes))
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return answer.location.rpartition("/")[2]


def test_what_the_editor_writes_becomes_a_draft(editor, databases, tenant, line):
    draft_by_form(editor, databases, tenant, line, title="Een nieuwe klus")

    chore = chore_of(databases, tenant, "Een nieuwe klus")
    assert (chore.state, chore.reward_cents, chore.slots_count) == ("draft", 12_50, 2)
    assert chore.lat == pytest.approx(50.892)
    assert chore.evidence == ["photo"]


def test_a_form_sent_twice_makes_one_draft(editor, databases, tenant, line):
    address = f"/portal/{tenant.slug}/chores/new"
    page = editor.get(address).get_data(as_text=True)
    key = re.search(r'name="idempotency_key"[^>]*value="([^"]*)"', page)[1]
    token = re.search(r'name="csrf_token"[^>]*value="([^"]*)"', page)[1]
    values = filled(tenant, line, title="Maar één keer", idempotency_key=key, csrf_token=token)

    answers = [editor.post(address, data=values) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [303, 303]
    assert answers[0].location == answers[1].location
    with databases.as_tenant(tenant.id) as session:
        assert len(session.scalars(select(Chore).where(Chore.title == "Maar één keer")).all()) == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"title": ""}, "Vul dit in"),
        ({"lat": "", "lon": ""}, "Kies de plek op de kaart"),
        ({"reward_cents": "veel"}, "Typ een bedrag"),
        ({"reward_cents": "140"}, "hoogstens 15 Heitjes"),
        ({"duration_minutes": "4"}, "van 5 tot en met 480"),
        ({"closes_on": "2020-01-01"}, "in de toekomst"),
        ({"evidence": []}, "minstens één"),
        ({"timing": "fixed"}, "Kies de dag"),
    ],
)
def test_an_error_stands_at_its_field_and_nothing_is_kept(editor, databases, tenant, line, changes, message):
    address = f"/portal/{tenant.slug}/chores/new"

    answer = post_form(editor, address, **filled(tenant, line, good_result="Blijft staan.", **changes))

    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert message in page
    assert "Blijft staan." in page
    assert chore_of(databases, tenant, "Bankjes verven in het park") is None


def test_the_neighbourhood_follows_from_the_place(editor, databases, tenant, line):
    draft_by_form(
        editor, databases, tenant, line, title="Bij Hoensbroek", lat="50.925", lon="5.926", neighbourhood_code=""
    )

    assert chore_of(databases, tenant, "Bij Hoensbroek").neighbourhood_code == "BU0917D02"


def test_publishing_sets_the_reward_aside_and_keeps_the_words_that_were_read(editor, databases, tenant, line):
    chore_id = draft_by_form(editor, databases, tenant, line)
    address = f"/portal/{tenant.slug}/chores/{chore_id}"
    page = editor.get(address).get_data(as_text=True)
    words = re.search(r'for="attested">([^<]+)<', page)[1]

    answer = editor.submit(f"{address}/publish", address, attested="yes")

    assert answer.status_code == 303
    with databases.as_tenant(tenant.id) as session:
        signed = session.scalars(select(Attestation)).one()
        assert signed.wording == words
        assert signed.member_id == tenant.owner.member_id
    page = editor.get(f"/portal/{tenant.slug}/budget/{line.id}").get_data(as_text=True)
    assert "75,00" in page
    assert "25,00" in page


def test_without_the_statement_nothing_is_published(editor, databases, tenant, line):
    chore_id = draft_by_form(editor, databases, tenant, line, title="Zonder verklaring")
    address = f"/portal/{tenant.slug}/chores/{chore_id}"

    answer = editor.submit(f"{address}/publish", address)

    assert answer.status_code == 409
    assert chore_of(databases, tenant, "Zonder verklaring").state == "draft"


def test_a_chore_that_cannot_be_paid_is_refused_with_the_amounts_and_the_draft_kept(editor, databases, tenant, line):
    chore_id = draft_by_form(editor, databases, tenant, line, title="Te duur", slots_count="9")
    address = f"/portal/{tenant.slug}/chores/{chore_id}"

    answer = editor.submit(f"{address}/publish", address, attested="yes")

    page = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert "112,50" in page
    assert "100" in page
    assert chore_of(databases, tenant, "Te duur").state == "draft"
    with databases.as_tenant(tenant.id) as session:
        assert session.scalars(select(Attestation)).all() == []


def test_two_editors_at_once_lose_nothing(editor, signed_in, given, databases, tenant, line):
    chore_id = draft_by_form(editor, databases, tenant, line, title="Samen bewerkt")
    other = signed_in(given.member(tenant.id, Role.EDITOR, name="Eva Redacteur"))
    address = f"/portal/{tenant.slug}/chores/{chore_id}/edit"
    page = editor.get(address).get_data(as_text=True)
    hidden = {
        name: re.search(rf'name="{name}"[^>]*value="([^"]*)"', page)[1] for name in ("csrf_token", "idempotency_key")
    }
    post_form(other, address, **filled(tenant, line, title="Van de ander"))

    answer = editor.post(address, data=filled(tenant, line, title="Van mij", version="1") | hidden)

    page = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert "Van de ander" in page
    assert 'value="Van mij"' in page
    version = re.search(r'name="version"[^>]*value="(\d+)"', page)[1]
    assert version == "2"

    answer = editor.post(address, data=filled(tenant, line, title="Van mij", version=version) | hidden)
    assert answer.status_code == 303
    assert chore_of(databases, tenant, "Van mij") is not None


def test_an_open_chore_is_paused_resumed_and_closed_and_free_money_comes_back(editor, given, databases, tenant, line):
    chore = given.chore(tenant, title="Stop en ga", budget_line_id=line.id, reward_cents=10_00, slots_count=3)
    address = f"/portal/{tenant.slug}/chores/{chore.id}"

    editor.submit(f"{address}/pause", address)
    assert chore_of(databases, tenant, "Stop en ga").state == "on_hold"
    editor.submit(f"{address}/resume", address)
    assert chore_of(databases, tenant, "Stop en ga").state == "open"
    editor.submit(f"{address}/close", f"{address}/close")

    assert chore_of(databases, tenant, "Stop en ga").state == "closing"
    page = editor.get(f"/portal/{tenant.slug}/budget/{line.id}").get_data(as_text=True)
    assert ">100,00</strong>" in page


def test_a_copy_begins_with_the_words_of_the_first(editor, given, tenant, line):
    chore = given.chore(tenant, title="Het voorbeeld", budget_line_id=line.id)

    page = editor.get(f"/portal/{tenant.slug}/chores/new?copy={chore.id}").get_data(as_text=True)

    assert 'value="Het voorbeeld"' in page


def test_who_may_only_approve_cannot_write(signed_in, tenant, line):
    approver = signed_in(tenant.approver)

    assert approver.get(f"/portal/{tenant.slug}/chores/new").status_code == 403


def test_an_editor_of_another_department_cannot_publish(signed_in, given, tenant, line):
    elsewhere = given.department(tenant.id, "Zorg")
    other = signed_in(given.member(tenant.id, Role.EDITOR, department=elsewhere))
    chore = given.draft(tenant, title="Niet van u", budget_line_id=line.id)
    address = f"/portal/{tenant.slug}/chores/{chore.id}"
    page = other.get(address).get_data(as_text=True)
    assert f"{address}/publish" not in page
    token = re.search(r'name="csrf_token" value="([^"]*)"', page)[1]

    answer = other.post(f"{address}/publish", data={"csrf_token": token, "attested": "yes"})

    assert answer.status_code == 403


def test_a_sandbox_cannot_publish(signed_in, given):
    tenant = given.tenant(state="sandbox")
    line = given.funded_line(tenant)
    chore = given.draft(tenant, budget_line_id=line.id)
    editor = signed_in(tenant.owner)
    address = f"/portal/{tenant.slug}/chores/{chore.id}"
    page = editor.get(address).get_data(as_text=True)
    token = re.search(r'name="csrf_token" value="([^"]*)"', page)[1]

    assert editor.post(f"{address}/publish", data={"csrf_token": token, "attested": "yes"}).status_code == 409


def test_the_words_that_are_signed_are_those_of_the_kernel(app):
    from flask_babel import force_locale

    from heitje.chores.publishing import ATTESTATION
    from issuer_portal.chore_publishing import attestation_words

    with app.test_request_context(), force_locale("en"):
        assert attestation_words() == ATTESTATION
