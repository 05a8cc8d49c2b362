# SPDX-License-Identifier: EUPL-1.2
"""What billing does by itself: acts on messages of the provider, bills each month, looks after what got stuck.

Importing this module registers the jobs.
"""

from datetime import date, timedelta
from functools import cache
from uuid import UUID

from sqlalchemy.orm import Session

from heitje.clock import local_day, now
from heitje.config import Settings
from heitje.jobs.periodic import daily, every
from heitje.jobs.queue import enqueue
from heitje.jobs.registry import job
from tenants.billing.invoices import invoices_to_follow, invoices_to_send, issue_invoice, tenants_to_bill
from tenants.billing.sending import send_invoice
from tenants.billing.stripe_events import (
    HANDLE_EVENT,
    follow_funding,
    follow_invoice,
    handle_event,
    payments_to_follow,
    unhandled_events,
)
from tenants.billing.stripe_gateway import StripeGateway

SEND_INVOICE = "billing.send_invoice"


@cache
def process_gateway() -> StripeGateway:
    """Return the gateway of this worker process, from the environment."""
    return StripeGateway(Settings.from_environment())


@job(HANDLE_EVENT)
def handle(session: Session, *, event_id: str) -> None:
    """Act on one event of the provider."""
    handle_event(session, process_gateway(), event_id, at=now())


@job("billing.follow_funding")
def follow_one_funding(session: Session, *, payment_id: str) -> None:
    """Ask how a funding's payment stands."""
    follow_funding(session, process_gateway(), payment_id, at=now())


@job("billing.follow_invoice")
def follow_one_invoice(session: Session, *, provider_id: str) -> None:
    """Ask how a sent invoice stands."""
    follow_invoice(session, process_gateway(), provider_id, at=now())


@job("billing.issue_invoice")
def issue(session: Session, *, tenant_id: UUID, month: date) -> None:
    """Charge one tenant for one month, and have the invoice sent."""
    invoice = issue_invoice(session, tenant_id=tenant_id, month=month, at=now())
    if invoice is not None:
        enqueue(session, SEND_INVOICE, key=str(invoice.id), tenant_id=tenant_id, invoice_id=invoice.id)


@job(SEND_INVOICE)
def send(session: Session, *, tenant_id: UUID, invoice_id: UUID) -> None:
    """Put one invoice at the provider."""
    send_invoice(session, process_gateway(), tenant_id=tenant_id, invoice_id=invoice_id, at=now())


@daily(hour=6, minute=10, name="billing.bill_month")
def bill_month(session: Session) -> None:
    """Have last month charged, each tenant in a job of its own. Daily, so that a missed first of the month is made up."""
    bill(session, month=local_day(now()).replace(day=1) - timedelta(days=1))


def bill(session: Session, *, month: date) -> None:
    """Have a month that is over charged to every tenant that pays; again, it charges nobody twice."""
    month = month.replace(day=1)
    for tenant_id in tenants_to_bill(session):
        enqueue(
            session, "billing.issue_invoice", key=f"{tenant_id}:{month.isoformat()}", tenant_id=tenant_id, month=month
        )


@every(seconds=3600, name="billing.look_again")
def look_again(session: Session) -> None:
    """Try again what waits for the provider, and ask about payments of which no message came."""
    at = now()
    hour = at.isoformat(timespec="hours")
    for event_id in unhandled_events(session, before=at - timedelta(hours=2)):
        enqueue(session, HANDLE_EVENT, key=f"{event_id}:{hour}", event_id=event_id)
    for tenant_id, invoice_id in invoices_to_send(session, before=at - timedelta(hours=2)):
        key = f"{invoice_id}:{hour}"
        enqueue(session, SEND_INVOICE, key=key, tenant_id=tenant_id, invoice_id=invoice_id)
    for payment_id in payments_to_follow(session, at=at):
        enqueue(session, "billing.follow_funding", key=f"{payment_id}:{hour}", payment_id=payment_id)
    day = local_day(at).isoformat()
    for provider_id in invoices_to_follow(session):
        enqueue(session, "billing.follow_invoice", key=f"{provider_id}:{day}", provider_id=provider_id)
