# SPDX-License-Identifier: EUPL-1.2
"""What the payment provider is told and answers, in our own types. Amounts in cents of a euro."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Literal

from heitje.cents import Cents


class PaymentState(StrEnum):
    """Where a payment is. Only `PAID` is money."""

    OPEN = "open"
    """The page waits for somebody to pay."""
    ON_ITS_WAY = "on_its_way"
    """A bank transfer was promised; it takes days."""
    PAID = "paid"
    FAILED = "failed"
    """The transfer never came; a new attempt is needed."""
    EXPIRED = "expired"
    """Nobody paid within a day; a new attempt is needed."""


@dataclass(frozen=True, kw_only=True)
class FundingToPay:
    """What somebody is asked to pay, and where the browser goes after."""

    tenant_id: str
    funding_id: str
    """Ours; both come back with each answer about the payment."""
    customer_id: str
    amount_cents: Cents
    description: str
    success_url: str
    cancel_url: str
    language: Literal["nl", "en"] = "nl"


@dataclass(frozen=True, kw_only=True)
class FundingPayment:
    """One attempt to pay a funding."""

    id: str
    """The provider's id."""
    pay_url: str
    """Where a person pays; empty once there is nothing to do there."""
    state: PaymentState
    tenant_id: str
    funding_id: str
    """Ours, as we gave them; empty if it is not a payment of ours."""
    amount_cents: Cents
    """Zero if it is not in euros."""


@dataclass(frozen=True, kw_only=True)
class LineToSend:
    """One line of an invoice: what it comes to before and in VAT."""

    description: str
    net_cents: Cents
    vat_cents: Cents
    vat_percentage: Decimal


@dataclass(frozen=True, kw_only=True)
class InvoiceToSend:
    """An invoice of ours, numbered and final."""

    tenant_id: str
    invoice_id: str
    number: str
    customer_id: str
    description: str
    days_until_due: int
    lines: Sequence[LineToSend]
    total_cents: Cents
    """With VAT. Nothing is sent unless the provider comes to the same."""


class SentInvoiceState(StrEnum):
    """Where an invoice is at the provider."""

    DRAFT = "draft"
    OPEN = "open"
    PAID = "paid"
    UNCOLLECTIBLE = "uncollectible"
    VOID = "void"


@dataclass(frozen=True, kw_only=True)
class SentInvoice:
    """An invoice as the provider has it."""

    id: str
    """The provider's id."""
    number: str
    state: SentInvoiceState
    tenant_id: str
    invoice_id: str
    """Ours, as we gave them."""
    total_cents: Cents
    pay_url: str
    """Page on which it can be paid; empty while it is a draft."""


@dataclass(frozen=True, kw_only=True)
class WebhookEvent:
    """Something happened to an object at the provider. What exactly, only the object itself says."""

    id: str
    type: str
    object_id: str
