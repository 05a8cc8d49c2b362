# SPDX-License-Identifier: EUPL-1.2
"""For a chore with people who need care one asks to be known first, on its own page, without a script (R30)."""

from datetime import timedelta
from re import findall

import pytest

from heitje.chores.vetting import invite_to_vetting, refuse_vetting
from heitje.clock import local_day


@pytest.fixture
def tenant(given):
    return given.tenant("Zorgkring Lampenlicht", kind="care")


@pytest.fixture
def walk(given, tenant):
    return given.chore(tenant, category_code="care", title="Blokje om met een buur", evidence=["hours"])


def text(answer):
    return answer.get_data(as_text=True)


def test_a_visitor_reads_why_and_signs_in_first(visitor, walk):
    page = text(visitor.get(f"/chores/{walk.id}"))

    assert "Voor deze klus wil de organisatie u eerst kennen" in page
    assert "VOG" in page
    assert f"/sign-in?next=/chores/{walk.id}" in page.replace("%2F", "/")
    assert "Ik doe mee" not in page


def test_asking_shows_since_when_and_takes_the_button_away(signed_in, given, walk):
    browser, address = signed_in(given.citizen()), f"/chores/{walk.id}"

    assert browser.submit(f"{address}/vetting", address).status_code == 303

    page = text(browser.get(address))
    assert "Uw aanvraag ligt bij Zorgkring Lampenlicht" in page
    assert f'action="{address}/vetting"' not in page
    assert f'action="{address}/claim"' not in page


def test_a_request_is_taken_back_by_a_button(signed_in, given, tenant, walk):
    citizen = given.citizen()
    asked, browser, address = given.asked(citizen, tenant), signed_in(citizen), f"/chores/{walk.id}"

    answer = browser.submit(f"/vettings/{asked.id}/withdraw", address)

    assert (answer.status_code, answer.location) == (303, address)
    page = text(browser.get(address))
    assert "U hebt uw aanvraag ingetrokken" in page
    assert f'action="{address}/vetting"' in page


def test_who_is_vetted_reads_until_when_and_takes_part(signed_in, given, tenant, walk):
    citizen, address = given.citizen(), f"/chores/{walk.id}"
    given.vetted(citizen, tenant)
    browser = signed_in(citizen)
    assert "Zorgkring Lampenlicht kent u. Dit geldt tot en met" in text(browser.get(address))

    assert "/my-chores/" in browser.submit(f"{address}/claim", address).location


def test_who_is_not_vetted_and_sends_the_form_all_the_same_is_told_what_to_do(signed_in, given, tenant, walk):
    browser = signed_in(given.citizen())
    other = given.chore(tenant, title="Voor iedereen")

    form = text(browser.get(f"/chores/{other.id}"))
    hidden = dict(findall(r'name="(csrf_token|idempotency_key)" value="([^"]*)"', form))

    answer = browser.post(f"/chores/{walk.id}/claim", data=hidden)

    assert answer.status_code == 403
    assert "Vraag een kennismaking aan" in text(answer)


def test_a_chore_after_the_last_day_says_so_and_offers_to_ask_again(signed_in, given, tenant):
    citizen = given.citizen()
    given.vetted(citizen, tenant, days=5)
    later = given.chore(
        tenant,
        category_code="care",
        evidence=["hours"],
        starts_at=given.at + timedelta(days=8),
        closes_at=given.at + timedelta(days=8, hours=2),
    )
    browser, address = signed_in(citizen), f"/chores/{later.id}"

    assert "maar deze klus is later" in text(browser.get(address))
    browser.submit(f"{address}/vetting", address)
    assert "Uw aanvraag ligt bij" in text(browser.get(address))


def test_for_a_chore_for_everybody_asking_says_that_it_is_not_needed(signed_in, given, tenant, walk):
    browser = signed_in(given.citizen())
    plain = given.chore(tenant, title="Voor iedereen")

    hidden = dict(
        findall(r'name="(csrf_token|idempotency_key)" value="([^"]*)"', text(browser.get(f"/chores/{walk.id}")))
    )

    assert browser.post(f"/chores/{plain.id}/vetting", data=hidden).status_code == 303
    assert "geen kennismaking nodig" in text(browser.get(f"/chores/{plain.id}"))


def test_the_card_says_that_vetting_is_needed_and_others_do_not(visitor, given, tenant, walk):
    given.chore(tenant, title="Zonder kennismaking")

    assert "Kennismaking nodig" in text(visitor.get("/?q=Blokje+om"))
    assert "Kennismaking nodig" not in text(visitor.get("/?q=Zonder+kennismaking"))


def test_what_the_organisation_writes_is_among_the_messages(signed_in, given, databases, tenant):
    citizen = given.citizen()
    asked = given.asked(citizen, tenant)
    with databases.as_tenant(tenant.id) as session:
        invite_to_vetting(session, asked.id, note="Kom dinsdag met uw VOG.", by=tenant.approver, at=given.at)
        refuse_vetting(session, asked.id, reason="U was er niet.", by=tenant.approver, at=given.at)

    page = text(signed_in(citizen).get("/messages"))

    assert "Zorgkring Lampenlicht maakt graag kennis met u" in page
    assert "Kom dinsdag met uw VOG." in page
    assert "U was er niet." in page


def test_ones_own_page_and_data_tell_who_knows_one(signed_in, given, tenant):
    citizen = given.citizen()
    given.vetted(citizen, tenant)
    browser = signed_in(citizen)

    page = text(browser.get("/profile"))
    (held,) = browser.get("/profile/heitje.json").get_json()["vettings"]

    assert "Zorgkring Lampenlicht" in page
    assert "Zorg en gezelschap" in page
    assert (held["state"], held["category_code"]) == ("valid", "care")
    assert held["valid_until"] == (local_day(given.at) + timedelta(days=365)).isoformat()
