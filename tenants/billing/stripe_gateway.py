# SPDX-License-Identifier: EUPL-1.2
"""Stripe, and the only file that imports its library. Typed answers and our own refusals come out.

Each call carries an idempotency key made from our own id and the step, so a retry does nothing twice.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import stripe
from stripe import StripeClient
from stripe.params import InvoiceAddLinesParamsLine, InvoiceCreateParamsPaymentSettings
from stripe.params.checkout import SessionCreateParams

from heitje.cents import Cents
from heitje.config import Settings
from tenants.billing.payments import (
    FundingPayment,
    FundingToPay,
    InvoiceToSend,
    LineToSend,
    PaymentState,
    SentInvoice,
    SentInvoiceState,
    WebhookEvent,
)
from tenants.billing.refusals import (
    AmountNotPayable,
    InvoiceTotalDiffers,
    PaymentRefused,
    PaymentsNotSetUp,
    PaymentsUnavailable,
    PaymentUnknown,
    WebhookNotTrusted,
)
from tenants.billing.stripe_messages import event_of, signed_at

API_VERSION = "2026-05-27.dahlia"
"""Pinned: objects keep the shape that this file was written for, and the contract peer speaks it."""

LEAST_CENTS: Cents = 50
MOST_CENTS: Cents = 999_999_99
"""Stripe takes amounts of at most eight digits."""

# `Any`: the library has a type of its own for it in each place.
FROM_A_BANK: Any = {
    "funding_type": "bank_transfer",
    "bank_transfer": {"type": "eu_bank_transfer", "eu_bank_transfer": {"country": "NL"}},
}

TOLERANCE_S = 300
"""A webhook older (or younger) than this is a replay or a wrong clock."""

ANSWER_WITHIN_S = 10
RETRIES = 1
"""Both together stay below the time that a transaction may idle."""


class StripeGateway:
    """One Stripe account. Safe to share between threads."""

    def __init__(self, settings: Settings) -> None:
        self._secrets = [secret for secret in settings.stripe_webhook_secrets.replace(" ", "").split(",") if secret]
        self._client = _client(settings) if settings.stripe_api_key else None

    def ensure_customer(self, *, tenant_id: str, name: str, email: str, known_id: str | None = None) -> str:
        """Return Stripe's id of the tenant as a customer; makes one only if none is known."""
        if known_id:
            return known_id
        with _in_our_words():
            customer = self._v1.customers.create(
                {"name": name, "email": email, "preferred_locales": ["nl"], "metadata": {"tenant": tenant_id}},
                {"idempotency_key": f"customer:{tenant_id}"},
            )
        return customer.id

    def start_funding_payment(self, funding: FundingToPay, *, after: str = "first") -> FundingPayment:
        """Return a page on which somebody pays this funding by iDEAL or bank transfer.

        `after` is the id of the attempt that failed or expired; the same funding after the same attempt gives the same
        page (in each language). SEPA debit is not offered: it can come back for eight weeks, and by then the Heitjes
        are spent. Raises `AmountNotPayable`, `PaymentRefused`, `PaymentsUnavailable`.
        """
        if not LEAST_CENTS <= funding.amount_cents <= MOST_CENTS:
            raise AmountNotPayable(amount_cents=funding.amount_cents, least_cents=LEAST_CENTS, most_cents=MOST_CENTS)
        with _in_our_words():
            session = self._v1.checkout.sessions.create(
                _as_session(funding),
                {"idempotency_key": f"funding:{funding.funding_id}:pay:{after}:{funding.language}"},
            )
        return _as_funding_payment(session)

    def fetch_funding_payment(self, payment_id: str) -> FundingPayment:
        """Return the payment as it is now; raises `PaymentUnknown`, `PaymentsUnavailable`."""
        with _in_our_words():
            session = self._v1.checkout.sessions.retrieve(payment_id, {"expand": ["payment_intent"]})
        return _as_funding_payment(session)

    def send_invoice(self, invoice: InvoiceToSend, *, known_id: str | None = None) -> SentInvoice:
        """Put our invoice at Stripe, open for payment, and return where it can be paid.

        Goes on where an earlier attempt stopped. Raises `InvoiceTotalDiffers` and leaves a draft behind when Stripe
        comes to another total than we do.
        """
        steps = f"invoice:{invoice.invoice_id}"
        with _in_our_words():
            if known_id:
                theirs = self._v1.invoices.retrieve(known_id)
            else:
                theirs = self._create_draft(invoice, f"{steps}:create")
            # The draft of an earlier attempt may already have its lines; its idempotency key lasts only a day.
            if theirs.status == "draft" and not theirs.lines.data:
                lines = [_as_line(line) for line in invoice.lines]
                theirs = self._v1.invoices.add_lines(theirs.id, {"lines": lines}, {"idempotency_key": f"{steps}:lines"})
            if theirs.total != invoice.total_cents:
                raise InvoiceTotalDiffers(
                    our_cents=invoice.total_cents, their_cents=theirs.total, payment_id=theirs.id, number=invoice.number
                )
            if theirs.status == "draft":
                theirs = self._v1.invoices.finalize_invoice(
                    theirs.id, {"auto_advance": False}, {"idempotency_key": f"{steps}:finalize"}
                )
        return _as_sent_invoice(theirs)

    def fetch_invoice(self, payment_id: str) -> SentInvoice:
        """Return the invoice as it is now; raises `PaymentUnknown`, `PaymentsUnavailable`."""
        with _in_our_words():
            return _as_sent_invoice(self._v1.invoices.retrieve(payment_id))

    def mark_paid_out_of_band(self, payment_id: str, *, invoice_id: str) -> SentInvoice:
        """Tell Stripe that our bank statement shows the money; raises `PaymentRefused` unless it is open."""
        with _in_our_words():
            theirs = self._v1.invoices.pay(
                payment_id, {"paid_out_of_band": True}, {"idempotency_key": f"invoice:{invoice_id}:paid-out-of-band"}
            )
        return _as_sent_invoice(theirs)

    def void_invoice(self, payment_id: str, *, invoice_id: str) -> SentInvoice:
        """Take an open invoice back; raises `PaymentRefused` if it is paid."""
        with _in_our_words():
            theirs = self._v1.invoices.void_invoice(payment_id, {}, {"idempotency_key": f"invoice:{invoice_id}:void"})
        return _as_sent_invoice(theirs)

    def verify_webhook(self, payload: bytes, signature_header: str) -> WebhookEvent:
        """Return what happened, if Stripe said it in the last five minutes; raises `WebhookNotTrusted`.

        Believe nothing of the message but this: fetch the object, and act on its state.
        """
        if not any(_is_signed(payload, signature_header, secret) for secret in self._secrets):
            raise WebhookNotTrusted(reason="signature")
        return event_of(payload)

    @property
    def _v1(self) -> stripe.V1Services:
        if self._client is None:
            raise PaymentsNotSetUp
        return self._client.v1

    def _create_draft(self, invoice: InvoiceToSend, key: str) -> stripe.Invoice:
        by: InvoiceCreateParamsPaymentSettings = {
            "payment_method_types": ["customer_balance", "ideal"],
            "payment_method_options": {"customer_balance": FROM_A_BANK},
        }
        return self._v1.invoices.create(
            {
                "customer": invoice.customer_id,
                "number": invoice.number,
                "collection_method": "send_invoice",
                "auto_advance": False,
                "currency": "eur",
                "days_until_due": invoice.days_until_due,
                "description": invoice.description,
                "metadata": {"tenant": invoice.tenant_id, "invoice": invoice.invoice_id},
                "payment_settings": by,
                "pending_invoice_items_behavior": "exclude",
            },
            {"idempotency_key": key},
        )


def _client(settings: Settings) -> StripeClient:
    return StripeClient(
        settings.stripe_api_key,
        stripe_version=API_VERSION,
        base_addresses={"api": settings.stripe_api_base} if settings.stripe_api_base else None,
        max_network_retries=RETRIES,
        http_client=stripe.RequestsClient(timeout=ANSWER_WITHIN_S),
    )


def _as_session(funding: FundingToPay) -> SessionCreateParams:
    ours = {"tenant": funding.tenant_id, "funding": funding.funding_id}
    return {
        "mode": "payment",
        "customer": funding.customer_id,
        "client_reference_id": funding.funding_id,
        "metadata": ours,
        "line_items": [
            {
                "price_data": {
                    "currency": "eur",
                    "unit_amount": funding.amount_cents,
                    "product_data": {"name": funding.description},
                },
                "quantity": 1,
            }
        ],
        "payment_intent_data": {"description": funding.description, "metadata": ours},
        # The library knows a later API version, in which this has another name.
        "payment_method_types": ["ideal", "customer_balance"],  # type: ignore[typeddict-unknown-key]
        "payment_method_options": {"customer_balance": FROM_A_BANK},
        "success_url": funding.success_url,
        "cancel_url": funding.cancel_url,
        "locale": funding.language,
        "expand": ["payment_intent"],
    }


def _as_line(line: LineToSend) -> InvoiceAddLinesParamsLine:
    return {
        "amount": line.net_cents,
        "description": line.description,
        "tax_amounts": [
            {
                "amount": line.vat_cents,
                "taxable_amount": line.net_cents,
                "tax_rate_data": {
                    "display_name": "Btw",
                    "inclusive": False,
                    "percentage": float(line.vat_percentage),
                    "country": "NL",
                    "tax_type": "vat",
                },
                "taxability_reason": "standard_rated",
            }
        ],
    }


def _as_funding_payment(session: stripe.checkout.Session) -> FundingPayment:
    return FundingPayment(
        id=session.id,
        pay_url=session.url or "",
        state=_state_of(session),
        tenant_id=_metadata(session, "tenant"),
        funding_id=_metadata(session, "funding"),
        amount_cents=session.amount_total or 0 if session.currency == "eur" else 0,
    )


def _state_of(session: stripe.checkout.Session) -> PaymentState:
    if session.payment_status == "paid":
        return PaymentState.PAID
    if session.status != "complete":
        return PaymentState.EXPIRED if session.status == "expired" else PaymentState.OPEN
    intent = session.payment_intent
    if isinstance(intent, stripe.PaymentIntent) and intent.status in {"requires_payment_method", "canceled"}:
        return PaymentState.FAILED
    return PaymentState.ON_ITS_WAY


def _as_sent_invoice(theirs: stripe.Invoice) -> SentInvoice:
    return SentInvoice(
        id=theirs.id,
        number=theirs.number or "",
        state=SentInvoiceState(theirs.status or "draft"),
        tenant_id=_metadata(theirs, "tenant"),
        invoice_id=_metadata(theirs, "invoice"),
        total_cents=theirs.total,
        pay_url=theirs.hosted_invoice_url or "",
    )


def _metadata(theirs: stripe.checkout.Session | stripe.Invoice, name: str) -> str:
    return str(theirs.metadata[name]) if theirs.metadata is not None and name in theirs.metadata else ""


def _is_signed(payload: bytes, header: str, secret: str) -> bool:
    try:
        stripe.WebhookSignature.verify_header(payload, header, secret, TOLERANCE_S)
    except (stripe.SignatureVerificationError, UnicodeDecodeError):
        return False
    # The library lets signatures of the future through.
    return signed_at(header) <= time.time() + TOLERANCE_S


@contextmanager
def _in_our_words() -> Iterator[None]:
    """Turn Stripe's errors into our refusals. Their texts stay out: they are for developers, and may hold keys."""
    try:
        yield
    except (stripe.AuthenticationError, stripe.PermissionError) as error:
        raise PaymentsNotSetUp from error
    except (stripe.CardError, stripe.IdempotencyError) as error:
        raise PaymentRefused(reason=error.code or "idempotency") from error
    except stripe.InvalidRequestError as error:
        if error.code == "resource_missing" and error.http_status == 404:
            raise PaymentUnknown from error
        raise PaymentRefused(reason=error.code or "invalid", param=error.param) from error
    except stripe.StripeError as error:
        raise PaymentsUnavailable from error
