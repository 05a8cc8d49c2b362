# SPDX-License-Identifier: EUPL-1.2
"""Our invoice at the provider, in words and in cents that come to the same."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy.orm import Session

from heitje import audit
from heitje.audit import Actor
from heitje.cents import in_heitjes
from heitje.errors import Conflict
from heitje.i18n.texts import text_in
from tenants.billing.funding_payments import customer_of
from tenants.billing.invoices import DAYS_TO_PAY, lock_invoice, note_sent, note_their_state
from tenants.billing.models import YEARLY_CAP, Invoice, InvoiceLine, InvoiceState, Metric
from tenants.billing.news import tell_invoice_sent
from tenants.billing.payments import InvoiceToSend, LineToSend
from tenants.billing.stripe_gateway import StripeGateway

LANGUAGE = "nl"
"""Invoices are written in Dutch."""

MONTHS = ("januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september", "oktober",
          "november", "december")  # fmt: skip


class InvoiceNotSent(Conflict):
    """Only an invoice that was sent and is not paid can be paid. Facts: state."""

    code = "invoice-not-sent"
    title = "This invoice does not wait for money."


def send_invoice(
    session: Session, gateway: StripeGateway, *, tenant_id: UUID, invoice_id: UUID, at: datetime
) -> Invoice:
    """Put an issued invoice at the provider and note where it can be paid; again, it only follows (operator's session).

    Raises `InvoiceTotalDiffers`, `PaymentRefused`, `PaymentsUnavailable`, `PaymentsNotSetUp`.
    """
    invoice = lock_invoice(session, tenant_id, invoice_id)
    if invoice.state in {InvoiceState.PAID, InvoiceState.VOID}:
        return invoice
    customer_id = customer_of(session, gateway, tenant_id)
    theirs = gateway.send_invoice(as_sent(invoice, customer_id), known_id=invoice.provider_id)
    if note_sent(session, invoice, theirs, at=at):
        tell_invoice_sent(session, invoice)
    note_their_state(session, invoice, theirs, at=at)
    return invoice


def note_transfer(
    session: Session, gateway: StripeGateway, *, tenant_id: UUID, invoice_id: UUID, by: Actor, at: datetime
) -> Invoice:
    """Note that the bank statement shows the money of a sent invoice, at the provider and here (operator's session).

    Raises `InvoiceNotSent`, `PaymentRefused`, `PaymentsUnavailable`.
    """
    invoice = lock_invoice(session, tenant_id, invoice_id)
    if invoice.state != InvoiceState.SENT or invoice.provider_id is None:
        raise InvoiceNotSent(state=invoice.state)
    theirs = gateway.mark_paid_out_of_band(invoice.provider_id, invoice_id=str(invoice.id))
    subject = f"invoice:{invoice.id}"
    audit.record(session, "invoice.transfer_noted", by=by, subject=subject, at=at, tenant_id=tenant_id)
    note_their_state(session, invoice, theirs, at=at)
    return invoice


def as_sent(invoice: Invoice, customer_id: str) -> InvoiceToSend:
    """Return the invoice as the provider gets it."""
    return InvoiceToSend(
        tenant_id=str(invoice.tenant_id),
        invoice_id=str(invoice.id),
        number=invoice.code,
        customer_id=customer_id,
        description=_description(invoice),
        days_until_due=DAYS_TO_PAY,
        lines=[
            LineToSend(
                description=line_text(line),
                net_cents=line.net_cents,
                vat_cents=line.vat_cents,
                vat_percentage=Decimal(invoice.vat_permille) / 10,
            )
            for line in invoice.lines
        ],
        total_cents=invoice.total_cents,
    )


def line_text(line: InvoiceLine, language: str = LANGUAGE) -> str:
    """Say what a line is for, metric x unit: "Actieve inwoners: 250 × € 0,95"."""
    if line.metric == YEARLY_CAP:
        return text_in(language, "Above the yearly cap")
    price = in_heitjes(line.unit_cents, decimals=True)
    name = metric_name(Metric(line.metric), language)
    return f"{name}: {line.quantity} × €\u00a0{price}"


def metric_name(metric: Metric, language: str = LANGUAGE) -> str:
    """Name what is counted."""
    if metric == Metric.ACTIVE_CITIZENS:
        return text_in(language, "Active residents")
    return text_in(language, "Active shops")


def month_name(month: date) -> str:
    """Name a month as an invoice does: "november 2026"."""
    return f"{MONTHS[month.month - 1]} {month.year}"


def _description(invoice: Invoice) -> str:
    said = text_in(LANGUAGE, "Use of the platform in %(month)s", month=month_name(invoice.month))
    if invoice.buyer_reference:
        said += " – " + text_in(LANGUAGE, "your reference: %(reference)s", reference=invoice.buyer_reference)
    return said
