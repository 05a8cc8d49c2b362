# SPDX-License-Identifier: EUPL-1.2
"""Tables of billing (migration 0008): events of the provider, price lists, metered use, invoices."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID, uuid4

from sqlalchemy import FetchedValue, ForeignKey, ForeignKeyConstraint, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column, relationship

from heitje.cents import Cents
from heitje.db.base import Base, TenantOwned


class Metric(StrEnum):
    """What is counted in a month. Citizens and shops never pay for it; the tenant does."""

    ACTIVE_CITIZENS = "active_citizens"
    """People who took or handed in a chore of the tenant."""
    ACTIVE_SHOPS = "active_shops"
    """Shops of the tenant's scheme where somebody paid."""


YEARLY_CAP = "yearly_cap"
"""The line that takes off what lies above the yearly cap."""


class EventOutcome(StrEnum):
    """What came of an event of the provider."""

    WAITING = ""
    DONE = "done"
    IGNORED = "ignored"
    """Nothing that concerns us."""
    UNEXPECTED = "unexpected"
    """Does not fit our books: nothing was changed, and a person must look."""


class InvoiceState(StrEnum):
    """Issued by us, sent through the provider, paid; or taken back."""

    ISSUED = "issued"
    SENT = "sent"
    PAID = "paid"
    VOID = "void"


class StripeEvent(Base):
    """A signed message of the provider, stored once by its id. Only its type and the object's id are kept."""

    __tablename__ = "stripe_events"

    id: Mapped[str] = mapped_column(primary_key=True)
    type: Mapped[str]
    object_id: Mapped[str]
    received_at: Mapped[datetime]
    handled_at: Mapped[datetime | None]
    outcome: Mapped[str] = mapped_column(server_default=FetchedValue())
    explanation: Mapped[str] = mapped_column(server_default=FetchedValue())


class TariffBand(Base):
    """From this many units on, one unit costs this."""

    __tablename__ = "tariff_bands"

    tariff_id: Mapped[UUID] = mapped_column(ForeignKey("tariffs.id"), primary_key=True)
    metric: Mapped[str] = mapped_column(primary_key=True)
    from_quantity: Mapped[int] = mapped_column(primary_key=True)
    unit_cents: Mapped[Cents]


class Tariff(Base):
    """A public price list, valid from a day on until the next one."""

    __tablename__ = "tariffs"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    starts_on: Mapped[date]
    name: Mapped[str]
    yearly_cap_cents: Mapped[Cents]
    vat_permille: Mapped[int] = mapped_column(SmallInteger)
    published_at: Mapped[datetime]

    bands: Mapped[list[TariffBand]] = relationship(
        lazy="raise_on_sql", order_by=(TariffBand.metric, TariffBand.from_quantity)
    )


class UsageMeter(Base):
    """What a month that is over came to."""

    __tablename__ = "usage_meters"

    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenants.id"), primary_key=True)
    month: Mapped[date] = mapped_column(primary_key=True)
    metric: Mapped[str] = mapped_column(primary_key=True)
    quantity: Mapped[int]
    measured_at: Mapped[datetime]


class InvoiceSeries(Base):
    """The last number given out in a series and year."""

    __tablename__ = "invoice_series"

    series: Mapped[str] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    last_number: Mapped[int] = mapped_column(default=0)


class InvoiceLine(Base):
    """Metric x unit price, and its share of the VAT."""

    __tablename__ = "invoice_lines"
    __table_args__ = (ForeignKeyConstraint(["tenant_id", "invoice_id"], ["invoices.tenant_id", "invoices.id"]),)

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    invoice_id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    metric: Mapped[str]
    quantity: Mapped[int]
    unit_cents: Mapped[Cents]
    net_cents: Mapped[Cents]
    vat_cents: Mapped[Cents]


class Invoice(TenantOwned, Base):
    """What a tenant is charged for a month. Never changed but for its way to being paid."""

    __tablename__ = "invoices"

    series: Mapped[str]
    year: Mapped[int] = mapped_column(SmallInteger)
    number: Mapped[int]
    code: Mapped[str]
    """The number as people read it."""
    month: Mapped[date]
    tariff_id: Mapped[UUID] = mapped_column(ForeignKey("tariffs.id"))
    issued_on: Mapped[date]
    due_on: Mapped[date]
    buyer_name: Mapped[str]
    buyer_address: Mapped[str]
    buyer_kvk_number: Mapped[str]
    buyer_reference: Mapped[str]
    net_cents: Mapped[Cents]
    vat_permille: Mapped[int] = mapped_column(SmallInteger)
    vat_cents: Mapped[Cents]
    total_cents: Mapped[Cents]
    state: Mapped[str] = mapped_column(default=InvoiceState.ISSUED.value)
    provider_id: Mapped[str | None]
    pay_url: Mapped[str] = mapped_column(default="")
    issued_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    paid_at: Mapped[datetime | None]

    lines: Mapped[list[InvoiceLine]] = relationship(lazy="raise_on_sql", order_by=InvoiceLine.position)
