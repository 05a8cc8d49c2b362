# SPDX-License-Identifier: EUPL-1.2
"""A promise is reserved money (R7, D2): set aside when a chore is published, paid once, or given back."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from heitje.cents import Cents
from heitje.db.locking import lock
from heitje.ledger.models import TransferKind
from heitje.ledger.transfers import Transfer, post
from heitje.purses.budgets import LineNotOpen, PeriodTooShort, lock_line
from heitje.purses.models import BudgetLine, LineState, Reservation


def reserve_rewards(  # noqa: PLR0913 - what a promise says
    session: Session,
    *,
    tenant_id: UUID,
    line_id: UUID,
    chore_id: UUID,
    slot_ids: Sequence[UUID],
    reward_cents: Cents,
    needed_until: date,
    at: datetime,
) -> Transfer:
    """Set `reward_cents` aside for each slot, in one transfer.

    Raises `LineNotOpen`, `PeriodTooShort` when the line ends before `needed_until`, `BalanceTooLow`.
    """
    line = lock_line(session, tenant_id, line_id)
    if line.state != LineState.ACTIVE:
        raise LineNotOpen(state=line.state)
    if line.ends_on < needed_until:
        raise PeriodTooShort(ends_on=line.ends_on.isoformat(), needed_until=needed_until.isoformat())
    transfer = post(
        session,
        TransferKind.RESERVE,
        scheme_id=line.scheme_id,
        source_id=line.budget_account_id,
        target_id=line.reserved_account_id,
        amount_cents=reward_cents * len(slot_ids),
        key=f"chore:{chore_id}:reserve",
        at=at,
    )
    session.add_all(
        Reservation(
            tenant_id=tenant_id,
            budget_line_id=line.id,
            chore_id=chore_id,
            slot_id=slot_id,
            amount_cents=reward_cents,
            created_at=at,
        )
        for slot_id in slot_ids
    )
    session.flush()
    return transfer


def pay_reward(
    session: Session,
    *,
    tenant_id: UUID,
    claim_id: UUID,
    slot_id: UUID,
    wallet_account_id: int,
    at: datetime,
    note: str = "",
) -> Transfer:
    """Pay what was set aside for a slot into the claimant's wallet; once per claim, whatever the line's state is now.

    `note` is what both statements show, such as the chore's title: nothing personal.
    Raises `NotFound` when nothing is set aside for the slot any more.
    """
    reservation, line = _active_reservation(session, tenant_id, slot_id)
    transfer = post(
        session,
        TransferKind.REWARD,
        scheme_id=line.scheme_id,
        source_id=line.reserved_account_id,
        target_id=wallet_account_id,
        amount_cents=reservation.amount_cents,
        key=f"claim:{claim_id}:reward",
        at=at,
        note=note,
    )
    reservation.state = "committed"
    reservation.ended_at = at
    session.flush()
    return transfer


def release_reward(session: Session, *, tenant_id: UUID, slot_id: UUID, at: datetime) -> Transfer:
    """Give what was set aside for a slot back to its line. Raises `NotFound` when nothing is."""
    reservation, line = _active_reservation(session, tenant_id, slot_id)
    transfer = post(
        session,
        TransferKind.RELEASE,
        scheme_id=line.scheme_id,
        source_id=line.reserved_account_id,
        target_id=line.budget_account_id,
        amount_cents=reservation.amount_cents,
        key=f"reservation:{reservation.id}:release",
        at=at,
    )
    reservation.state = "released"
    reservation.ended_at = at
    session.flush()
    return transfer


def _active_reservation(session: Session, tenant_id: UUID, slot_id: UUID) -> tuple[Reservation, BudgetLine]:
    query = select(Reservation).where(
        Reservation.tenant_id == tenant_id, Reservation.slot_id == slot_id, Reservation.state == "reserved"
    )
    reservation = lock(session, query, kind="reservation")
    line = session.scalar(
        select(BudgetLine).where(BudgetLine.tenant_id == tenant_id, BudgetLine.id == reservation.budget_line_id)
    )
    assert line is not None  # noqa: S101 - a foreign key says so
    return reservation, line
