# SPDX-License-Identifier: EUPL-1.2
"""The gateway against Stripe's own test mode, when STRIPE_TEST_KEY holds a key of it.

What the contract peer promises is worth as much as it agrees with this.
"""

import os
from dataclasses import replace
from decimal import Decimal
from uuid import uuid4

import pytest

from heitje.config import Settings
from tenants.billing.payments import FundingToPay, InvoiceToSend, LineToSend, PaymentState, SentInvoiceState
from tenants.billing.refusals import InvoiceTotalDiffers, PaymentRefused, PaymentsNotSetUp, PaymentUnknown
from tenants.billing.stripe_gateway import StripeGateway

KEY = os.environ.get("STRIPE_TEST_KEY", "")

if not KEY.startswith("sk_test_"):
    pytest.skip(
        "STRIPE_TEST_KEY is not set: the gateway was tried against the contract peer only, NOT against Stripe itself",
        allow_module_level=True,
    )


@pytest.fixture(scope="module")
def stripe_itself() -> StripeGateway:
    return StripeGateway(Settings(stripe_api_key=KEY))


@pytest.fixture(scope="module")
def customer_id(stripe_itself: StripeGateway) -> str:
    tenant = {"tenant_id": str(uuid4()), "name": "Gemeente van de proef", "email": "proef@example.org"}
    customer_id = stripe_itself.ensure_customer(**tenant)
    assert stripe_itself.ensure_customer(**tenant) == customer_id
    return customer_id


def test_a_funding_has_one_page_an_attempt(stripe_itself, customer_id):
    order = FundingToPay(
        tenant_id=str(uuid4()),
        funding_id=str(uuid4()),
        customer_id=customer_id,
        amount_cents=1250_00,
        description="Storting op Groen",
        success_url="https://example.org/done",
        cancel_url="https://example.org/back",
    )

    payment = stripe_itself.start_funding_payment(order)

    assert (payment.state, payment.amount_cents, payment.funding_id) == (PaymentState.OPEN, 1250_00, order.funding_id)
    assert stripe_itself.start_funding_payment(order).id == payment.id
    assert stripe_itself.fetch_funding_payment(payment.id).state == PaymentState.OPEN
    with pytest.raises(PaymentRefused):
        stripe_itself.start_funding_payment(replace(order, amount_cents=1_00))


def test_an_invoice_is_sent_marked_as_paid_and_not_void_after(stripe_itself, customer_id):
    invoice_id = str(uuid4())
    lines = [
        LineToSend(description="Actieve inwoners", net_cents=100_05, vat_cents=21_01, vat_percentage=Decimal(21)),
        LineToSend(description="Boven het jaarplafond", net_cents=-10_00, vat_cents=-2_10, vat_percentage=Decimal(21)),
    ]
    ours = InvoiceToSend(
        tenant_id=str(uuid4()), invoice_id=invoice_id, number=f"T-{invoice_id[:13]}", customer_id=customer_id,
        description="Proef", days_until_due=30, lines=lines, total_cents=108_96,
    )  # fmt: skip

    sent = stripe_itself.send_invoice(ours)

    assert (sent.state, sent.number, sent.total_cents) == (SentInvoiceState.OPEN, ours.number, 108_96)
    assert stripe_itself.send_invoice(ours, known_id=sent.id).id == sent.id
    assert stripe_itself.mark_paid_out_of_band(sent.id, invoice_id=invoice_id).state == SentInvoiceState.PAID
    with pytest.raises(PaymentRefused):
        stripe_itself.void_invoice(sent.id, invoice_id=invoice_id)


def test_another_total_is_found_before_anything_is_sent(stripe_itself, customer_id):
    invoice_id = str(uuid4())
    line = LineToSend(description="Actieve inwoners", net_cents=100_00, vat_cents=21_00, vat_percentage=Decimal(21))
    ours = InvoiceToSend(
        tenant_id=str(uuid4()), invoice_id=invoice_id, number=f"T-{invoice_id[:13]}", customer_id=customer_id,
        description="Proef", days_until_due=30, lines=[line], total_cents=121_01,
    )  # fmt: skip

    with pytest.raises(InvoiceTotalDiffers):
        stripe_itself.send_invoice(ours)


def test_what_is_not_there_and_who_may_not(stripe_itself):
    with pytest.raises(PaymentUnknown):
        stripe_itself.fetch_invoice("in_nothing")
    with pytest.raises(PaymentsNotSetUp):
        StripeGateway(Settings(stripe_api_key="sk_test_wrong")).fetch_invoice("in_nothing")
