# SPDX-License-Identifier: EUPL-1.2
"""What time does to claims and chores: start-by terms pass, chores close, closed chores complete."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, joinedload

from heitje import audit
from heitje.allowance.cap import release_room
from heitje.audit import TIMER
from heitje.chores.models import DONE, UNDER_WAY, Chore, ChoreState, Claim, ClaimState
from heitje.chores.publishing import free_the_rest, lock_chore
from heitje.db.locking import find_locked
from heitje.notifications.tell import tell_citizen


def claims_due(session: Session, *, at: datetime, limit: int = 500) -> list[tuple[UUID, UUID]]:
    """List (tenant id, claim id) whose term has passed. Operator's session: ids only, never who."""
    query = (
        select(Claim.tenant_id, Claim.id)
        .where(Claim.state.in_([ClaimState.HELD.value, ClaimState.NEEDS_MORE.value]), Claim.start_by < at)
        .limit(limit)
    )
    return [(tenant_id, claim_id) for tenant_id, claim_id in session.execute(query)]


def expire_claim(session: Session, *, tenant_id: UUID, claim_id: UUID, at: datetime) -> bool:
    """End a held claim whose term passed, or send one back to the approver that got no answer; whether it did."""
    query = select(Claim).where(Claim.tenant_id == tenant_id, Claim.id == claim_id)
    claim = find_locked(session, query.options(joinedload(Claim.chore)), of=Claim)
    if claim is None or claim.start_by >= at:
        return False
    if claim.state == ClaimState.NEEDS_MORE:
        # No answer in time is no reason to lose the work: the approver decides with what is there.
        claim.state = ClaimState.SUBMITTED.value
        action = "claim.resubmitted"
    elif claim.state == ClaimState.HELD:
        claim.state = ClaimState.EXPIRED.value
        action = "claim.expired"
    else:
        return False
    claim.version += 1
    session.flush()
    if claim.state == ClaimState.EXPIRED:
        release_room(session, claim_id=claim.id)
        tell_citizen(session, claim.citizen_id, "claim-expired", claim_id=str(claim.id), title=claim.chore.title)
    audit.record(session, action, by=TIMER, subject=f"claim:{claim.id}", at=at, tenant_id=tenant_id)
    return True


def chores_due(session: Session, *, at: datetime, limit: int = 500) -> list[tuple[UUID, UUID]]:
    """List (tenant id, chore id) that are past their closing moment. Operator's session."""
    query = (
        select(Chore.tenant_id, Chore.id)
        .where(
            Chore.state.in_([ChoreState.OPEN.value, ChoreState.ON_HOLD.value, ChoreState.CLOSING.value]),
            Chore.closes_at < at,
        )
        .limit(limit)
    )
    return [(tenant_id, chore_id) for tenant_id, chore_id in session.execute(query)]


def wind_up_chore(session: Session, *, tenant_id: UUID, chore_id: UUID, at: datetime) -> str:
    """Close a chore whose time is over; complete it once no claim is under way. Returns the state it is in now."""
    chore = lock_chore(session, tenant_id, chore_id)
    if chore.closes_at >= at or chore.state not in {ChoreState.OPEN, ChoreState.ON_HOLD, ChoreState.CLOSING}:
        return chore.state
    free_the_rest(session, chore, at=at)
    claims = select(Claim.id).where(Claim.tenant_id == tenant_id, Claim.chore_id == chore_id)
    if session.scalar(select(exists(claims.where(Claim.state.in_(UNDER_WAY))))):
        new_state = ChoreState.CLOSING
    elif session.scalar(select(exists(claims.where(Claim.state.in_(DONE))))):
        new_state = ChoreState.COMPLETED
    else:
        new_state = ChoreState.EXPIRED
    if chore.state != new_state:
        chore.state = new_state.value
        chore.version += 1
        session.flush()
        audit.record(
            session, f"chore.{new_state.value}", by=TIMER, subject=f"chore:{chore_id}", at=at, tenant_id=tenant_id
        )
    return chore.state
