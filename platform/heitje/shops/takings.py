# SPDX-License-Identifier: EUPL-1.2
"""What a shop took in: the day's total, its payments, and receipts for the books (R23). In the scope of the shop."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from heitje.cents import Cents
from heitje.clock import AMSTERDAM
from heitje.errors import NotFound
from heitje.ledger.accounts import balance_of
from heitje.shops.models import PAID, Payment, PaymentRefund, Shop, ShopDetails


@dataclass(frozen=True, kw_only=True)
class DayTotal:
    """One calendar day in the Netherlands. Refunds count on the day they were given, as in a cash book."""

    day: date
    payments: int
    paid_cents: Cents
    refunded_cents: Cents

    @property
    def takings_cents(self) -> Cents:
        """What the day brought in; below zero when more was given back than paid."""
        return self.paid_cents - self.refunded_cents


@dataclass(frozen=True, kw_only=True)
class TakingsLine:
    """One line for the books: a payment, or with an amount below zero what was given back."""

    at: datetime
    reference: str
    amount_cents: Cents


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """What a shop's bookkeeping needs of one payment. Heitjes pay for goods as euros do: amounts include VAT."""

    reference: str
    shop_name: str
    shop_address: str
    kvk_number: str
    """Empty on a citizen's receipt, as is the next."""
    vat_number: str
    paid_at: datetime
    amount_cents: Cents
    refunded_cents: Cents


def shop_balance(session: Session, shop: Shop) -> Cents:
    """Return what the shop has in Heitjes, in cents; nothing before its account is opened."""
    return 0 if shop.account_id is None else balance_of(session, shop.account_id)


def day_total(session: Session, *, shop_id: UUID, day: date) -> DayTotal:
    """Add up one day."""
    start, end = day_bounds(day)
    paid = session.execute(
        select(func.count(), func.coalesce(func.sum(Payment.amount_cents), 0)).where(
            Payment.shop_id == shop_id,
            Payment.state.in_(PAID),
            # Paid soon after it was asked for, or not at all: this lets the index help.
            Payment.created_at >= start - timedelta(hours=1),
            Payment.completed_at >= start,
            Payment.completed_at < end,
        )
    ).one()
    refunded = session.scalar(
        select(func.coalesce(func.sum(PaymentRefund.amount_cents), 0)).where(
            PaymentRefund.shop_id == shop_id, PaymentRefund.at >= start, PaymentRefund.at < end
        )
    )
    return DayTotal(day=day, payments=int(paid[0]), paid_cents=int(paid[1]), refunded_cents=int(refunded or 0))


def payments_of_shop(
    session: Session,
    *,
    shop_id: UUID,
    day: date | None = None,
    before: tuple[datetime, UUID] | None = None,
    limit: int = 30,
) -> Sequence[Payment]:
    """List paid payments, newest first, of one day or of all; those before `before` (created_at and id, keyset)."""
    query = (
        select(Payment)
        .where(Payment.shop_id == shop_id, Payment.state.in_(PAID))
        .order_by(Payment.created_at.desc(), Payment.id.desc())
        .limit(limit)
    )
    if day is not None:
        start, end = day_bounds(day)
        query = query.where(
            Payment.created_at >= start - timedelta(hours=1), Payment.completed_at >= start, Payment.completed_at < end
        )
    if before is not None:
        query = query.where(tuple_(Payment.created_at, Payment.id) < before)
    return session.scalars(query).all()


def lines_between(session: Session, *, shop_id: UUID, first: date, before: date) -> list[TakingsLine]:
    """List payments (above zero) and refunds (below) from day `first` until `before`, in order of time."""
    start, end = day_bounds(first)[0], day_bounds(before)[0]
    paid = select(Payment).where(
        Payment.shop_id == shop_id,
        Payment.state.in_(PAID),
        Payment.created_at >= start - timedelta(hours=1),
        Payment.completed_at >= start,
        Payment.completed_at < end,
    )
    given_back = (
        select(PaymentRefund, Payment)
        .join(Payment, Payment.id == PaymentRefund.payment_id)
        .where(PaymentRefund.shop_id == shop_id, PaymentRefund.at >= start, PaymentRefund.at < end)
    )
    lines = [
        TakingsLine(at=payment.completed_at, reference=payment.reference, amount_cents=payment.amount_cents)
        for payment in session.scalars(paid)
        if payment.completed_at is not None
    ]
    lines += [
        TakingsLine(at=refund.at, reference=payment.reference, amount_cents=-refund.amount_cents)
        for refund, payment in session.execute(given_back)
    ]
    return sorted(lines, key=lambda line: (line.at, line.reference))


def receipt_of(session: Session, payment: Payment) -> Receipt:
    """Return the facts of a paid payment; the shop's numbers too if the session is the shop's. Raises `NotFound`."""
    row = session.execute(
        select(Shop.address, ShopDetails.kvk_number, ShopDetails.vat_number)
        .outerjoin(ShopDetails, ShopDetails.shop_id == Shop.id)
        .where(Shop.id == payment.shop_id)
    ).one_or_none()
    if row is None or payment.completed_at is None:
        raise NotFound(kind="payment")
    return Receipt(
        reference=payment.reference,
        shop_name=payment.shop_name,
        shop_address=row.address,
        kvk_number=row.kvk_number or "",
        vat_number=row.vat_number or "",
        paid_at=payment.completed_at,
        amount_cents=payment.amount_cents,
        refunded_cents=payment.refunded_cents,
    )


def day_bounds(day: date) -> tuple[datetime, datetime]:
    """Return where a Dutch calendar day begins and ends; a day of a clock change is longer or shorter."""
    return (
        datetime.combine(day, time.min, tzinfo=AMSTERDAM),
        datetime.combine(day + timedelta(days=1), time.min, tzinfo=AMSTERDAM),
    )
