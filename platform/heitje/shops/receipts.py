# SPDX-License-Identifier: EUPL-1.2
"""Payments as their payer sees them: a receipt, and the names behind a statement. In the scope of the citizen."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Text, cast, func, or_, select
from sqlalchemy.orm import Session

from heitje.errors import NotFound
from heitje.ledger.models import Entry, TransferKind
from heitje.shops.models import PAID, Payment


def own_payment(session: Session, payment_id: UUID, citizen_id: UUID) -> Payment:
    """Return a payment that this citizen made, as it is now; raises `NotFound`."""
    payment = session.scalar(
        select(Payment)
        .where(Payment.id == payment_id, Payment.citizen_id == citizen_id, Payment.state.in_(PAID))
        .execution_options(populate_existing=True)
    )
    if payment is None:
        raise NotFound(kind="payment")
    return payment


def payments_behind(session: Session, entries: Sequence[Entry], citizen_id: UUID) -> dict[int, Payment]:
    """Return transfer id -> payment for the entries that are payments or refunds, in one query."""
    paid = {entry.transfer_id for entry in entries if entry.kind == TransferKind.PAYMENT}
    refunded = {entry.note for entry in entries if entry.kind == TransferKind.REFUND}
    if not paid and not refunded:
        return {}
    reference = func.concat("B", func.upper(func.left(cast(Payment.id, Text), 8)))
    payments = session.scalars(
        select(Payment).where(
            Payment.citizen_id == citizen_id, or_(Payment.transfer_id.in_(paid), reference.in_(refunded))
        )
    ).all()
    behind = {payment.transfer_id: payment for payment in payments if payment.transfer_id in paid}
    by_reference = {payment.reference: payment for payment in payments}
    for entry in entries:
        if entry.kind == TransferKind.REFUND and entry.note in by_reference:
            behind[entry.transfer_id] = by_reference[entry.note]
    return {transfer_id: payment for transfer_id, payment in behind.items() if transfer_id is not None}


def own_payments(session: Session, citizen_id: UUID, *, limit: int = 10_000) -> list[Payment]:
    """List all payments a citizen made, newest first; for the copy of one's own data."""
    query = (
        select(Payment)
        .where(Payment.citizen_id == citizen_id, Payment.state.in_(PAID))
        .order_by(Payment.completed_at.desc(), Payment.id)
        .limit(limit)
    )
    return list(session.scalars(query))
