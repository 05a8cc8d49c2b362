# SPDX-License-Identifier: EUPL-1.2
"""What the provider tells us: stored once when it knocks, acted on later by asking the provider how things stand.

So it does not matter how often a message comes, in which order, or what else it says.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import CursorResult, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from heitje.audit import Actor
from heitje.db.locking import lock
from heitje.db.scope import Scope
from heitje.errors import Conflict, HeitjeError, NotFound
from heitje.jobs.queue import enqueue
from heitje.purses.funding import AmountMismatch, note_funding_state, receive_funding
from heitje.purses.models import Funding, FundingState
from tenants.billing.invoices import PaidOtherwise, lock_invoice, note_their_state
from tenants.billing.models import EventOutcome, StripeEvent
from tenants.billing.news import tell_funding_received
from tenants.billing.payments import PaymentState, WebhookEvent
from tenants.billing.refusals import PaymentUnknown
from tenants.billing.stripe_gateway import StripeGateway

HANDLE_EVENT = "billing.handle_event"

STRIPE = Actor(kind="system", id="stripe")

FOLLOWED = frozenset(
    {
        "checkout.session.completed",
        "checkout.session.async_payment_succeeded",
        "checkout.session.async_payment_failed",
        "invoice.paid",
        "invoice.voided",
    }
)
"""What a webhook of ours subscribes to at the provider. Others come too; they are answered and forgotten."""

DOES_NOT_FIT = (NotFound, PaymentUnknown, AmountMismatch, PaidOtherwise, Conflict)
"""What a person must look at; trying again would not help."""


class NotOurPayment(NotFound):
    """The provider knows a payment that is in no book of ours."""

    code = "not-our-payment"


def store_event(session: Session, event: WebhookEvent, *, at: datetime) -> bool:
    """Keep an event whose signature was checked, and have it handled.

    Returns False if it was there already, or is of a type that we do not follow.
    """
    if event.type not in FOLLOWED:
        return False
    stored = session.execute(
        insert(StripeEvent.__table__)  # type: ignore[arg-type]
        .values(id=event.id, type=event.type, object_id=event.object_id, received_at=at)
        .on_conflict_do_nothing()
    )
    assert isinstance(stored, CursorResult)  # noqa: S101 - an insert answers with a cursor
    if stored.rowcount == 0:
        return False
    enqueue(session, HANDLE_EVENT, Scope(operator=True), key=event.id, event_id=event.id)
    return True


def handle_event(session: Session, gateway: StripeGateway, event_id: str, *, at: datetime) -> EventOutcome:
    """Act on what the event is about, once; a second call only repeats the outcome (operator's session).

    Raises `PaymentsUnavailable` while the provider cannot be asked: then nothing was done, and a retry is right.
    """
    event = lock(session, select(StripeEvent).where(StripeEvent.id == event_id), kind="event")
    if event.handled_at is None:
        try:
            outcome, explanation = _act(session, gateway, event, at=at), ""
        except DOES_NOT_FIT as refusal:
            outcome, explanation = EventOutcome.UNEXPECTED, _explain(refusal)
        event.outcome, event.explanation, event.handled_at = outcome.value, explanation, at
        session.flush()
    return EventOutcome(event.outcome)


def follow_funding(session: Session, gateway: StripeGateway, payment_id: str, *, at: datetime) -> EventOutcome:
    """Ask the provider how a funding's payment stands, and mint if the money is there."""
    payment = gateway.fetch_funding_payment(payment_id)
    funding = session.scalar(
        select(Funding).where(
            Funding.tenant_id == _uuid(payment.tenant_id),
            Funding.id == _uuid(payment.funding_id),
            Funding.payment_id == payment.id,
        )
    )
    if funding is None:
        raise NotOurPayment(payment_id=payment_id)
    ours = {"tenant_id": funding.tenant_id, "funding_id": funding.id}
    if payment.state == PaymentState.PAID:
        minted = receive_funding(session, **ours, received_cents=payment.amount_cents, by=STRIPE, at=at)
        if minted is not None:
            tell_funding_received(session, funding)
    elif payment.state == PaymentState.ON_ITS_WAY:
        note_funding_state(session, **ours, state=FundingState.PROCESSING)
    elif payment.state == PaymentState.FAILED:
        note_funding_state(session, **ours, state=FundingState.FAILED)
    return EventOutcome.DONE


def follow_invoice(session: Session, gateway: StripeGateway, provider_id: str, *, at: datetime) -> EventOutcome:
    """Ask the provider how an invoice stands, and note that it is paid if it is."""
    theirs = gateway.fetch_invoice(provider_id)
    invoice = lock_invoice(session, _uuid(theirs.tenant_id), _uuid(theirs.invoice_id))
    if invoice.provider_id is None:
        # They told us of it before we had noted that we sent it; we ask again when we have.
        return EventOutcome.IGNORED
    note_their_state(session, invoice, theirs, at=at)
    return EventOutcome.DONE


def unhandled_events(session: Session, *, before: datetime, limit: int = 500) -> Sequence[str]:
    """List events whose handling never came to an end, oldest first."""
    query = (
        select(StripeEvent.id)
        .where(StripeEvent.handled_at.is_(None), StripeEvent.received_at < before)
        .order_by(StripeEvent.received_at)
        .limit(limit)
    )
    return session.scalars(query).all()


def unexpected_events(session: Session, *, since: datetime, limit: int = 100) -> Sequence[StripeEvent]:
    """List events that did not fit our books, newest first: somebody must look at them."""
    query = (
        select(StripeEvent)
        .where(StripeEvent.outcome == EventOutcome.UNEXPECTED, StripeEvent.received_at >= since)
        .order_by(StripeEvent.received_at.desc())
        .limit(limit)
    )
    return session.scalars(query).all()


def payments_to_follow(session: Session, *, at: datetime, limit: int = 500) -> Sequence[str]:
    """List payments of fundings that still wait for money, in case a message never reached us."""
    query = (
        select(Funding.payment_id)
        .where(
            Funding.state.in_((FundingState.AWAITING, FundingState.PROCESSING)),
            Funding.payment_id.is_not(None),
            Funding.created_at.between(at - timedelta(days=60), at - timedelta(hours=1)),
        )
        .order_by(Funding.created_at)
        .limit(limit)
    )
    return [payment_id for payment_id in session.scalars(query) if payment_id is not None]


def _act(session: Session, gateway: StripeGateway, event: StripeEvent, *, at: datetime) -> EventOutcome:
    if event.type.startswith("checkout.session."):
        return follow_funding(session, gateway, event.object_id, at=at)
    if event.type.startswith("invoice."):
        return follow_invoice(session, gateway, event.object_id, at=at)
    return EventOutcome.IGNORED


def _explain(refusal: HeitjeError) -> str:
    facts = ", ".join(f"{name}={value}" for name, value in sorted(refusal.facts.items()))
    return f"{refusal.code}: {facts}"[:500]


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotOurPayment(reason="not made by this platform") from None
