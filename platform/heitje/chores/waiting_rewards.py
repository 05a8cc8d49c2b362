# SPDX-License-Identifier: EUPL-1.2
"""Rewards of approved work that wait for room under the yearly cap: each is tried again every day until it is paid.

The design says that the room of a claim moves along when the approval falls in the next year, if there is room in that
year, and leaves the case without room to the citizen and the ruling. What is chosen here, in favour of the citizen:

- The reward counts in the year in which it is paid, under the rules then in force: that is when the citizen has it.
- It is paid as soon as it fits, not only in the next year: the same year gets room again when a claim ends unpaid.
- Who was approved first is tried first; a smaller reward that fits need not wait for a larger one that does not.
- Shortly after midnight, so that on 1 January what was earned goes before what is newly claimed.
- It stays reserved and is never lost, however long it takes: also when its budget line or chore is over by then.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from heitje import audit
from heitje.audit import TIMER
from heitje.chores.decisions import settle_reward
from heitje.chores.models import Claim, ClaimState
from heitje.db.locking import find_locked
from heitje.notifications.tell import tell_citizen


def rewards_waiting(session: Session) -> list[tuple[UUID, UUID]]:
    """List (tenant id, claim id) of approved claims that were not paid, first approved first. Operator's session."""
    query = (
        select(Claim.tenant_id, Claim.id)
        .where(Claim.state == ClaimState.APPROVED.value)
        .order_by(Claim.decided_at, Claim.id)
    )
    return [(tenant_id, claim_id) for tenant_id, claim_id in session.execute(query)]


def pay_waiting_reward(session: Session, *, tenant_id: UUID, claim_id: UUID, at: datetime) -> bool:
    """Pay an approved claim if there is room now, exactly once, and tell the citizen; whether it did."""
    query = select(Claim).where(
        Claim.tenant_id == tenant_id, Claim.id == claim_id, Claim.state == ClaimState.APPROVED.value
    )
    claim = find_locked(session, query.options(joinedload(Claim.chore)), of=Claim)
    if claim is None:
        return False
    transfer_id = settle_reward(session, claim, at=at)
    if transfer_id is None:
        return False
    audit.record(
        session,
        "claim.rewarded",
        by=TIMER,
        subject=f"claim:{claim.id}",
        at=at,
        # Not in the tenant's own record: that somebody's year was full is not for issuers to know.
        transfer_id=transfer_id,
        reward_cents=claim.reward_cents,
    )
    tell_citizen(
        session,
        claim.citizen_id,
        "claim-rewarded",
        claim_id=str(claim.id),
        title=claim.chore.title,
        reward_cents=claim.reward_cents,
    )
    return True
