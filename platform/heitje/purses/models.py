# SPDX-License-Identifier: EUPL-1.2
"""Budget lines of departments, fundings that fill them, reservations that keep promises (migration 0005)."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from heitje.cents import Cents
from heitje.db.base import Base, TenantOwned


class LineState(StrEnum):
    """See lifecycles: a line pays what it promised in every state but draft."""

    DRAFT = "draft"
    AWAITING_FUNDS = "awaiting_funds"
    ACTIVE = "active"
    FROZEN = "frozen"
    CLOSING = "closing"
    CLOSED = "closed"


class FundingState(StrEnum):
    """Nothing is credited before `received`."""

    AWAITING = "awaiting"
    PROCESSING = "processing"
    RECEIVED = "received"
    FAILED = "failed"
    RETURNED = "returned"


class BudgetLine(TenantOwned, Base):
    """Money of one department with a period; its balances are two ledger accounts."""

    __tablename__ = "budget_lines"

    scheme_id: Mapped[UUID]
    department_id: Mapped[UUID]
    name: Mapped[str]
    starts_on: Mapped[date]
    ends_on: Mapped[date]
    state: Mapped[str] = mapped_column(default=LineState.DRAFT.value)
    budget_account_id: Mapped[int]
    reserved_account_id: Mapped[int]
    created_by: Mapped[UUID]
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)


class Funding(TenantOwned, Base):
    """Euros on their way into a budget line; `reference` is what the payer sees."""

    __tablename__ = "fundings"

    budget_line_id: Mapped[UUID]
    amount_cents: Mapped[Cents]
    state: Mapped[str] = mapped_column(default=FundingState.AWAITING.value)
    reference: Mapped[str]
    payment_id: Mapped[str | None]
    pay_url: Mapped[str | None]
    created_by: Mapped[UUID]
    created_at: Mapped[datetime]
    received_at: Mapped[datetime | None]


class Reservation(TenantOwned, Base):
    """Money set aside for one slot; ends as a paid reward or goes back to the line."""

    __tablename__ = "reservations"

    budget_line_id: Mapped[UUID]
    chore_id: Mapped[UUID]
    slot_id: Mapped[UUID]
    amount_cents: Mapped[Cents]
    state: Mapped[str] = mapped_column(default="reserved")
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
