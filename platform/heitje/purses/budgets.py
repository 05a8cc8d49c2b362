# SPDX-License-Identifier: EUPL-1.2
"""Budget lines: opened by finance, read with their balances."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from heitje import audit
from heitje.cents import Cents
from heitje.db.locking import lock
from heitje.errors import HeitjeError, InvalidInput
from heitje.i18n.marks import N_
from heitje.identity.roles import ActingMember, Role
from heitje.ledger.accounts import open_account
from heitje.ledger.models import Account, AccountKind
from heitje.purses.models import BudgetLine, LineState, Reservation


class LineNotOpen(HeitjeError):
    """The budget line takes no new promises: not funded yet, frozen or closed. Facts: state."""

    code = "budget-line-not-open"
    title = "This budget line cannot be used now. Fund it first, or choose another one."


class PeriodTooShort(HeitjeError):
    """The line's period ends before the chore can be paid. Facts: ends_on, needed_until."""

    code = "budget-period-too-short"
    title = "This budget line ends before the chore can be paid. Choose a line that runs longer."


@dataclass(frozen=True, kw_only=True)
class LineBalance:
    """A line with its money in cents: funded = available + reserved + paid + refunded."""

    line: BudgetLine
    available_cents: Cents
    reserved_cents: Cents
    paid_cents: Cents

    @property
    def funded_cents(self) -> Cents:
        """All that came in and was not given back."""
        return self.available_cents + self.reserved_cents + self.paid_cents


def open_budget_line(  # noqa: PLR0913 - what a line consists of
    session: Session,
    *,
    scheme_id: UUID,
    department_id: UUID,
    name: str,
    starts_on: date,
    ends_on: date,
    by: ActingMember,
    at: datetime,
) -> BudgetLine:
    """Open an empty line with its two ledger accounts; finance only. Raises `InvalidInput` for an unusable period."""
    by.must(Role.FINANCE, department_id)
    if ends_on <= starts_on:
        raise InvalidInput({"ends_on": [N_("The end must be later than the start.")]})
    line_id = uuid4()
    owner = {"scheme_id": scheme_id, "tenant_id": by.tenant_id, "budget_line_id": line_id}
    line = BudgetLine(
        tenant_id=by.tenant_id,
        id=line_id,
        scheme_id=scheme_id,
        department_id=department_id,
        name=name,
        starts_on=starts_on,
        ends_on=ends_on,
        budget_account_id=open_account(session, AccountKind.BUDGET, **owner),
        reserved_account_id=open_account(session, AccountKind.RESERVED, **owner),
        created_by=by.member_id,
        created_at=at,
    )
    session.add(line)
    session.flush()
    audit.record(
        session, "budget_line.opened", by=by.actor, subject=f"budget_line:{line_id}", at=at, tenant_id=by.tenant_id
    )
    return line


def set_line_frozen(session: Session, line_id: UUID, *, frozen: bool, by: ActingMember, at: datetime) -> BudgetLine:
    """Stop new promises on a line, or allow them again. What was promised is paid either way."""
    line = lock_line(session, by.tenant_id, line_id)
    by.must(Role.FINANCE, line.department_id)
    wanted_from = LineState.ACTIVE if frozen else LineState.FROZEN
    if line.state != wanted_from:
        raise LineNotOpen(state=line.state)
    line.state = (LineState.FROZEN if frozen else LineState.ACTIVE).value
    line.version += 1
    audit.record(
        session,
        "budget_line.frozen" if frozen else "budget_line.unfrozen",
        by=by.actor,
        subject=f"budget_line:{line_id}",
        at=at,
        tenant_id=by.tenant_id,
    )
    return line


def lock_line(session: Session, tenant_id: UUID, line_id: UUID) -> BudgetLine:
    """Return the line, locked until the transaction ends and fresh; raises `NotFound`."""
    query = select(BudgetLine).where(BudgetLine.tenant_id == tenant_id, BudgetLine.id == line_id)
    return lock(session, query, kind="budget line")


def line_balances(session: Session, *, department_ids: Sequence[UUID] | None = None) -> list[LineBalance]:
    """List the tenant's lines with their money, one query, by name; for some departments or for all."""
    budget, reserved = aliased(Account), aliased(Account)
    paid = (
        select(func.coalesce(func.sum(Reservation.amount_cents), 0))
        .where(
            Reservation.tenant_id == BudgetLine.tenant_id,
            Reservation.budget_line_id == BudgetLine.id,
            Reservation.state == "committed",
        )
        .correlate(BudgetLine)
        .scalar_subquery()
    )
    query = (
        select(BudgetLine, budget.balance_cents, reserved.balance_cents, paid)
        .join(budget, budget.id == BudgetLine.budget_account_id)
        .join(reserved, reserved.id == BudgetLine.reserved_account_id)
        .order_by(BudgetLine.name, BudgetLine.id)
    )
    if department_ids is not None:
        query = query.where(BudgetLine.department_id.in_(department_ids))
    return [
        LineBalance(line=line, available_cents=available, reserved_cents=held, paid_cents=int(out))
        for line, available, held, out in session.execute(query)
    ]
