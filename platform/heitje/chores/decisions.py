# SPDX-License-Identifier: EUPL-1.2
"""An approver's side of a claim: approve and pay, reject, or ask for more. In the tenant's own scope."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.orm import Session, joinedload, selectinload

from heitje import audit
from heitje.allowance.cap import commit_room, release_room
from heitje.chores.errors import ClaimAlreadyDecided, ClaimNotSubmitted, OwnClaim
from heitje.chores.models import DONE, Chore, Claim, ClaimDecision, ClaimState
from heitje.clock import local_day
from heitje.db.locking import lock
from heitje.errors import InvalidInput, NotFound
from heitje.i18n.marks import N_
from heitje.identity.roles import ActingMember, Role
from heitje.ledger.errors import refusals
from heitje.notifications.tell import tell_citizen
from heitje.purses.promises import pay_reward

ROUNDS = 2
"""An approver may ask for more this often."""
TERM_FOR_MORE = timedelta(days=7)
REASONS = ("not_done", "not_good_enough", "wrong_place", "evidence_unclear", "other")


def approve_claim(
    session: Session, claim_id: UUID, *, by: ActingMember, at: datetime, quality: int | None = None, thanks: str = ""
) -> Claim:
    """Accept the work and pay the reward, exactly once; the citizen is thanked.

    Approving what was approved already changes nothing and returns the claim. Raises `ClaimAlreadyDecided`,
    `ClaimNotSubmitted`, `OwnClaim`, `NotAllowed` for an approver of another department.
    """
    claim = _claim_to_decide(session, claim_id, by)
    if claim.state in DONE:
        return claim
    _must_be_submitted(claim)
    _decide(session, claim, "approve", by=by, at=at, quality=quality, reason=thanks)
    claim.state = ClaimState.APPROVED.value
    claim.decided_at = at
    session.flush()
    transfer_id = settle_reward(session, claim, at=at)
    audit.record(
        session,
        "claim.approved",
        by=by.actor,
        subject=f"claim:{claim.id}",
        at=at,
        tenant_id=by.tenant_id,
        transfer_id=transfer_id,
        reward_cents=claim.reward_cents,
    )
    is_waiting = claim.state == ClaimState.APPROVED  # no room this year: see waiting_rewards
    tell_citizen(
        session,
        claim.citizen_id,
        "claim-approved-waiting" if is_waiting else "claim-approved",
        claim_id=str(claim.id),
        title=claim.chore.title,
        reward_cents=claim.reward_cents,
        thanks=thanks,
    )
    return claim


def settle_reward(session: Session, claim: Claim, *, at: datetime) -> int | None:
    """Pay an approved claim, its chore at hand; returns the transfer's id, or `None` while the year of `at` has no room for it."""
    if claim.reward_cents == 0:
        claim.state = ClaimState.REWARDED.value
        session.flush()
        return None
    if not commit_room(session, claim_id=claim.id, on=local_day(at)):
        return None
    transfer = pay_reward(
        session,
        tenant_id=claim.tenant_id,
        claim_id=claim.id,
        slot_id=claim.slot_id,
        wallet_account_id=claim.wallet_account_id,
        at=at,
        note=claim.chore.title,
    )
    claim.state = ClaimState.REWARDED.value
    session.flush()
    return transfer.id


def reject_claim(
    session: Session, claim_id: UUID, *, reason_code: str, reason: str, by: ActingMember, at: datetime
) -> Claim:
    """Turn the work down, with a reason the citizen reads. The slot is free again, and so is the room under the cap."""
    claim = _claim_to_decide(session, claim_id, by)
    _must_be_submitted(claim)
    _must_say_why(reason_code, reason)
    _decide(session, claim, "reject", by=by, at=at, reason_code=reason_code, reason=reason)
    claim.state = ClaimState.REJECTED.value
    claim.decided_at = at
    session.flush()
    release_room(session, claim_id=claim.id)
    _record_refusal(session, claim, "claim.rejected", "claim-rejected", reason=reason, by=by, at=at)
    return claim


def ask_more(session: Session, claim_id: UUID, *, reason: str, by: ActingMember, at: datetime) -> Claim:
    """Ask the citizen for more evidence, at most twice; the claim keeps its slot meanwhile."""
    claim = _claim_to_decide(session, claim_id, by)
    _must_be_submitted(claim)
    _must_say_why("other", reason)
    if claim.rounds >= ROUNDS:
        raise InvalidInput({"reason": [N_("You asked twice already. Approve or reject now.")]})
    _decide(session, claim, "ask_more", by=by, at=at, reason=reason)
    claim.state = ClaimState.NEEDS_MORE.value
    claim.rounds += 1
    claim.start_by = at + TERM_FOR_MORE
    session.flush()
    _record_refusal(session, claim, "claim.needs_more", "claim-needs-more", reason=reason, by=by, at=at)
    return claim


def claims_waiting(
    session: Session,
    *,
    department_ids: Sequence[UUID] | None = None,
    after: tuple[datetime, UUID] | None = None,
    limit: int = 30,
) -> list[Claim]:
    """List submitted claims, oldest first, with chore and evidence; of some departments or of all."""
    query = (
        select(Claim)
        .join(Claim.chore)
        .where(Claim.state == ClaimState.SUBMITTED.value)
        .order_by(Claim.submitted_at, Claim.id)
        .limit(limit)
        .options(joinedload(Claim.chore), selectinload(Claim.evidence), selectinload(Claim.decisions))
    )
    if department_ids is not None:
        query = query.where(Chore.department_id.in_(department_ids))
    if after is not None:
        query = query.where(tuple_(Claim.submitted_at, Claim.id) > after)
    return list(session.scalars(query))


def claim_for_review(session: Session, claim_id: UUID) -> Claim:
    """Return one claim of this tenant with all that a decision needs; raises `NotFound`."""
    claim = session.scalar(
        select(Claim)
        .where(Claim.id == claim_id)
        .options(joinedload(Claim.chore), selectinload(Claim.evidence), selectinload(Claim.decisions))
    )
    if claim is None:
        raise NotFound(kind="claim")
    return claim


def _claim_to_decide(session: Session, claim_id: UUID, by: ActingMember) -> Claim:
    query = select(Claim).where(Claim.tenant_id == by.tenant_id, Claim.id == claim_id)
    claim = lock(session, query.options(joinedload(Claim.chore)), kind="claim", of=Claim)
    by.must(Role.APPROVER, claim.chore.department_id)
    return claim


def _must_be_submitted(claim: Claim) -> None:
    if claim.state in {*DONE, ClaimState.REJECTED}:
        raise ClaimAlreadyDecided(state=claim.state)
    if claim.state != ClaimState.SUBMITTED:
        raise ClaimNotSubmitted(state=claim.state)


def _must_say_why(reason_code: str, reason: str) -> None:
    if reason_code not in REASONS:
        raise InvalidInput({"reason_code": [N_("Choose a reason.")]})
    if not reason.strip():
        raise InvalidInput({"reason": [N_("Write to the citizen why, in one or two sentences.")]})


def _decide(  # noqa: PLR0913 - the row, told whole
    session: Session,
    claim: Claim,
    decision: str,
    *,
    by: ActingMember,
    at: datetime,
    reason_code: str = "",
    reason: str = "",
    quality: int | None = None,
) -> None:
    session.add(
        ClaimDecision(
            tenant_id=claim.tenant_id,
            claim_id=claim.id,
            round=claim.rounds,
            decision=decision,
            reason_code=reason_code,
            reason=reason,
            quality=quality,
            member_id=by.member_id,
            at=at,
        )
    )
    claim.version += 1
    with refusals({"HJ030": OwnClaim}):
        session.flush()


def _record_refusal(
    session: Session, claim: Claim, action: str, message: str, *, reason: str, by: ActingMember, at: datetime
) -> None:
    audit.record(
        session, action, by=by.actor, subject=f"claim:{claim.id}", at=at, tenant_id=by.tenant_id, round=claim.rounds
    )
    tell_citizen(session, claim.citizen_id, message, claim_id=str(claim.id), title=claim.chore.title, reason=reason)
