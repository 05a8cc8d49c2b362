# SPDX-License-Identifier: EUPL-1.2
"""A citizen's way with a chore: claim a slot, begin, hand in evidence, or withdraw. All in the citizen's own scope."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, joinedload, selectinload

from heitje import audit
from heitje.allowance.cap import hold_room, release_room
from heitje.audit import Actor
from heitje.chores.errors import (
    AlreadyClaimed,
    ChoreFull,
    ChoreNotOpen,
    ClaimNotSubmitted,
    ClaimsOverlap,
    EvidenceMissing,
    NotVetted,
    TooManyClaims,
    TooYoung,
)
from heitje.chores.models import DONE, UNDER_WAY, Chore, ChoreState, Claim, ClaimState, Evidence
from heitje.chores.vetted import must_be_vetted
from heitje.clock import local_day, local_year
from heitje.db.locking import lock
from heitje.errors import NotFound
from heitje.i18n.marks import N_
from heitje.ledger.accounts import wallet_of
from heitje.ledger.errors import refusals

CLAIMS_AT_ONCE = 5
"""A person can have this many claims under way, so that slots stay for others."""
TIME_TO_START = timedelta(days=7)
TIME_TO_HAND_IN = timedelta(days=3)


@dataclass(frozen=True, kw_only=True)
class Claimant:
    """What claiming needs to know of a citizen."""

    citizen_id: UUID
    name: str
    birth_year: int | None
    request_id: str = ""

    @property
    def actor(self) -> Actor:
        """Who to name in the audit record: an id, never a name."""
        return Actor(kind="citizen", id=str(self.citizen_id), request_id=self.request_id)


@dataclass(frozen=True, kw_only=True)
class HandedIn:
    """Evidence as handed in: photos are already stored and clean of metadata."""

    photo_keys: tuple[str, ...] = ()
    minutes: int | None = None
    remark: str = ""
    code: str = ""
    """What somebody at the place said, as a sign that the citizen was there; the approver knows it."""


def claim_slot(session: Session, *, tenant_id: UUID, chore_id: UUID, claimant: Claimant, at: datetime) -> Claim:
    """Take a free slot, and hold room under the yearly cap for its reward.

    Raises `ChoreNotOpen`, `ChoreFull`, `AlreadyClaimed`, `TooManyClaims`, `ClaimsOverlap`, `TooYoung`,
    `NotVetted`, `YearlyCapReached`, `NoCapRule`. The issuer learns of none of these: the slot just stays open.
    """
    chore = session.scalar(select(Chore).where(Chore.tenant_id == tenant_id, Chore.id == chore_id))
    if chore is None:
        raise NotFound(kind="chore")
    if chore.state != ChoreState.OPEN or chore.closes_at <= at:
        raise ChoreNotOpen(state=chore.state)
    _check_age(chore, claimant, at=at)
    must_be_vetted(session, chore, claimant.citizen_id, at=at)
    _check_other_claims(session, chore, claimant)

    slot_id = session.scalar(text("select claims_pick_slot(:tenant, :chore)"), {"tenant": tenant_id, "chore": chore_id})
    if slot_id is None:
        raise ChoreFull
    claim = Claim(
        tenant_id=tenant_id,
        id=uuid4(),
        chore_id=chore_id,
        slot_id=slot_id,
        citizen_id=claimant.citizen_id,
        citizen_name=claimant.name,
        wallet_account_id=wallet_of(session, scheme_id=chore.scheme_id, citizen_id=claimant.citizen_id),
        reward_cents=chore.reward_cents,
        start_by=_start_by(chore, at),
        created_at=at,
    )
    if chore.reward_cents:
        hold_room(
            session,
            scheme_id=chore.scheme_id,
            claim_id=claim.id,
            tenant_id=tenant_id,
            reward_cents=chore.reward_cents,
            on=local_day(at),
        )
    session.add(claim)
    try:
        with refusals({"HJ040": NotVetted}):
            session.flush()
    except IntegrityError as error:
        if "claims_one_a_citizen" in str(error.orig):
            raise AlreadyClaimed from error
        raise
    _record(session, claim, "claim.held", claimant, at=at)
    return claim


def begin_claim(session: Session, *, claim_id: UUID, claimant: Claimant, at: datetime) -> Claim:
    """Say that the work has begun: from now on the claim does not expire by itself."""
    claim = lock_own_claim(session, claim_id, claimant)
    if claim.state == ClaimState.IN_PROGRESS:
        return claim
    if claim.state != ClaimState.HELD:
        raise ClaimNotSubmitted(state=claim.state)
    claim.state = ClaimState.IN_PROGRESS.value
    claim.version += 1
    _record(session, claim, "claim.begun", claimant, at=at)
    return claim


def withdraw_claim(session: Session, *, claim_id: UUID, claimant: Claimant, at: datetime) -> Claim:
    """Give the slot back; the room under the cap is free again. Doing so twice changes nothing."""
    claim = lock_own_claim(session, claim_id, claimant)
    if claim.state == ClaimState.WITHDRAWN:
        return claim
    if claim.state not in {ClaimState.HELD, ClaimState.IN_PROGRESS}:
        raise ClaimNotSubmitted(state=claim.state)
    claim.state = ClaimState.WITHDRAWN.value
    claim.version += 1
    session.flush()
    release_room(session, claim_id=claim.id)
    _record(session, claim, "claim.withdrawn", claimant, at=at)
    return claim


def submit_claim(session: Session, *, claim_id: UUID, handed_in: HandedIn, claimant: Claimant, at: datetime) -> Claim:
    """Hand in what the chore asks for, and ask for the decision.

    Raises `EvidenceMissing` naming each missing kind, `ClaimNotSubmitted` in a state that takes no evidence.
    """
    claim = lock_own_claim(session, claim_id, claimant)
    if claim.state not in {ClaimState.HELD, ClaimState.IN_PROGRESS, ClaimState.NEEDS_MORE}:
        raise ClaimNotSubmitted(state=claim.state)
    chore = session.scalar(select(Chore).where(Chore.tenant_id == claim.tenant_id, Chore.id == claim.chore_id))
    assert chore is not None  # noqa: S101 - a foreign key says so
    _check_evidence(chore, handed_in, first=claim.state != ClaimState.NEEDS_MORE)
    row = {"tenant_id": claim.tenant_id, "claim_id": claim.id, "round": claim.rounds, "created_at": at}
    session.add_all(
        Evidence(**row, position=position, kind="photo", file_key=key, media_type="image/jpeg")
        for position, key in enumerate(handed_in.photo_keys)
    )
    if handed_in.minutes is not None:
        session.add(Evidence(**row, kind="hours", minutes=handed_in.minutes))
    if handed_in.remark:
        session.add(Evidence(**row, kind="remark", remark=handed_in.remark))
    if handed_in.code:
        session.add(Evidence(**row, kind="code", remark=handed_in.code))
    claim.state = ClaimState.SUBMITTED.value
    claim.submitted_at = at
    claim.version += 1
    session.flush()
    _record(session, claim, "claim.submitted", claimant, at=at)
    return claim


def own_claims(session: Session, citizen_id: UUID, *, limit: int = 50) -> list[Claim]:
    """List a citizen's claims with their chores, newest first."""
    query = (
        select(Claim)
        .where(Claim.citizen_id == citizen_id)
        .order_by(Claim.created_at.desc(), Claim.id)
        .limit(limit)
        .options(joinedload(Claim.chore))
    )
    return list(session.scalars(query))


def own_claim(session: Session, claim_id: UUID, citizen_id: UUID) -> Claim:
    """Return one claim with chore, kit, evidence and decisions; raises `NotFound`."""
    claim = session.scalar(
        select(Claim)
        .where(Claim.id == claim_id, Claim.citizen_id == citizen_id)
        .options(
            joinedload(Claim.chore).joinedload(Chore.kit),
            selectinload(Claim.evidence),
            selectinload(Claim.decisions),
        )
    )
    if claim is None:
        raise NotFound(kind="claim")
    return claim


def lock_own_claim(session: Session, claim_id: UUID, claimant: Claimant) -> Claim:
    """Return the claimant's claim, locked and fresh; raises `NotFound`."""
    query = select(Claim).where(Claim.id == claim_id, Claim.citizen_id == claimant.citizen_id)
    return lock(session, query, kind="claim")


def _check_age(chore: Chore, claimant: Claimant, *, at: datetime) -> None:
    # Only the year of birth is known: whoever may still have to have the birthday counts as the younger.
    # Up to 16 nobody has to say it; above, who does not say it may not.
    if claimant.birth_year is None:
        if chore.min_age > 16:
            raise TooYoung(min_age=chore.min_age)
    elif local_year(at) - claimant.birth_year - 1 < chore.min_age:
        raise TooYoung(min_age=chore.min_age)


def _check_other_claims(session: Session, chore: Chore, claimant: Claimant) -> None:
    others = session.scalars(
        select(Claim)
        .where(Claim.citizen_id == claimant.citizen_id, Claim.state.in_([*UNDER_WAY, *DONE]))
        .options(joinedload(Claim.chore))
    ).all()
    if any(other.chore_id == chore.id and other.tenant_id == chore.tenant_id for other in others):
        raise AlreadyClaimed
    under_way = [other for other in others if other.state in UNDER_WAY]
    if len(under_way) >= CLAIMS_AT_ONCE:
        raise TooManyClaims(limit=CLAIMS_AT_ONCE)
    for other in under_way:
        if _overlap(chore, other.chore):
            raise ClaimsOverlap(title=other.chore.title)


def _overlap(one: Chore, other: Chore) -> bool:
    if one.starts_at is None or other.starts_at is None:
        return False
    return one.starts_at < other.starts_at + timedelta(
        minutes=other.duration_minutes
    ) and other.starts_at < one.starts_at + timedelta(minutes=one.duration_minutes)


def _start_by(chore: Chore, at: datetime) -> datetime:
    if chore.starts_at is not None:
        return chore.starts_at + timedelta(minutes=chore.duration_minutes) + TIME_TO_HAND_IN
    return min(at + TIME_TO_START, chore.closes_at)


def _check_evidence(chore: Chore, handed_in: HandedIn, *, first: bool) -> None:
    missing: dict[str, list[str]] = {}
    if "photo" in chore.evidence and not handed_in.photo_keys and first:
        missing["photo"] = [N_("Add a photo of the result.")]
    if "photo" not in chore.evidence and handed_in.photo_keys:
        missing["photo"] = [N_("Please send no photo for this chore: it could show other people.")]
    if "hours" in chore.evidence and handed_in.minutes is None and first:
        missing["minutes"] = [N_("Fill in how long you were busy.")]
    if "remark" in chore.evidence and not handed_in.remark and first:
        missing["remark"] = [N_("Write shortly how it went.")]
    if "code" in chore.evidence and not handed_in.code and first:
        missing["code"] = [N_("Fill in the code that you got at the place.")]
    if not (handed_in.photo_keys or handed_in.minutes or handed_in.remark or handed_in.code) and not first:
        missing["remark"] = [N_("Add what the organisation asked for.")]
    if missing:
        raise EvidenceMissing(missing)


def _record(session: Session, claim: Claim, action: str, claimant: Claimant, *, at: datetime) -> None:
    session.flush()
    audit.record(session, action, by=claimant.actor, subject=f"claim:{claim.id}", at=at)


def claims_under_way(session: Session, citizen_id: UUID) -> int:
    """Count the claims on which something is still to be done."""
    return (
        session.scalar(
            select(func.count()).select_from(Claim).where(Claim.citizen_id == citizen_id, Claim.state.in_(UNDER_WAY))
        )
        or 0
    )


def claimed_chores(session: Session, citizen_id: UUID, chore_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """Return chore id -> claim id for those of `chore_ids` on which the citizen has a claim under way or done."""
    query = select(Claim.chore_id, Claim.id).where(
        Claim.citizen_id == citizen_id, Claim.chore_id.in_(chore_ids), Claim.state.in_([*UNDER_WAY, *DONE])
    )
    return dict(session.execute(query).all())
