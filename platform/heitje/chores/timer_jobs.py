# SPDX-License-Identifier: EUPL-1.2
"""Puts the timers to work: the operator sees what is due, and each runs in its tenant's own scope and transaction."""

from uuid import UUID

from sqlalchemy.orm import Session

from heitje.chores.timers import chores_due, claims_due, expire_claim, wind_up_chore
from heitje.chores.waiting_rewards import pay_waiting_reward, rewards_waiting
from heitje.clock import local_day, now
from heitje.db.scope import Scope, scope_of
from heitje.jobs.periodic import daily, every
from heitje.jobs.queue import enqueue
from heitje.jobs.registry import job


@every(seconds=60, name="chores.timers")
def put_what_is_due(session: Session) -> None:
    """Leave a job for each claim and chore whose time is over."""
    at = now()
    # A job per minute and thing: a second schedule adds none, and one that failed is not the last.
    minute = at.strftime("%Y%m%d%H%M")
    for tenant_id, claim_id in claims_due(session, at=at):
        enqueue(session, "claims.expire", Scope(tenant_id=tenant_id), key=f"{claim_id}:{minute}", claim_id=claim_id)
    for tenant_id, chore_id in chores_due(session, at=at):
        enqueue(session, "chores.wind_up", Scope(tenant_id=tenant_id), key=f"{chore_id}:{minute}", chore_id=chore_id)


@daily(hour=0, minute=5, name="rewards.waiting")
def put_waiting_rewards(session: Session) -> None:
    """Leave a job for each approved claim that was not paid: there may be room by now."""
    today = local_day(now())
    for tenant_id, claim_id in rewards_waiting(session):
        enqueue(session, "rewards.pay", Scope(tenant_id=tenant_id), key=f"{claim_id}:{today}", claim_id=claim_id)


@job("claims.expire")
def expire(session: Session, *, claim_id: UUID) -> None:
    """End a claim whose term has passed."""
    expire_claim(session, tenant_id=_tenant_id(session), claim_id=claim_id, at=now())


@job("chores.wind_up")
def wind_up(session: Session, *, chore_id: UUID) -> None:
    """Close or complete a chore whose time is over."""
    wind_up_chore(session, tenant_id=_tenant_id(session), chore_id=chore_id, at=now())


@job("rewards.pay")
def pay_reward_now(session: Session, *, claim_id: UUID) -> None:
    """Pay a reward that waits, if there is room for it."""
    pay_waiting_reward(session, tenant_id=_tenant_id(session), claim_id=claim_id, at=now())


def _tenant_id(session: Session) -> UUID:
    tenant_id = scope_of(session).tenant_id
    if tenant_id is None:
        raise ValueError("timers run in the scope of a tenant")
    return tenant_id
