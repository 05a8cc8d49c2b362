# SPDX-License-Identifier: EUPL-1.2
"""Invoices: one a tenant and month, numbered without a gap, never changed. Only an operator's session writes them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Self
from uuid import UUID, uuid4

from sqlalchemy import func, select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, selectinload

from heitje import audit
from heitje.audit import Actor
from heitje.cents import Cents
from heitje.clock import local_day
from heitje.db.locking import lock
from heitje.errors import Conflict, NotFound
from heitje.identity.models import Tenant, TenantDetails
from heitje.schemes import Scheme
from tenants.billing.metering import close_month
from tenants.billing.models import Invoice, InvoiceLine, InvoiceSeries, InvoiceState, Tariff
from tenants.billing.payments import SentInvoice, SentInvoiceState
from tenants.billing.tariff import PricedLine, price, tariff_on
from tenants.billing.vat import split_vat

SERIES = "H"
DAYS_TO_PAY = 30
"""What public bodies are bound to."""

BILLED_STATES = ("live", "restricted", "suspended", "winding_down", "closed")
"""A closed tenant still gets the invoice of its last month."""

BILLING = Actor(kind="system", id="billing")


@dataclass(frozen=True)
class InvoiceCode:
    """A number as people read it, "H2026-000012"."""

    series: str
    year: int
    number: int

    @classmethod
    def read(cls, text: str) -> Self:
        """Read it back; raises `NotFound` for what is no such number."""
        found = re.fullmatch(r"([A-Z]{1,4})([0-9]{4})-([0-9]{6,12})", text, re.ASCII)
        if found is None:
            raise NotFound(kind="invoice number")
        return cls(found[1], int(found[2]), int(found[3]))

    def __str__(self) -> str:
        return f"{self.series}{self.year}-{self.number:06d}"


class PaidOtherwise(Conflict):
    """The provider's invoice is not the one we sent: other total, number or id. Nothing was changed."""

    code = "paid-otherwise"


def tenants_to_bill(session: Session) -> Sequence[UUID]:
    """List the tenants that pay for the platform: let in, and not playing with play money."""
    query = (
        select(Tenant.id)
        .join(TenantDetails, TenantDetails.tenant_id == Tenant.id)
        .join(Scheme, Scheme.id == TenantDetails.scheme_id)
        .where(Tenant.state.in_(BILLED_STATES), Scheme.play_money.is_(False))
        .order_by(Tenant.id)
    )
    return session.scalars(query).all()


def issue_invoice(
    session: Session, *, tenant_id: UUID, month: date, at: datetime, up_to_now: bool = False
) -> Invoice | None:
    """Charge a tenant for a month that is over; `month` is any day in it.

    With `up_to_now` a month that still runs is charged as far as it came, and the rest of it never: for an
    organisation that leaves. Returns the invoice with its lines; the one that was issued before if there is one; None if there is nothing to
    pay. Raises `MonthNotOver`, `NoTariff`, `NotFound`.
    """
    month = month.replace(day=1)
    issued_on = local_day(at)
    # From here on one invoice at a time: numbers have no gaps, and a month is charged once.
    series = _lock_series(session, year=issued_on.year)
    earlier = session.scalar(
        select(Invoice)
        .where(Invoice.tenant_id == tenant_id, Invoice.month == month, Invoice.state != InvoiceState.VOID)
        .options(selectinload(Invoice.lines))
    )
    if earlier is not None:
        return earlier
    usage = close_month(session, tenant_id=tenant_id, month=month, at=at, up_to_now=up_to_now)
    tariff = tariff_on(session, month)
    before_cents = charged_before(session, tenant_id=tenant_id, month=month)
    lines = price(tariff, usage, charged_before_cents=before_cents)
    if sum(line.net_cents for line in lines) <= 0:
        return None
    series.last_number += 1
    invoice = _new_invoice(session, tenant_id, month=month, tariff=tariff, lines=lines, at=at)
    invoice.series, invoice.year, invoice.number = series.series, series.year, series.last_number
    invoice.code = str(InvoiceCode(series.series, series.year, series.last_number))
    session.add(invoice)
    session.flush()
    _record(session, invoice, "invoice.issued", at=at, code=invoice.code, total_cents=invoice.total_cents)
    return invoice


def note_sent(session: Session, invoice: Invoice, theirs: SentInvoice, *, at: datetime) -> bool:
    """Note that the provider has the invoice, with a page to pay it on; returns whether that is new."""
    invoice.provider_id, invoice.pay_url = theirs.id, theirs.pay_url
    if invoice.state != InvoiceState.ISSUED:
        return False
    invoice.state, invoice.sent_at = InvoiceState.SENT.value, at
    _record(session, invoice, "invoice.sent", at=at)
    return True


def note_their_state(session: Session, invoice: Invoice, theirs: SentInvoice, *, at: datetime) -> bool:
    """Follow what the provider says of a locked invoice; returns whether anything changed. Raises `PaidOtherwise`."""
    if (theirs.total_cents, theirs.number, theirs.id) != (invoice.total_cents, invoice.code, invoice.provider_id):
        raise PaidOtherwise(code=invoice.code, their_number=theirs.number, their_cents=theirs.total_cents)
    if invoice.state != InvoiceState.SENT:
        return False
    if theirs.state == SentInvoiceState.PAID:
        invoice.state, invoice.paid_at = InvoiceState.PAID.value, at
        _record(session, invoice, "invoice.paid", at=at, total_cents=invoice.total_cents)
        return True
    if theirs.state == SentInvoiceState.VOID:
        invoice.state = InvoiceState.VOID.value
        _record(session, invoice, "invoice.void", at=at)
        return True
    return False


def lock_invoice(session: Session, tenant_id: UUID, invoice_id: UUID) -> Invoice:
    """Return the invoice with its lines, locked until the transaction ends; raises `NotFound`."""
    query = select(Invoice).where(Invoice.tenant_id == tenant_id, Invoice.id == invoice_id)
    return lock(session, query.options(selectinload(Invoice.lines)), kind="invoice")


def invoices(
    session: Session, *, tenant_id: UUID | None = None, before: "InvoiceCode | None" = None, limit: int = 50
) -> Sequence[Invoice]:
    """List invoices, newest number first: a tenant's own, or all in an operator's session; after `before` if given."""
    query = select(Invoice).order_by(Invoice.year.desc(), Invoice.number.desc()).limit(limit)
    if before is not None:
        query = query.where(tuple_(Invoice.year, Invoice.number) < tuple_(before.year, before.number))
    if tenant_id is not None:
        query = query.where(Invoice.tenant_id == tenant_id)
    return session.scalars(query).all()


def invoice_with_lines(session: Session, invoice_id: UUID) -> Invoice:
    """Return an invoice that the session may see, with its lines; raises `NotFound`."""
    invoice = session.scalar(select(Invoice).where(Invoice.id == invoice_id).options(selectinload(Invoice.lines)))
    if invoice is None:
        raise NotFound(kind="invoice")
    return invoice


def invoices_to_send(session: Session, *, before: datetime, limit: int = 100) -> Sequence[tuple[UUID, UUID]]:
    """List (tenant, invoice) of what was issued before then and is not at the provider yet, oldest first."""
    query = (
        select(Invoice.tenant_id, Invoice.id)
        .where(Invoice.state == InvoiceState.ISSUED, Invoice.issued_at < before)
        .order_by(Invoice.issued_at)
        .limit(limit)
    )
    return [(row.tenant_id, row.id) for row in session.execute(query)]


def invoices_to_follow(session: Session, *, limit: int = 500) -> Sequence[str]:
    """List the provider's ids of invoices that wait for money, those due first first."""
    query = (
        select(Invoice.provider_id)
        .where(Invoice.state == InvoiceState.SENT, Invoice.provider_id.is_not(None))
        .order_by(Invoice.due_on, Invoice.id)
        .limit(limit)
    )
    return [provider_id for provider_id in session.scalars(query) if provider_id is not None]


def charged_before(session: Session, *, tenant_id: UUID, month: date) -> Cents:
    """Return what the other months of the same year came to, without VAT."""
    charged = session.scalar(
        select(func.coalesce(func.sum(Invoice.net_cents), 0)).where(
            Invoice.tenant_id == tenant_id,
            Invoice.month.between(month.replace(month=1), month.replace(month=12)),
            Invoice.month != month,
            Invoice.state != InvoiceState.VOID,
        )
    )
    return int(charged or 0)


def gaps(session: Session) -> list[tuple[str, int, int]]:
    """Prove that numbers have no gap: list (series, year, number) that should be there and is not, or is too much."""
    given = {
        (series, year): (count, highest)
        for series, year, count, highest in session.execute(
            select(Invoice.series, Invoice.year, func.count(), func.max(Invoice.number)).group_by(
                Invoice.series, Invoice.year
            )
        )
    }
    return [
        (series.series, series.year, series.last_number)
        for series in session.scalars(select(InvoiceSeries))
        if given.get((series.series, series.year), (0, 0)) != (series.last_number, series.last_number)
    ]


def _lock_series(session: Session, *, year: int) -> InvoiceSeries:
    session.execute(insert(InvoiceSeries).values(series=SERIES, year=year, last_number=0).on_conflict_do_nothing())
    query = select(InvoiceSeries).where(InvoiceSeries.series == SERIES, InvoiceSeries.year == year)
    return lock(session, query, kind="invoice series")


def _new_invoice(
    session: Session, tenant_id: UUID, *, month: date, tariff: Tariff, lines: Sequence[PricedLine], at: datetime
) -> Invoice:
    buyer = session.execute(
        select(Tenant.name, TenantDetails)
        .join(TenantDetails, TenantDetails.tenant_id == Tenant.id)
        .where(Tenant.id == tenant_id)
    ).one_or_none()
    if buyer is None:
        raise NotFound(kind="tenant")
    name, details = buyer
    vats = split_vat([line.net_cents for line in lines], permille=tariff.vat_permille)
    net_cents = sum(line.net_cents for line in lines)
    invoice_id = uuid4()
    return Invoice(
        tenant_id=tenant_id,
        id=invoice_id,
        month=month,
        tariff_id=tariff.id,
        issued_on=local_day(at),
        due_on=local_day(at) + timedelta(days=DAYS_TO_PAY),
        issued_at=at,
        buyer_name=name,
        buyer_address=details.address,
        buyer_kvk_number=details.kvk_number,
        buyer_reference=details.billing_reference,
        net_cents=net_cents,
        vat_permille=tariff.vat_permille,
        vat_cents=sum(vats),
        total_cents=net_cents + sum(vats),
        lines=[
            InvoiceLine(
                position=position,
                metric=line.metric,
                quantity=line.quantity,
                unit_cents=line.unit_cents,
                net_cents=line.net_cents,
                vat_cents=vat_cents,
            )
            for position, (line, vat_cents) in enumerate(zip(lines, vats, strict=True), start=1)
        ],
    )


def _record(session: Session, invoice: Invoice, action: str, *, at: datetime, **facts: Any) -> None:
    audit.record(
        session, action, by=BILLING, subject=f"invoice:{invoice.id}", at=at, tenant_id=invoice.tenant_id, **facts
    )
