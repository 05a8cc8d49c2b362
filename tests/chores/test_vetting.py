# SPDX-License-Identifier: EUPL-1.2
"""Chores with people who are easily hurt are for whom the organisation knows: asked, seen, until a day (R30)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import select, text

from heitje.audit import AuditEvent
from heitje.chores.claims import claim_slot
from heitje.chores.errors import NotVetted, OwnVetting, VettingDecided, VettingNotNeeded
from heitje.chores.models import Vetting
from heitje.chores.vetted import vetting_of
from heitje.chores.vetting import (
    LONGEST,
    accept_vetting,
    ask_to_be_vetted,
    chores_under_way,
    invite_to_vetting,
    own_vettings,
    refuse_vetting,
    revoke_vetting,
    vetting_for_staff,
    vettings_asked,
    vettings_in_force,
    withdraw_request,
)
from heitje.clock import local_day
from heitje.errors import InvalidInput, NotAllowed, NotFound
from heitje.identity.roles import Role
from heitje.notifications.models import Message


@pytest.fixture
def tenant(given):
    return given.tenant("Zorgkring Lampenlicht", kind="care")


@pytest.fixture
def care_walk(given, tenant):
    return given.chore(tenant, category_code="care", title="Blokje om", evidence=["hours"], slots_count=5)


@pytest.fixture
def as_tenant(databases, tenant):
    """Run one act of the staff in a transaction of its own."""

    def act(what, *args, **kwargs):
        with databases.as_tenant(tenant.id) as session:
            return what(session, *args, **kwargs)

    return act


def in_a_year(given):
    return local_day(given.at) + timedelta(days=365)


def told(databases, citizen):
    with databases.as_citizen(citizen.id) as session:
        return {message.kind: message.facts for message in session.scalars(select(Message))}


def acts_on(databases, tenant, vetting):
    with databases.as_tenant(tenant.id) as session:
        query = select(AuditEvent.action).where(AuditEvent.subject == f"vetting:{vetting.id}").order_by(AuditEvent.id)
        return list(session.scalars(query))


# ---- who may claim ----


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


# ---- asking and taking back ----


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


# ---- deciding ----


def test_the_citizen_reads_what_to_bring_and_where_and_it_is_gone_when_decided(given, tenant, databases, as_tenant):
    citizen = given.citizen()
    asked = given.asked(citizen, tenant)
    note = "Neem uw VOG mee. Dinsdag 10 uur, ontmoetingshuis."

    as_tenant(invite_to_vetting, asked.id, note=note, by=tenant.approver, at=given.at)

    facts = told(databases, citizen)["vetting-invited"]
    assert facts == {"organisation": tenant.name, "category": "care", "note": note}
    with databases.as_citizen(citizen.id) as session:
        assert own_vettings(session, citizen.id)[0].appointment == note
    as_tenant(accept_vetting, asked.id, valid_until=in_a_year(given), by=tenant.approver, at=given.at)
    with databases.as_tenant(tenant.id) as session:
        assert note not in str(session.execute(text("select v.*, a.* from vettings v, audit_events a")).all())
    assert acts_on(databases, tenant, asked) == ["vetting.requested", "vetting.invited", "vetting.accepted"]


@pytest.mark.parametrize("note", ["", "x" * 501])
def test_a_note_is_neither_empty_nor_a_letter(given, tenant, as_tenant, note):
    asked = given.asked(given.citizen(), tenant)

    with pytest.raises(InvalidInput):
        as_tenant(invite_to_vetting, asked.id, note=note, by=tenant.approver, at=given.at)


def test_accepting_twice_counts_once_and_the_citizen_hears_it(given, tenant, databases, as_tenant):
    citizen = given.citizen()
    asked, until = given.asked(citizen, tenant), in_a_year(given)
    for _ in range(2):
        done = as_tenant(accept_vetting, asked.id, valid_until=until, by=tenant.approver, at=given.at)

    assert (done.state, done.valid_until, done.decided_by) == ("valid", until, tenant.approver.member_id)
    assert acts_on(databases, tenant, asked) == ["vetting.requested", "vetting.accepted"]
    assert told(databases, citizen)["vetting-accepted"]["until"] == until.strftime("%d-%m-%Y")


@pytest.mark.parametrize("days", [-1, 0, LONGEST.days + 1])
def test_a_vetting_holds_from_tomorrow_to_three_years(given, tenant, as_tenant, days):
    asked = given.asked(given.citizen(), tenant)
    day = local_day(given.at) + timedelta(days=days)

    with pytest.raises(InvalidInput) as refused:
        as_tenant(accept_vetting, asked.id, valid_until=day, by=tenant.approver, at=given.at)
    assert list(refused.value.errors) == ["valid_until"]


def test_refusing_says_why_and_the_citizen_may_ask_again(given, tenant, databases, as_tenant):
    citizen = given.citizen()
    asked = given.asked(citizen, tenant)
    for reason in (" ", "x" * 1001):
        with pytest.raises(InvalidInput):
            as_tenant(refuse_vetting, asked.id, reason=reason, by=tenant.approver, at=given.at)

    for _ in range(2):
        as_tenant(refuse_vetting, asked.id, reason="Er is nu geen plek.", by=tenant.approver, at=given.at)

    assert told(databases, citizen)["vetting-refused"]["reason"] == "Er is nu geen plek."
    assert acts_on(databases, tenant, asked) == ["vetting.requested", "vetting.refused"]
    assert given.asked(citizen, tenant).state == "requested"


def test_revoking_says_why_once(given, tenant, databases, as_tenant):
    citizen = given.citizen()
    vetting = given.vetted(citizen, tenant)

    for _ in range(2):
        as_tenant(revoke_vetting, vetting.id, reason="Er kwam een melding.", by=tenant.owner, at=given.at)

    assert told(databases, citizen)["vetting-revoked"]["reason"] == "Er kwam een melding."
    assert acts_on(databases, tenant, vetting)[-1:] == ["vetting.revoked"]


def test_each_act_fits_one_state_only(given, tenant, databases, as_tenant):
    asked, valid = given.asked(given.citizen(), tenant), given.vetted(given.citizen(), tenant)
    by = {"by": tenant.approver, "at": given.at}

    with pytest.raises(VettingDecided):
        as_tenant(revoke_vetting, asked.id, reason="x", **by)
    with pytest.raises(VettingDecided):
        as_tenant(refuse_vetting, valid.id, reason="x", **by)
    with pytest.raises(VettingDecided):
        as_tenant(invite_to_vetting, valid.id, note="Kom langs", **by)
    with pytest.raises(VettingDecided):
        as_tenant(accept_vetting, valid.id, valid_until=in_a_year(given) + timedelta(days=1), **by)


@pytest.mark.parametrize("role", [role for role in Role if role not in {Role.OWNER, Role.APPROVER}])
def test_only_owners_and_approvers_vet(given, tenant, as_tenant, role):
    asked, member = given.asked(given.citizen(), tenant), given.member(tenant.id, role)

    with pytest.raises(NotAllowed):
        as_tenant(accept_vetting, asked.id, valid_until=in_a_year(given), by=member, at=given.at)


def test_nobody_vets_themselves(given, tenant, as_tenant):
    email = f"sam@{tenant.slug}.example"
    citizen = given.citizen("Sam Zelf", email=email)
    member = given.member(tenant.id, Role.APPROVER, email=email)
    asked = given.asked(citizen, tenant)

    with pytest.raises(OwnVetting):
        as_tenant(accept_vetting, asked.id, valid_until=in_a_year(given), by=member, at=given.at)
    assert as_tenant(vetting_for_staff, asked.id).state == "requested"


# ---- the database's own word ----


def by_hand(database, scope, owner_id, statement, **values):
    with psycopg.connect(database.app_url) as connection:
        connection.execute("select set_config(%s, %s, true)", [f"heitje.{scope}_id", str(owner_id)])
        return connection.execute(statement, values).rowcount


def test_a_citizen_cannot_vet_themselves_past_the_code(given, tenant, database):
    citizen = given.citizen()
    asked = given.asked(citizen, tenant)
    values = {"t": tenant.id, "c": citizen.id, "m": tenant.approver.member_id, "v": asked.id}

    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        by_hand(
            database,
            "citizen",
            citizen.id,
            "insert into vettings (tenant_id, citizen_id, citizen_name, category_code, state, decided_at, decided_by,"
            " valid_until) values (%(t)s, %(c)s, 'x', 'care', 'valid', now(), %(m)s, current_date + 9)",
            **values,
        )
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        by_hand(
            database,
            "citizen",
            citizen.id,
            "update vettings set state = 'valid', decided_at = now(), decided_by = %(m)s,"
            " valid_until = current_date + 9 where id = %(v)s",
            **values,
        )


def test_an_organisation_sees_no_vetting_of_another_and_makes_none_up(given, tenant, database):
    citizen, other = given.citizen(), given.tenant()
    vetting = given.vetted(citizen, tenant)

    assert by_hand(database, "tenant", other.id, "select from vettings") == 0
    assert by_hand(database, "tenant", other.id, "update vettings set reason = 'x' where id = %(v)s", v=vetting.id) == 0
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        by_hand(
            database,
            "tenant",
            tenant.id,
            "insert into vettings (tenant_id, citizen_id, citizen_name, category_code) values (%(t)s, %(c)s, 'x', 'care')",
            t=tenant.id,
            c=given.citizen().id,
        )


def test_a_refused_vetting_does_not_become_valid_by_hand(given, tenant, database, as_tenant):
    asked = given.asked(given.citizen(), tenant)
    as_tenant(refuse_vetting, asked.id, reason="Nee.", by=tenant.approver, at=given.at)

    with pytest.raises(psycopg.Error) as refused:
        by_hand(
            database,
            "tenant",
            tenant.id,
            "update vettings set state = 'valid', valid_until = current_date + 9 where id = %(v)s",
            v=asked.id,
        )
    assert refused.value.sqlstate == "HJ041"


def test_requests_come_oldest_first_a_page_at_a_time(given, tenant, as_tenant):
    asked = [given.asked(given.citizen(), tenant) for _ in range(3)]
    by_age: list[Vetting] = sorted(asked, key=lambda one: (one.requested_at, one.id))

    first = as_tenant(vettings_asked, limit=2)
    rest = as_tenant(vettings_asked, after=(first[-1].requested_at, first[-1].id), limit=2)

    assert [one.id for one in [*first, *rest]] == [one.id for one in by_age]
