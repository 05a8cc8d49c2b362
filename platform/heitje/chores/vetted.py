# SPDX-License-Identifier: EUPL-1.2
"""Whether an organisation has vetted a citizen for a kind of chore: what claiming asks before it gives a slot."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from heitje.chores.errors import NotVetted
from heitje.chores.models import Chore, Vetting, VettingState
from heitje.clock import local_day
from heitje.schemes import Category


def vetting_of(session: Session, tenant_id: UUID, citizen_id: UUID, category_code: str, on: date) -> Vetting | None:
    """Return the vetting that holds on this day, in the citizen's or the tenant's scope; None when none does."""
    return session.scalar(
        select(Vetting).where(
            Vetting.tenant_id == tenant_id,
            Vetting.citizen_id == citizen_id,
            Vetting.category_code == category_code,
            Vetting.state == VettingState.VALID.value,
            Vetting.valid_until >= on,
        )
    )


def open_request(session: Session, tenant_id: UUID, citizen_id: UUID, category_code: str) -> Vetting | None:
    """Return the request that waits for the organisation, or None."""
    return session.scalar(
        select(Vetting).where(
            Vetting.tenant_id == tenant_id,
            Vetting.citizen_id == citizen_id,
            Vetting.category_code == category_code,
            Vetting.state == VettingState.REQUESTED.value,
        )
    )


def needs_vetting(session: Session, category_code: str) -> bool:
    """Tell whether chores of this kind are for vetted people only."""
    return bool(session.scalar(select(Category.needs_vetting).where(Category.code == category_code)))


def day_of_need(chore: Chore, at: datetime) -> date:
    """Return the day on which a vetting for this chore must hold: its own, or today when it has none."""
    return local_day(chore.starts_at or at)


def must_be_vetted(session: Session, chore: Chore, citizen_id: UUID, *, at: datetime) -> None:
    """Raise `NotVetted` when the chore is for vetted people and its organisation has not vetted this one for its day."""
    if not needs_vetting(session, chore.category_code):
        return
    on = day_of_need(chore, at)
    if vetting_of(session, chore.tenant_id, citizen_id, chore.category_code, on) is None:
        raise NotVetted(needed_until=on.isoformat())
