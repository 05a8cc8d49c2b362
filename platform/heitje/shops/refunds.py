# SPDX-License-Identifier: EUPL-1.2
"""Heitjes given back on a payment: to the wallet they came from, never more than was paid."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from heitje import audit
from heitje.audit import Actor
from heitje.cents import Cents
from heitje.clock import local_day
from heitje.errors import InvalidInput, NotFound
from heitje.i18n.marks import N_
from heitje.ledger.errors import BalanceTooLow, KeyReused
from heitje.ledger.models import TransferKind
from heitje.ledger.transfers import post
from heitje.notifications.tell import tell_citizen
from heitje.shops.errors import NotEnoughTakings, RefundTooHigh
from heitje.shops.models import PAID, Payment, PaymentRefund, PaymentState
from heitje.shops.payments import lock_payment


def refund_payment(
    session: Session, *, payment_id: UUID, amount_cents: Cents, key: str, by: Actor, at: datetime
) -> Payment:
    """Give `amount_cents` of a payment back to whoever paid; in the scope of the shop.

    All of it on the day itself makes the payment void. The same `key` gives back once. Raises `NotFound`,
    `RefundTooHigh`, `NotEnoughTakings` when the shop cashed it out before, `KeyReused`, `BooksBusy`.
    """
    payment = lock_payment(session, payment_id)
    earlier = session.scalar(
        select(PaymentRefund).where(PaymentRefund.shop_id == payment.shop_id, PaymentRefund.key == key)
    )
    if earlier is not None:
        if (earlier.payment_id, earlier.amount_cents) != (payment.id, amount_cents):
            raise KeyReused
        return payment
    if payment.state not in PAID:
        raise NotFound(kind="payment")
    if amount_cents <= 0:
        raise InvalidInput({"amount_cents": [N_("Choose an amount of at least one cent.")]})
    if amount_cents > payment.refundable_cents:
        raise RefundTooHigh(refundable_cents=payment.refundable_cents, amount_cents=amount_cents)
    refund = _pay_back(session, payment, amount_cents, key=key, at=at)
    payment.refunded_cents += amount_cents
    payment.state = _state_after(payment, amount_cents, at=at).value
    session.flush()
    audit.record(
        session,
        "payment.voided" if payment.state == PaymentState.VOIDED else "payment.refunded",
        by=by,
        subject=f"payment:{payment.id}",
        at=at,
        transfer_id=refund.transfer_id,
        amount_cents=amount_cents,
        refunded_cents=payment.refunded_cents,
    )
    assert payment.citizen_id is not None  # noqa: S101 - a paid payment has a payer, by a CHECK
    tell_citizen(
        session, payment.citizen_id, "payment-refunded", shop_name=payment.shop_name, amount_cents=amount_cents
    )
    return payment


def refunds_of(session: Session, payment_id: UUID) -> list[PaymentRefund]:
    """List what was given back on a payment, oldest first; in the scope of the shop."""
    query = (
        select(PaymentRefund)
        .where(PaymentRefund.payment_id == payment_id)
        .order_by(PaymentRefund.at, PaymentRefund.id)
        .limit(100)
    )
    return list(session.scalars(query))


def _pay_back(session: Session, payment: Payment, amount_cents: Cents, *, key: str, at: datetime) -> PaymentRefund:
    assert payment.wallet_account_id is not None  # noqa: S101 - a paid payment has a payer, by a CHECK
    refund_id = uuid4()
    try:
        transfer = post(
            session,
            TransferKind.REFUND,
            scheme_id=payment.scheme_id,
            source_id=payment.shop_account_id,
            target_id=payment.wallet_account_id,
            amount_cents=amount_cents,
            key=f"refund:{refund_id}",
            at=at,
            note=payment.reference,
        )
    except BalanceTooLow as low:
        raise NotEnoughTakings(**low.facts) from low
    refund = PaymentRefund(
        shop_id=payment.shop_id,
        id=refund_id,
        payment_id=payment.id,
        amount_cents=amount_cents,
        transfer_id=transfer.id,
        key=key,
        at=at,
    )
    session.add(refund)
    try:
        session.flush()
    except IntegrityError as error:
        if "payment_refunds_shop_id_key_key" in str(error.orig):
            raise KeyReused from error  # another payment took this key a moment ago
        raise
    return refund


def _state_after(payment: Payment, amount_cents: Cents, *, at: datetime) -> PaymentState:
    if payment.refunded_cents < payment.amount_cents:
        return PaymentState.COMPLETED
    assert payment.completed_at is not None  # noqa: S101 - it was paid
    if amount_cents == payment.amount_cents and local_day(payment.completed_at) == local_day(at):
        return PaymentState.VOIDED
    return PaymentState.REFUNDED
