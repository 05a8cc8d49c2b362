# SPDX-License-Identifier: EUPL-1.2
"""Euros that come in become Heitjes: minted once, when the money is really there."""

import secrets
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from heitje import audit
from heitje.audit import Actor
from heitje.cents import Cents
from heitje.db.locking import lock
from heitje.errors import Conflict, HeitjeError, NotFound
from heitje.identity.roles import ActingMember, Role
from heitje.ledger.accounts import open_account
from heitje.ledger.models import AccountKind, TransferKind
from heitje.ledger.transfers import Transfer, post
from heitje.purses.budgets import LineNotOpen, lock_line
from heitje.purses.models import BudgetLine, Funding, FundingState, LineState


class AmountMismatch(HeitjeError):
    """What was paid is not what was asked. Facts: asked_cents, received_cents. Nothing was minted."""

    code = "amount-mismatch"
    title = "The amount received is not the amount asked for. Somebody of the platform will look at it."


def ask_funding(session: Session, line_id: UUID, *, amount_cents: Cents, by: ActingMember, at: datetime) -> Funding:
    """Note that finance wants to pay `amount_cents` into a line; returns the funding with its payment reference.

    Raises `LineNotOpen` for a line that is closing or closed, `NotAllowed` for anyone but finance of its department.
    """
    line = lock_line(session, by.tenant_id, line_id)
    by.must(Role.FINANCE, line.department_id)
    if line.state in {LineState.CLOSING, LineState.CLOSED}:
        raise LineNotOpen(state=line.state)
    funding = Funding(
        tenant_id=by.tenant_id,
        budget_line_id=line.id,
        amount_cents=amount_cents,
        reference="HF" + "".join(secrets.choice("0123456789") for _ in range(12)),
        created_by=by.member_id,
        created_at=at,
    )
    session.add(funding)
    if line.state == LineState.DRAFT:
        line.state = LineState.AWAITING_FUNDS.value
    session.flush()
    audit.record(
        session,
        "funding.asked",
        by=by.actor,
        subject=f"funding:{funding.id}",
        at=at,
        tenant_id=by.tenant_id,
        amount_cents=amount_cents,
    )
    return funding


def lock_funding(session: Session, tenant_id: UUID, funding_id: UUID) -> Funding:
    """Return the funding, locked until the transaction ends and fresh; raises `NotFound`."""
    query = select(Funding).where(Funding.tenant_id == tenant_id, Funding.id == funding_id)
    return lock(session, query, kind="funding")


def receive_funding(
    session: Session,
    *,
    tenant_id: UUID,
    funding_id: UUID,
    received_cents: Cents,
    by: Actor,
    at: datetime,
) -> Transfer | None:
    """Mint what was received into the line; needs an operator's session, since only that reaches the treasury.

    Called again for the same funding it mints nothing and returns `None`. Raises `NotFound`, `AmountMismatch`,
    `Conflict` for a funding that failed.
    """
    funding = lock_funding(session, tenant_id, funding_id)
    if funding.state == FundingState.RECEIVED:
        return None
    if funding.state == FundingState.RETURNED:
        raise Conflict(state=funding.state)
    if funding.amount_cents != received_cents:
        raise AmountMismatch(asked_cents=funding.amount_cents, received_cents=received_cents)
    line = session.scalar(
        select(BudgetLine).where(BudgetLine.tenant_id == tenant_id, BudgetLine.id == funding.budget_line_id)
    )
    if line is None:
        raise NotFound(kind="budget line")
    transfer = post(
        session,
        TransferKind.MINT,
        scheme_id=line.scheme_id,
        source_id=open_account(session, AccountKind.TREASURY, scheme_id=line.scheme_id),
        target_id=line.budget_account_id,
        amount_cents=received_cents,
        key=f"funding:{funding.id}:mint",
        at=at,
        note=funding.reference,
    )
    funding.state = FundingState.RECEIVED.value
    funding.received_at = at
    if line.state in {LineState.DRAFT, LineState.AWAITING_FUNDS}:
        line.state = LineState.ACTIVE.value
    audit.record(
        session,
        "funding.received",
        by=by,
        subject=f"funding:{funding.id}",
        at=at,
        tenant_id=tenant_id,
        transfer_id=transfer.id,
        amount_cents=received_cents,
    )
    return transfer


def note_funding_state(session: Session, *, tenant_id: UUID, funding_id: UUID, state: FundingState) -> None:
    """Note that a payment is being processed or failed; never moves a funding that was received. Operator's session."""
    funding = lock_funding(session, tenant_id, funding_id)
    if funding.state in {FundingState.AWAITING, FundingState.PROCESSING} and state in {
        FundingState.PROCESSING,
        FundingState.FAILED,
    }:
        funding.state = state.value
