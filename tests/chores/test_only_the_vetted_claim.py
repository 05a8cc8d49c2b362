# SPDX-License-Identifier: EUPL-1.2
"""Chores with people who are easily hurt are for whom the organisation knows, in the code and in the database (R30)."""

from datetime import timedelta

import pytest

from heitje.chores.claims import claim_slot
from heitje.chores.errors import NotVetted
from heitje.chores.vetting import (
    accept_vetting,
    chores_under_way,
    revoke_vetting,
)
from heitje.clock import local_day


@pytest.fixture
def care_walk(given, tenant):
    return given.chore(tenant, category_code="care", title="Blokje om", evidence=["hours"], slots_count=5)


def test_a_care_walk_is_not_for_whom_the_organisation_does_not_know(given, care_walk):
    with pytest.raises(NotVetted):
        given.claim(given.citizen(), care_walk)


def test_a_request_alone_opens_nothing(given, tenant, care_walk):
    citizen = given.citizen()
    given.asked(citizen, tenant)

    with pytest.raises(NotVetted):
        given.claim(citizen, care_walk)


def test_whom_the_organisation_vetted_takes_a_slot(given, tenant, care_walk):
    citizen = given.citizen()
    given.vetted(citizen, tenant)

    assert given.claim(citizen, care_walk).state == "held"


def test_a_chore_of_another_kind_is_for_everybody(given, tenant):
    assert given.claim(given.citizen(), given.chore(tenant, category_code="green")).state == "held"


def test_each_organisation_vets_for_itself(given, care_walk):
    citizen = given.citizen()
    given.vetted(citizen, given.tenant(kind="care"))

    with pytest.raises(NotVetted):
        given.claim(citizen, care_walk)


def test_it_must_hold_until_the_day_of_the_chore(given, tenant):
    citizen = given.citizen()
    given.vetted(citizen, tenant, days=10)
    day = {"category_code": "care", "evidence": ["hours"]}
    on_the_last_day = given.chore(
        tenant, starts_at=given.at + timedelta(days=10), closes_at=given.at + timedelta(days=10, hours=2), **day
    )
    a_day_later = given.chore(
        tenant, starts_at=given.at + timedelta(days=11), closes_at=given.at + timedelta(days=11, hours=2), **day
    )

    assert given.claim(citizen, on_the_last_day).state == "held"
    with pytest.raises(NotVetted) as refused:
        given.claim(citizen, a_day_later)
    assert refused.value.facts == {"needed_until": (local_day(given.at) + timedelta(days=11)).isoformat()}


def test_a_vetting_that_is_over_opens_nothing(given, tenant, databases):
    citizen = given.citizen()
    chore = given.chore(tenant, category_code="care", evidence=["hours"], closes_at=given.at + timedelta(days=60))
    given.vetted(citizen, tenant, days=20)

    with pytest.raises(NotVetted), databases.as_citizen(citizen.id) as session:
        claim_slot(
            session,
            tenant_id=tenant.id,
            chore_id=chore.id,
            claimant=citizen.claimant,
            at=given.at + timedelta(days=21),
        )


def test_the_database_has_its_own_word_and_its_own_clock(given, tenant, care_walk, databases, as_tenant):
    citizen = given.citizen()
    asked, before = given.asked(citizen, tenant), given.at - timedelta(days=30)
    over = local_day(given.at) - timedelta(days=1)
    as_tenant(accept_vetting, asked.id, valid_until=over, by=tenant.approver, at=before)

    with pytest.raises(NotVetted) as refused, databases.as_citizen(citizen.id) as session:
        claim_slot(session, tenant_id=tenant.id, chore_id=care_walk.id, claimant=citizen.claimant, at=before)

    assert refused.value.__cause__.orig.sqlstate == "HJ040"


def test_a_claim_that_is_held_stays_when_the_vetting_is_revoked_and_the_next_is_refused(
    given, tenant, care_walk, as_tenant
):
    citizen = given.citizen()
    vetting = given.vetted(citizen, tenant)
    claim = given.claim(citizen, care_walk)
    assert as_tenant(chores_under_way, vetting) == 1

    as_tenant(revoke_vetting, vetting.id, reason="De afspraak liep anders.", by=tenant.approver, at=given.at)

    assert given.approve(tenant, given.hand_in(citizen, claim)).state == "rewarded"
    with pytest.raises(NotVetted):
        given.claim(citizen, given.chore(tenant, category_code="care", evidence=["hours"]))
