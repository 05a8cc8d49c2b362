# SPDX-License-Identifier: EUPL-1.2
"""A citizen asks an organisation to get to know them, and takes the request back (R30)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from heitje.chores.errors import VettingDecided, VettingNotNeeded
from heitje.chores.vetted import vetting_of
from heitje.chores.vetting import (
    accept_vetting,
    ask_to_be_vetted,
    vetting_for_staff,
    vettings_asked,
    vettings_in_force,
    withdraw_request,
)
from heitje.clock import local_day
from heitje.errors import NotFound
from tests.fixtures.vettings import acts_on, in_a_year


def test_asking_twice_is_asking_once(given, tenant, databases):
    citizen = given.citizen()

    assert given.asked(citizen, tenant).id == given.asked(citizen, tenant).id
    assert acts_on(databases, tenant, given.asked(citizen, tenant)) == ["vetting.requested"]


def test_many_requests_at_the_same_moment_are_one(given, tenant, as_tenant):
    citizen = given.citizen()
    with ThreadPoolExecutor(6) as threads:
        asked = list(threads.map(lambda _: given.asked(citizen, tenant).id, range(12)))

    assert len(set(asked)) == 1
    assert [one.id for one in as_tenant(vettings_asked)] == asked[:1]


def test_who_is_vetted_long_enough_need_not_ask_again(given, tenant):
    citizen = given.citizen()
    vetting = given.vetted(citizen, tenant)

    assert given.asked(citizen, tenant).id == vetting.id


def test_who_is_vetted_too_short_asks_anew_and_keeps_what_holds_meanwhile(given, tenant, databases, as_tenant):
    citizen = given.citizen()
    old = given.vetted(citizen, tenant, days=10)
    with databases.as_citizen(citizen.id) as session:
        new = ask_to_be_vetted(
            session,
            tenant_id=tenant.id,
            category_code="care",
            claimant=citizen.claimant,
            until=local_day(given.at) + timedelta(days=30),
            at=given.at,
        )
        assert vetting_of(session, tenant.id, citizen.id, "care", local_day(given.at)).id == old.id

    as_tenant(accept_vetting, new.id, valid_until=in_a_year(given), by=tenant.approver, at=given.at)

    assert as_tenant(vetting_for_staff, old.id).state == "lapsed"
    assert [one.id for one in as_tenant(vettings_in_force, on=local_day(given.at))] == [new.id]


def test_for_a_kind_that_asks_for_none_there_is_no_request(given, tenant, databases):
    citizen = given.citizen()

    with pytest.raises(VettingNotNeeded), databases.as_citizen(citizen.id) as session:
        ask_to_be_vetted(
            session,
            tenant_id=tenant.id,
            category_code="green",
            claimant=citizen.claimant,
            until=local_day(given.at),
            at=given.at,
        )


def test_a_request_is_taken_back_once_and_can_be_made_again(given, tenant, databases):
    citizen = given.citizen()
    asked = given.asked(citizen, tenant)
    for _ in range(2):
        with databases.as_citizen(citizen.id) as session:
            assert withdraw_request(session, asked.id, claimant=citizen.claimant, at=given.at).state == "withdrawn"

    assert acts_on(databases, tenant, asked) == ["vetting.requested", "vetting.withdrawn"]
    assert given.asked(citizen, tenant).id != asked.id


def test_what_was_decided_is_not_taken_back(given, tenant, databases):
    citizen = given.citizen()
    vetting = given.vetted(citizen, tenant)

    with pytest.raises(VettingDecided), databases.as_citizen(citizen.id) as session:
        withdraw_request(session, vetting.id, claimant=citizen.claimant, at=given.at)


def test_anothers_request_is_not_there(given, tenant, databases):
    asked, other = given.asked(given.citizen(), tenant), given.citizen()

    with pytest.raises(NotFound), databases.as_citizen(other.id) as session:
        withdraw_request(session, asked.id, claimant=other.claimant, at=given.at)
