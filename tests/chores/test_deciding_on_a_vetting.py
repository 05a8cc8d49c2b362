# SPDX-License-Identifier: EUPL-1.2
"""An organisation invites, accepts until a day, refuses and ends; the database has its own word on it (R30)."""

from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import text

from heitje.chores.errors import OwnVetting, VettingDecided
from heitje.chores.models import Vetting
from heitje.chores.vetting import (
    LONGEST,
    accept_vetting,
    invite_to_vetting,
    own_vettings,
    refuse_vetting,
    revoke_vetting,
    vetting_for_staff,
    vettings_asked,
)
from heitje.clock import local_day
from heitje.errors import InvalidInput, NotAllowed
from heitje.identity.roles import Role
from tests.fixtures.vettings import acts_on, in_a_year, told


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
