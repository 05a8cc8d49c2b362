# SPDX-License-Identifier: EUPL-1.2
"""Staff get to know who wants to do chores with people who need care: see who asks, write, accept, refuse, end (R30)."""

from datetime import timedelta
from re import findall, search

import pytest

from heitje.clock import local_day, now
from heitje.identity.roles import Role


@pytest.fixture
def tenant(given):
    return given.tenant("Zorgkring Lampenlicht", kind="care")


@pytest.fixture
def approver(signed_in, tenant):
    return signed_in(tenant.approver)


def list_of(tenant, show=""):
    return f"/portal/{tenant.slug}/vetting{show}"


def page_of(tenant, vetting):
    return f"/portal/{tenant.slug}/vetting/{vetting.id}"


def text(answer):
    return answer.get_data(as_text=True)


def test_who_asks_stands_in_the_list_and_in_the_count(approver, given, tenant):
    given.asked(given.citizen("Leyla Vraagt"), tenant)

    page = text(approver.get(list_of(tenant)))

    assert "Leyla Vraagt" in page
    assert "Zorg en gezelschap" in page
    assert 'class="count">1<' in page


def test_an_organisation_where_nobody_asked_reads_how_people_ask(approver, tenant):
    assert "Geen aanvragen" in text(approver.get(list_of(tenant)))
    assert "Nog niemand is toegelaten" in text(approver.get(list_of(tenant, "?show=valid")))


def test_a_note_is_sent_and_can_be_read_again(approver, given, tenant):
    asked = given.asked(given.citizen(), tenant)
    address = page_of(tenant, asked)

    empty = approver.submit(f"{address}/invite", address, **{"invite-note": ""})
    sent = approver.submit(f"{address}/invite", address, **{"invite-note": "Kom dinsdag om 10 uur met uw VOG."})

    assert (empty.status_code, sent.status_code) == (422, 303)
    page = text(approver.get(address))
    assert "Kom dinsdag om 10 uur met uw VOG." in page
    assert "Over de afspraak geschreven" in page


def test_accepting_wants_a_day_and_that_it_was_seen(approver, given, tenant):
    citizen = given.citizen("Trees Toegelaten")
    asked = given.asked(citizen, tenant)
    address, day = page_of(tenant, asked), local_day(now()) + timedelta(days=400)

    unseen = approver.submit(f"{address}/accept", address, **{"accept-valid_until": day.isoformat()})
    past = approver.submit(f"{address}/accept", address, **{"accept-valid_until": "2020-01-01", "accept-seen": "y"})
    done = approver.submit(f"{address}/accept", address, **{"accept-valid_until": day.isoformat(), "accept-seen": "y"})

    assert (unseen.status_code, past.status_code, done.status_code) == (422, 422, 303)
    assert "Vink dit aan" in text(unseen)
    assert "Kies een dag in de toekomst" in text(past)
    assert "Trees Toegelaten" in text(approver.get(list_of(tenant, "?show=valid")))
    assert day.strftime("%d-%m-%Y") in text(approver.get(list_of(tenant, "?show=valid")))
    chore = given.chore(tenant, category_code="care", evidence=["hours"])
    assert given.claim(citizen, chore).state == "held"


def test_refusing_says_why_and_leaves_nothing_to_decide(approver, given, tenant):
    asked = given.asked(given.citizen(), tenant)
    address = page_of(tenant, asked)

    silent = approver.submit(f"{address}/refuse", address, **{"refuse-reason": ""})
    said = approver.submit(f"{address}/refuse", address, **{"refuse-reason": "Wij hebben nu genoeg mensen."})

    assert (silent.status_code, said.status_code) == (422, 303)
    page = text(approver.get(address))
    assert "Wij hebben nu genoeg mensen." in page
    assert "Er is nu niets te beslissen" in page


def test_ending_says_what_is_still_under_way(approver, given, tenant):
    citizen = given.citizen()
    vetting = given.vetted(citizen, tenant)
    given.claim(citizen, given.chore(tenant, category_code="care", evidence=["hours"]))
    address = page_of(tenant, vetting)
    assert "Er loopt 1 klus: die aanmelding blijft." in text(approver.get(address))

    answer = approver.submit(f"{address}/revoke", address, **{"revoke-reason": "Er kwam een melding binnen."})

    assert answer.status_code == 303
    page = text(approver.get(address))
    assert "Toelating gestopt" in page
    assert "Er loopt nog 1 klus" in page


def test_what_a_colleague_decided_meanwhile_is_said_at_the_form(approver, given, tenant, signed_in):
    asked = given.asked(given.citizen(), tenant)
    address = page_of(tenant, asked)
    open_page = approver.get(address)
    assert open_page.status_code == 200
    signed_in(tenant.owner).submit(f"{address}/refuse", address, **{"refuse-reason": "Helaas niet."})

    token = search(r'name="csrf_token" value="([^"]*)"', text(open_page))[1]
    answer = approver.post(f"{address}/refuse", data={"csrf_token": token, "refuse-reason": "Ook nee."})
    late = approver.post(f"{address}/invite", data={"csrf_token": token, "invite-note": "Kom maar langs."})

    assert answer.status_code == 303  # said already: nothing changed
    assert late.status_code == 422
    assert "Helaas niet." in text(approver.get(address))


def test_nobody_accepts_themselves(signed_in, given, tenant):
    email = f"sam@{tenant.slug}.example"
    asked = given.asked(given.citizen("Sam Zelf", email=email), tenant)
    browser = signed_in(given.member(tenant.id, Role.APPROVER, email=email))
    address, day = page_of(tenant, asked), local_day(now()) + timedelta(days=30)

    answer = browser.submit(f"{address}/accept", address, **{"accept-valid_until": day.isoformat(), "accept-seen": "y"})

    assert answer.status_code == 422
    assert "Een collega moet hierover beslissen" in text(answer)


def test_only_owners_and_approvers_see_who_asks(signed_in, given, tenant):
    asked = given.asked(given.citizen("Privé Persoon"), tenant)
    for role in (Role.EDITOR, Role.FINANCE, Role.FIELD_WORKER, Role.STAFF_REPRESENTATIVE):
        browser = signed_in(given.member(tenant.id, role))
        assert browser.get(list_of(tenant)).status_code == 403
        assert browser.get(page_of(tenant, asked)).status_code == 403
        assert list_of(tenant) not in text(browser.get(f"/portal/{tenant.slug}/account"))


def test_another_organisation_finds_nothing(signed_in, given, tenant):
    asked, other = given.asked(given.citizen(), tenant), given.tenant()

    assert signed_in(other.owner).get(page_of(other, asked)).status_code == 404


def test_a_long_list_goes_on_oldest_first(approver, given, tenant):
    names = [f"Vrager {number:02}" for number in range(33)]
    for name in names:
        given.asked(given.citizen(name), tenant)

    first = text(approver.get(list_of(tenant)))
    more = findall(r'href="([^"]*after=[^"]*)"', first)[0].replace("&amp;", "&")
    second = text(approver.get(more))

    seen = findall(r"Vrager \d\d", first) + findall(r"Vrager \d\d", second)
    assert sorted(seen) == names
    assert approver.get(list_of(tenant, "?after=x")).status_code == 404
    assert approver.get(list_of(tenant, "?show=valid&after=2026-13-01~x")).status_code == 404


def test_owners_find_the_acts_by_name_in_the_history(signed_in, given, tenant):
    given.vetted(given.citizen("Hilde Historie"), tenant)

    page = text(signed_in(tenant.owner).get(f"/portal/{tenant.slug}/history"))

    assert "Hilde Historie" in page
    assert "Toegelaten" in page
