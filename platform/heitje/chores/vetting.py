# SPDX-License-Identifier: EUPL-1.2
"""Getting to know a citizen: the citizen asks, the organisation invites, accepts, refuses or takes it back (R30).

Asking and withdrawing in the citizen's own scope, the rest in the tenant's. Each organisation vets for itself. Papers
that somebody shows are looked at and given back: nothing here has a place for them.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import func, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from heitje import audit
from heitje.audit import Actor
from heitje.chores.claims import Claimant
from heitje.chores.errors import OwnVetting, VettingDecided, VettingNotNeeded
from heitje.chores.models import UNDER_WAY, Chore, Claim, Vetting, VettingState
from heitje.chores.vetted import needs_vetting, open_request, vetting_of
from heitje.clock import local_day
from heitje.db.locking import find_locked, lock
from heitje.errors import Conflict, InvalidInput, NotFound
from heitje.i18n.marks import N_
from heitje.identity.models import Tenant
from heitje.identity.roles import ActingMember, Role
from heitje.ledger.errors import refusals
from heitje.notifications.tell import tell_citizen

LONGEST = timedelta(days=3 * 366)
"""A vetting holds three years at most; then the organisation looks again."""


def ask_to_be_vetted(
    session: Session, *, tenant_id: UUID, category_code: str, claimant: Claimant, until: date, at: datetime
) -> Vetting:
    """Ask an organisation for a vetting that holds on the day `until`.

    Asking again changes nothing: the request that waits is returned, or the vetting that holds so long already.
    Raises `VettingNotNeeded`.
    """
    if not needs_vetting(session, category_code):
        raise VettingNotNeeded
    held = vetting_of(session, tenant_id, claimant.citizen_id, category_code, until)
    if held is not None:
        return held
    asked = session.scalar(
        insert(Vetting)
        .values(
            tenant_id=tenant_id,
            id=uuid4(),
            citizen_id=claimant.citizen_id,
            citizen_name=claimant.name,
            category_code=category_code,
            requested_at=at,
        )
        .on_conflict_do_nothing()
        .returning(Vetting.id)
    )
    request = open_request(session, tenant_id, claimant.citizen_id, category_code)
    if request is None:
        raise Conflict  # decided on in this very moment
    if asked is not None:
        _record(session, request, "vetting.requested", claimant.actor, at=at, category=category_code)
    return request


def withdraw_request(session: Session, vetting_id: UUID, *, claimant: Claimant, at: datetime) -> Vetting:
    """Take a request back before it is decided on. Doing so twice changes nothing. Raises `VettingDecided`."""
    mine = select(Vetting).where(Vetting.id == vetting_id, Vetting.citizen_id == claimant.citizen_id)
    vetting = session.scalar(mine)
    if vetting is None:
        raise NotFound(kind="vetting")
    if vetting.state == VettingState.REQUESTED:
        # To lock it is to be allowed to change it, so what was decided on meanwhile is not found by this.
        vetting = find_locked(session, mine)
        if vetting is None:
            raise VettingDecided
    if vetting.state == VettingState.WITHDRAWN:
        return vetting
    if vetting.state != VettingState.REQUESTED:
        raise VettingDecided(state=vetting.state)
    vetting.state = VettingState.WITHDRAWN.value
    vetting.appointment = ""
    vetting.version += 1
    _record(session, vetting, "vetting.withdrawn", claimant.actor, at=at)
    return vetting


def invite_to_vetting(session: Session, vetting_id: UUID, *, note: str, by: ActingMember, at: datetime) -> Vetting:
    """Write to whoever asked what to bring and where; in the app and by mail. May be done again."""
    vetting = _to_decide(session, vetting_id, by)
    if vetting.state != VettingState.REQUESTED:
        raise VettingDecided(state=vetting.state)
    if not 3 <= len(note) <= 500:
        raise InvalidInput({"note": [N_("Use 3 to 500 characters.")]})
    vetting.appointment = note
    vetting.version += 1
    _record(session, vetting, "vetting.invited", by.actor, at=at)
    _tell(session, vetting, "vetting-invited", note=note)
    return vetting


def accept_vetting(session: Session, vetting_id: UUID, *, valid_until: date, by: ActingMember, at: datetime) -> Vetting:
    """Say that the organisation knows this person, up to and including a day; an older vetting makes place.

    Accepting again until the same day changes nothing. Raises `VettingDecided`, `OwnVetting`, `InvalidInput`.
    """
    vetting = _to_decide(session, vetting_id, by)
    if vetting.state == VettingState.VALID and vetting.valid_until == valid_until:
        return vetting
    if vetting.state != VettingState.REQUESTED:
        raise VettingDecided(state=vetting.state)
    today = local_day(at)
    if not today < valid_until <= today + LONGEST:
        raise InvalidInput({"valid_until": [N_("Choose a day in the future, at most three years ahead.")]})
    _let_the_older_lapse(session, vetting)
    vetting.valid_until = valid_until
    _decide(session, vetting, VettingState.VALID, by=by, at=at)
    _record(session, vetting, "vetting.accepted", by.actor, at=at, valid_until=valid_until.isoformat())
    _tell(session, vetting, "vetting-accepted", until=valid_until.strftime("%d-%m-%Y"))
    return vetting


def refuse_vetting(session: Session, vetting_id: UUID, *, reason: str, by: ActingMember, at: datetime) -> Vetting:
    """Say no to a request, with a reason the citizen reads. Refusing twice changes nothing."""
    return _say_no(session, vetting_id, VettingState.REQUESTED, VettingState.REFUSED, reason=reason, by=by, at=at)


def revoke_vetting(session: Session, vetting_id: UUID, *, reason: str, by: ActingMember, at: datetime) -> Vetting:
    """Take a vetting back. What the citizen signed up for before stays. Revoking twice changes nothing."""
    return _say_no(session, vetting_id, VettingState.VALID, VettingState.REVOKED, reason=reason, by=by, at=at)


def vettings_asked(
    session: Session, *, after: tuple[datetime, UUID] | None = None, limit: int = 30
) -> Sequence[Vetting]:
    """List requests of this tenant that wait, oldest first."""
    query = select(Vetting).where(Vetting.state == VettingState.REQUESTED.value)
    if after is not None:
        query = query.where(tuple_(Vetting.requested_at, Vetting.id) > after)
    return session.scalars(query.order_by(Vetting.requested_at, Vetting.id).limit(limit)).all()


def vettings_in_force(
    session: Session, *, on: date, after: tuple[date, UUID] | None = None, limit: int = 30
) -> Sequence[Vetting]:
    """List vettings of this tenant that hold on this day, first to end first."""
    query = select(Vetting).where(Vetting.state == VettingState.VALID.value, Vetting.valid_until >= on)
    if after is not None:
        query = query.where(tuple_(Vetting.valid_until, Vetting.id) > after)
    return session.scalars(query.order_by(Vetting.valid_until, Vetting.id).limit(limit)).all()


def vetting_for_staff(session: Session, vetting_id: UUID) -> Vetting:
    """Return one vetting of this tenant, in whatever state; raises `NotFound`."""
    vetting = session.scalar(select(Vetting).where(Vetting.id == vetting_id))
    if vetting is None:
        raise NotFound(kind="vetting")
    return vetting


def own_vettings(session: Session, citizen_id: UUID, *, limit: int = 100) -> Sequence[Vetting]:
    """List a citizen's vettings with all organisations, newest first."""
    query = select(Vetting).where(Vetting.citizen_id == citizen_id)
    return session.scalars(query.order_by(Vetting.requested_at.desc(), Vetting.id).limit(limit)).all()


def chores_under_way(session: Session, vetting: Vetting) -> int:
    """Count what this person has under way with this tenant of the kind that the vetting is for."""
    query = (
        select(func.count())
        .select_from(Claim)
        .join(Claim.chore)
        .where(
            Claim.tenant_id == vetting.tenant_id,
            Claim.citizen_id == vetting.citizen_id,
            Claim.state.in_(UNDER_WAY),
            Chore.category_code == vetting.category_code,
        )
    )
    return session.scalar(query) or 0


def _to_decide(session: Session, vetting_id: UUID, by: ActingMember) -> Vetting:
    if not by.may(Role.OWNER):
        by.must(Role.APPROVER)
    query = select(Vetting).where(Vetting.tenant_id == by.tenant_id, Vetting.id == vetting_id)
    return lock(session, query, kind="vetting")


def _say_no(
    session: Session,
    vetting_id: UUID,
    before: VettingState,
    after: VettingState,
    *,
    reason: str,
    by: ActingMember,
    at: datetime,
) -> Vetting:
    vetting = _to_decide(session, vetting_id, by)
    if vetting.state == after:
        return vetting
    if vetting.state != before:
        raise VettingDecided(state=vetting.state)
    vetting.reason = _said(reason)
    _decide(session, vetting, after, by=by, at=at)
    _record(session, vetting, f"vetting.{after}", by.actor, at=at)
    _tell(session, vetting, f"vetting-{after}", reason=vetting.reason)
    return vetting


def _let_the_older_lapse(session: Session, vetting: Vetting) -> None:
    older = find_locked(
        session,
        select(Vetting).where(
            Vetting.tenant_id == vetting.tenant_id,
            Vetting.citizen_id == vetting.citizen_id,
            Vetting.category_code == vetting.category_code,
            Vetting.state == VettingState.VALID.value,
        ),
    )
    if older is not None:
        older.state = VettingState.LAPSED.value
        older.version += 1
        session.flush()


def _decide(session: Session, vetting: Vetting, state: VettingState, *, by: ActingMember, at: datetime) -> None:
    vetting.state = state.value
    vetting.appointment = ""
    vetting.decided_by = by.member_id
    vetting.decided_at = at
    vetting.version += 1
    with refusals({"HJ031": OwnVetting, "HJ041": VettingDecided}):
        session.flush()


def _said(reason: str) -> str:
    if not reason.strip():
        raise InvalidInput({"reason": [N_("Write to the citizen why, in one or two sentences.")]})
    if len(reason) > 1000:
        raise InvalidInput({"reason": [N_("Use at most 1000 characters.")]})
    return reason.strip()


def _record(session: Session, vetting: Vetting, action: str, by: Actor, *, at: datetime, **facts: Any) -> None:
    session.flush()
    audit.record(session, action, by=by, subject=f"vetting:{vetting.id}", at=at, tenant_id=vetting.tenant_id, **facts)


def _tell(session: Session, vetting: Vetting, kind: str, **facts: str) -> None:
    tell_citizen(
        session,
        vetting.citizen_id,
        kind,
        organisation=session.scalar(select(Tenant.name).where(Tenant.id == vetting.tenant_id)),
        category=vetting.category_code,
        **facts,
    )
