# SPDX-License-Identifier: EUPL-1.2
"""From draft to open: written by an editor, attested, paid for in advance, then there for everyone."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from heitje import audit
from heitje.cents import Cents
from heitje.chores.errors import ChoreNotDraft, ChoreNotOpen, NotAttested, RewardTooHigh, TenantNotLive
from heitje.chores.models import Attestation, Chore, ChoreState, Slot
from heitje.clock import local_day
from heitje.db.locking import lock
from heitje.errors import Conflict, InvalidInput, NotFound
from heitje.i18n.marks import N_
from heitje.identity.roles import ActingMember, Role
from heitje.purses.promises import release_reward, reserve_rewards

APPROVAL_TERM = timedelta(days=30)
"""A budget line must run this long after a chore closes, so that late evidence can still be paid."""

ATTESTATION = (
    "This chore replaces no paid work of our staff or contractors, and would otherwise not be done in this period."
)
"""The words that are signed (R43, R44); kept with every signature as they were."""


@dataclass(frozen=True, kw_only=True)
class ChoreDraft:
    """All that an editor says about a chore; surfaces have checked lengths and known codes."""

    department_id: UUID
    budget_line_id: UUID
    title: str
    description: str
    good_result: str
    why: str
    safety_note: str
    category_code: str
    neighbourhood_code: str
    place_name: str
    address: str
    lat: float
    lon: float
    duration_minutes: int
    reward_cents: Cents
    slots_count: int
    starts_at: datetime | None
    closes_at: datetime
    evidence: list[str]
    min_age: int = 16
    skill: str = "none"
    indoors: bool = False
    together: bool = False
    kit_id: UUID | None = None
    place_owner: str = ""


def draft_chore(session: Session, draft: ChoreDraft, *, scheme_id: UUID, by: ActingMember, at: datetime) -> Chore:
    """Keep a draft; editors and field workers of its department. Raises `RewardTooHigh`, `InvalidInput`."""
    if not by.may(Role.FIELD_WORKER, draft.department_id):
        by.must(Role.EDITOR, draft.department_id)
    _check(session, draft, scheme_id=scheme_id, at=at)
    chore = Chore(
        tenant_id=by.tenant_id,
        id=uuid4(),
        scheme_id=scheme_id,
        created_by=by.member_id,
        created_at=at,
        slots_free=0,
        **asdict(draft),
    )
    session.add(chore)
    session.flush()
    audit.record(session, "chore.drafted", by=by.actor, subject=f"chore:{chore.id}", at=at, tenant_id=by.tenant_id)
    return chore


def edit_draft(
    session: Session, chore_id: UUID, draft: ChoreDraft, *, version: int, by: ActingMember, at: datetime
) -> Chore:
    """Change a draft. `version` is what the editor saw; raises `Conflict` when somebody was first, `ChoreNotDraft`."""
    chore = lock_chore(session, by.tenant_id, chore_id)
    by.must(Role.EDITOR, draft.department_id)
    if chore.state != ChoreState.DRAFT:
        raise ChoreNotDraft(state=chore.state)
    if chore.version != version:
        raise Conflict(version=chore.version)
    _check(session, draft, scheme_id=chore.scheme_id, at=at)
    for name, value in asdict(draft).items():
        setattr(chore, name, value)
    chore.version += 1
    session.flush()
    audit.record(session, "chore.edited", by=by.actor, subject=f"chore:{chore.id}", at=at, tenant_id=by.tenant_id)
    return chore


def publish_chore(
    session: Session, chore_id: UUID, *, attested: bool, by: ActingMember, at: datetime, wording: str = ATTESTATION
) -> Chore:
    """Open a draft to everyone: attestation signed in the words as read, reward x slots reserved, slots made.

    Raises `TenantNotLive`, `NotAttested`, `ChoreNotDraft`, `LineNotOpen`, `PeriodTooShort`, `BalanceTooLow`: a chore
    that cannot be paid cannot be published.
    """
    chore = lock_chore(session, by.tenant_id, chore_id)
    by.must(Role.EDITOR, chore.department_id)
    tenant_state = session.scalar(text("select state from tenants where id = :id"), {"id": by.tenant_id})
    if tenant_state != "live":
        raise TenantNotLive(state=tenant_state)
    if chore.state != ChoreState.DRAFT:
        raise ChoreNotDraft(state=chore.state)
    if not attested:
        raise NotAttested
    if chore.closes_at <= at:
        raise InvalidInput({"closes_at": [N_("Choose a day in the future.")]})

    session.add(Attestation(tenant_id=by.tenant_id, chore_id=chore.id, member_id=by.member_id, wording=wording, at=at))
    slots = [
        Slot(tenant_id=by.tenant_id, id=uuid4(), chore_id=chore.id, number=number)
        for number in range(1, chore.slots_count + 1)
    ]
    session.add_all(slots)
    session.flush()
    transfer_id = None
    if chore.reward_cents:
        transfer_id = reserve_rewards(
            session,
            tenant_id=by.tenant_id,
            line_id=chore.budget_line_id,
            chore_id=chore.id,
            slot_ids=[slot.id for slot in slots],
            reward_cents=chore.reward_cents,
            needed_until=local_day(chore.closes_at + APPROVAL_TERM),
            at=at,
        ).id
    chore.state = ChoreState.OPEN.value
    chore.published_at = at
    chore.slots_free = chore.slots_count
    chore.version += 1
    session.flush()
    audit.record(
        session,
        "chore.published",
        by=by.actor,
        subject=f"chore:{chore.id}",
        at=at,
        tenant_id=by.tenant_id,
        transfer_id=transfer_id,
        reward_cents=chore.reward_cents,
        slots=chore.slots_count,
    )
    return chore


def pause_chore(session: Session, chore_id: UUID, *, by: ActingMember, at: datetime) -> Chore:
    """Take no new claims for now; held claims keep their rights."""
    return _move(session, chore_id, {ChoreState.OPEN}, ChoreState.ON_HOLD, by=by, at=at)


def resume_chore(session: Session, chore_id: UUID, *, by: ActingMember, at: datetime) -> Chore:
    """Take claims again."""
    return _move(session, chore_id, {ChoreState.ON_HOLD}, ChoreState.OPEN, by=by, at=at)


def close_chore(session: Session, chore_id: UUID, *, by: ActingMember, at: datetime) -> Chore:
    """Take no more claims for good; money of free slots goes back to the line. Held claims can still be finished."""
    chore = _move(session, chore_id, {ChoreState.OPEN, ChoreState.ON_HOLD}, ChoreState.CLOSING, by=by, at=at)
    free_the_rest(session, chore, at=at)
    return chore


def free_the_rest(session: Session, chore: Chore, *, at: datetime) -> None:
    """Cancel the free slots of a chore that closed and give their money back."""
    free: Sequence[Slot] = session.scalars(
        select(Slot)
        .where(Slot.tenant_id == chore.tenant_id, Slot.chore_id == chore.id, Slot.state == "free")
        .order_by(Slot.number)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    for slot in free:
        slot.state = "cancelled"
        if chore.reward_cents:
            release_reward(session, tenant_id=chore.tenant_id, slot_id=slot.id, at=at)
    chore.slots_free = 0
    session.flush()


def lock_chore(session: Session, tenant_id: UUID, chore_id: UUID) -> Chore:
    """Return the chore, locked until the transaction ends and fresh; raises `NotFound`."""
    return lock(session, select(Chore).where(Chore.tenant_id == tenant_id, Chore.id == chore_id), kind="chore")


def _move(
    session: Session, chore_id: UUID, sources: set[ChoreState], target: ChoreState, *, by: ActingMember, at: datetime
) -> Chore:
    chore = lock_chore(session, by.tenant_id, chore_id)
    by.must(Role.EDITOR, chore.department_id)
    if chore.state not in sources:
        raise ChoreNotOpen(state=chore.state)
    chore.state = target.value
    chore.version += 1
    session.flush()
    audit.record(
        session, f"chore.{target.value}", by=by.actor, subject=f"chore:{chore.id}", at=at, tenant_id=by.tenant_id
    )
    return chore


def _check(session: Session, draft: ChoreDraft, *, scheme_id: UUID, at: datetime) -> None:
    errors: dict[str, list[str]] = {}
    if draft.closes_at <= at:
        errors["closes_at"] = [N_("Choose a day in the future.")]
    if draft.starts_at is not None and draft.starts_at > draft.closes_at:
        errors["starts_at"] = [N_("The start must be before the closing day.")]
    if errors:
        raise InvalidInput(errors)
    per_hour = session.scalar(text("select max_reward_per_hour_cents from schemes where id = :id"), {"id": scheme_id})
    if per_hour is None:
        raise NotFound(kind="scheme")
    maximum_cents = max(per_hour, per_hour * draft.duration_minutes // 60)
    if draft.reward_cents > maximum_cents:
        raise RewardTooHigh(reward_cents=draft.reward_cents, maximum_cents=maximum_cents)
