# SPDX-License-Identifier: EUPL-1.2
"""Approved work whose reward found the year full is paid as soon as there is room, once, and nobody else waits for it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import psycopg
import pytest
from sqlalchemy import select

from heitje.allowance.cap import allowance_of
from heitje.audit import AuditEvent
from heitje.chores import timer_jobs
from heitje.chores.claims import withdraw_claim
from heitje.chores.models import Claim
from heitje.chores.waiting_rewards import pay_waiting_reward, rewards_waiting
from heitje.clock import local_year, now
from heitje.config import Settings
from heitje.jobs.process import init_jobs
from heitje.jobs.run import run_outbox
from heitje.notifications.models import Message
from heitje_server.timetable import timetable

THIS_YEAR = local_year(now())
LAST_YEAR = datetime(THIS_YEAR - 1, 12, 20, 12, tzinfo=UTC)
NEW_YEAR = datetime(THIS_YEAR, 12, 31, 23, 30, tzinfo=UTC)
"""Half past midnight in Amsterdam."""


@pytest.fixture(scope="module")
def superuser(database):
    with psycopg.connect(database.superuser_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def given(given, superuser):
    """A town in which nobody may earn more than 20 Heitjes a year."""
    given.at = now()
    superuser.execute("update cap_rules set limit_cents = 2000 where scheme_id = %s", [given.scheme_id])
    return given


@pytest.fixture
def waiting(given):
    """Give a citizen's claim of last year, approved now that this year is filled by another issuer's chore."""

    def make(reward_cents=15_00, *, citizen=None, tenant=None):
        citizen, given.at = citizen or given.citizen(), LAST_YEAR
        issuer = tenant or given.tenant()
        claim = given.hand_in(citizen, given.claim(citizen, given.chore(issuer, reward_cents=reward_cents)))
        given.at = now()
        filling = given.claim(citizen, given.chore(given.tenant(), reward_cents=10_00))
        return citizen, given.approve(issuer, claim), filling

    return make


@pytest.fixture
def a_night(databases, superuser):
    """Let the night pass as schedule and worker do: the look at what waits, twice, then every job it left."""
    init_jobs(Settings(), databases=databases)

    def pass_by():
        # The night of another day: its jobs are not those of the night before.
        superuser.execute("update job_outbox set key = gen_random_uuid()::text where job = 'rewards.pay'")
        for _ in range(2):
            with databases.across_tenants() as session:
                timer_jobs.put_waiting_rewards(session)
        left = "select id::text from job_outbox where job = 'rewards.pay' and done_at is null order by created_at, id"
        for (job_id,) in superuser.execute(left).fetchall():
            run_outbox(job_id)

    yield pass_by
    init_jobs(Settings())


def state_of(databases, claim):
    with databases.as_tenant(claim.tenant_id) as session:
        return session.scalar(select(Claim.state).where(Claim.id == claim.id))


def give_back(databases, given, citizen, claim):
    with databases.as_citizen(citizen.id) as session:
        withdraw_claim(session, claim_id=claim.id, claimant=citizen.claimant, at=given.at)


def told(databases, citizen):
    with databases.as_citizen(citizen.id) as session:
        return list(session.scalars(select(Message.kind).order_by(Message.created_at)))


def test_while_the_year_is_full_the_reward_waits_and_the_citizen_reads_why(given, databases, waiting, a_night):
    citizen, claim, _ = waiting()
    a_night()
    assert state_of(databases, claim) == "approved"
    assert given.balance(citizen) == 0
    assert told(databases, citizen) == ["claim-approved-waiting"]


def test_once_there_is_room_it_is_paid_exactly_once_and_the_citizen_is_told(
    given, databases, waiting, a_night, superuser
):
    citizen, claim, filling = waiting()
    give_back(databases, given, citizen, filling)

    a_night()
    a_night()

    assert state_of(databases, claim) == "rewarded"
    assert given.balance(citizen) == 15_00
    assert told(databases, citizen) == ["claim-approved-waiting", "claim-rewarded"]
    key = f"claim:{claim.id}:reward"
    paid = superuser.execute("select count(*) from ledger_transfers where key = %s", [key]).fetchone()
    assert paid == (1,)
    with databases.as_citizen(citizen.id) as session:
        allowance = allowance_of(session, scheme_id=given.scheme_id, citizen_id=citizen.id, on=date(THIS_YEAR, 12, 1))
    assert (allowance.held_cents, allowance.committed_cents) == (0, 15_00)


def test_in_a_new_year_it_is_paid_and_counts_in_that_year(given, databases, waiting):
    citizen, claim, _ = waiting()
    with databases.as_tenant(claim.tenant_id) as session:
        assert not pay_waiting_reward(session, tenant_id=claim.tenant_id, claim_id=claim.id, at=now())
        assert pay_waiting_reward(session, tenant_id=claim.tenant_id, claim_id=claim.id, at=NEW_YEAR)

    assert given.balance(citizen) == 15_00
    with databases.as_citizen(citizen.id) as session:
        rooms = {
            year: allowance_of(session, scheme_id=given.scheme_id, citizen_id=citizen.id, on=date(year, 1, 1))
            for year in (THIS_YEAR - 1, THIS_YEAR, THIS_YEAR + 1)
        }
    assert {year: (room.held_cents, room.committed_cents) for year, room in rooms.items()} == {
        THIS_YEAR - 1: (0, 0),
        THIS_YEAR: (10_00, 0),
        THIS_YEAR + 1: (0, 15_00),
    }


def test_two_workers_at_once_pay_it_once(given, databases, waiting):
    citizen, claim, filling = waiting()
    give_back(databases, given, citizen, filling)

    def pay(_):
        with databases.as_tenant(claim.tenant_id) as session:
            return pay_waiting_reward(session, tenant_id=claim.tenant_id, claim_id=claim.id, at=now())

    with ThreadPoolExecutor(4) as workers:
        assert sorted(workers.map(pay, range(4))) == [False, False, False, True]
    assert given.balance(citizen) == 15_00


def test_one_that_cannot_be_paid_stops_no_other_and_leaves_nothing_behind(
    given, databases, waiting, a_night, superuser
):
    broken_citizen, broken, one = waiting()
    citizen, claim, other = waiting()
    give_back(databases, given, broken_citizen, one)
    give_back(databases, given, citizen, other)
    superuser.execute("update reservations set state = 'released' where slot_id = %s", [broken.slot_id])

    a_night()

    assert (state_of(databases, broken), state_of(databases, claim)) == ("approved", "rewarded")
    assert (given.balance(broken_citizen), given.balance(citizen)) == (0, 15_00)
    with databases.as_citizen(broken_citizen.id) as session:
        allowance = allowance_of(
            session, scheme_id=given.scheme_id, citizen_id=broken_citizen.id, on=date(THIS_YEAR, 12, 1)
        )
    assert allowance.committed_cents == 0
    superuser.execute("update reservations set state = 'reserved' where slot_id = %s", [broken.slot_id])
    a_night()
    assert given.balance(broken_citizen) == 15_00


def test_a_smaller_reward_that_fits_need_not_wait_for_a_larger_one(given, databases, waiting, a_night):
    citizen, large, _ = waiting(15_00)
    given.at = LAST_YEAR
    issuer = given.tenant()
    claim = given.hand_in(citizen, given.claim(citizen, given.chore(issuer, reward_cents=4_00)))
    given.at = now() + timedelta(seconds=1)
    filling = given.claim(citizen, given.chore(given.tenant(), reward_cents=8_00))
    small = given.approve(issuer, claim)
    with databases.across_tenants() as session:
        order = [claim_id for _, claim_id in rewards_waiting(session)]
    assert order.index(large.id) < order.index(small.id)

    a_night()
    assert given.balance(citizen) == 0
    give_back(databases, given, citizen, filling)
    a_night()

    assert (state_of(databases, large), state_of(databases, small)) == ("approved", "rewarded")
    assert given.balance(citizen) == 4_00


def test_the_issuer_is_not_told_that_somebodys_year_was_full(given, databases, waiting, a_night):
    citizen, claim, filling = waiting()
    give_back(databases, given, citizen, filling)
    a_night()
    of_claim = select(AuditEvent.action, AuditEvent.transfer_id).where(AuditEvent.subject == f"claim:{claim.id}")
    with databases.as_tenant(claim.tenant_id) as session:
        assert "claim.rewarded" not in [action for action, _ in session.execute(of_claim)]
        assert list(session.scalars(select(Message.kind))) == []
    with databases.across_tenants() as session:
        assert dict(session.execute(of_claim).all())["claim.rewarded"] is not None


def test_it_stands_in_the_timetable():
    assert ("rewards.waiting",) in {entry.arguments for entry in timetable()}
