# SPDX-License-Identifier: EUPL-1.2
"""What the gateway does at the provider, and what it refuses."""

import json
import socket
from dataclasses import replace
from decimal import Decimal
from uuid import uuid4

import pytest
import requests

from heitje.config import Settings
from tenants.billing.payments import InvoiceToSend, LineToSend, PaymentState, SentInvoiceState
from tenants.billing.refusals import (
    AmountNotPayable,
    InvoiceTotalDiffers,
    PaymentRefused,
    PaymentsNotSetUp,
    PaymentsUnavailable,
    PaymentUnknown,
    WebhookNotTrusted,
)
from tenants.billing.stripe_gateway import StripeGateway
from tests.billing.conftest import SECRET, PeerProcess, Receiver, sign

EVENT = json.dumps(
    {"id": "evt_1", "object": "event", "type": "invoice.paid", "data": {"object": {"id": "in_1"}}}
).encode()


@pytest.fixture
def invoice_to_send(gateway):
    def make(**changes) -> InvoiceToSend:
        invoice_id = str(uuid4())
        customer_id = gateway.ensure_customer(
            tenant_id=str(uuid4()), name="Gemeente Heerlen", email="f@heerlen.example"
        )
        lines = [
            LineToSend(description="Actieve inwoners", net_cents=100_05, vat_cents=21_01, vat_percentage=Decimal(21)),
            LineToSend(description="Basis", net_cents=49_00, vat_cents=10_29, vat_percentage=Decimal(21)),
        ]
        invoice = InvoiceToSend(
            tenant_id=str(uuid4()), invoice_id=invoice_id, number=f"H-{invoice_id[:8]}", customer_id=customer_id, description="November 2026",
            days_until_due=30, lines=lines, total_cents=180_35,
        )  # fmt: skip
        return replace(invoice, **changes)

    return make


# --- paying a funding ---------------------------------------------------------------------------------------------


def test_a_paid_funding_is_paid_and_the_browser_comes_back(gateway, quiet_peer, funding_to_pay):
    order = funding_to_pay()
    payment = gateway.start_funding_payment(order)
    assert (payment.state, payment.amount_cents, payment.funding_id) == (PaymentState.OPEN, 1250_00, order.funding_id)

    back = quiet_peer.pay(payment.pay_url, "ideal")

    assert back.headers["Location"] == "http://127.0.0.1:8000/funded"
    paid = gateway.fetch_funding_payment(payment.id)
    assert (paid.state, paid.amount_cents, paid.funding_id) == (PaymentState.PAID, 1250_00, order.funding_id)


def test_paying_twice_pays_once(gateway, quiet_peer, funding_to_pay):
    payment = gateway.start_funding_payment(funding_to_pay())

    quiet_peer.pay(payment.pay_url, "ideal")
    quiet_peer.pay(payment.pay_url, "ideal")

    assert gateway.fetch_funding_payment(payment.id).state == PaymentState.PAID


def test_a_refused_payment_leaves_the_page_open_for_another_attempt(gateway, quiet_peer, funding_to_pay):
    payment = gateway.start_funding_payment(funding_to_pay())

    quiet_peer.pay(payment.pay_url, "ideal-declined")

    assert gateway.fetch_funding_payment(payment.id).state == PaymentState.OPEN
    assert "De bank heeft de betaling geweigerd" in requests.get(payment.pay_url, timeout=10).text
    quiet_peer.pay(payment.pay_url, "ideal")
    assert gateway.fetch_funding_payment(payment.id).state == PaymentState.PAID


def test_a_promised_transfer_is_no_money_until_it_arrives(gateway, quiet_peer, funding_to_pay):
    payment = gateway.start_funding_payment(funding_to_pay())

    quiet_peer.pay(payment.pay_url, "transfer")
    assert gateway.fetch_funding_payment(payment.id).state == PaymentState.ON_ITS_WAY

    quiet_peer.pay(payment.pay_url, "arrived")
    assert gateway.fetch_funding_payment(payment.id).state == PaymentState.PAID


def test_a_transfer_that_never_comes_has_failed(gateway, quiet_peer, funding_to_pay):
    payment = gateway.start_funding_payment(funding_to_pay())

    quiet_peer.pay(payment.pay_url, "transfer")
    quiet_peer.pay(payment.pay_url, "never")

    assert gateway.fetch_funding_payment(payment.id).state == PaymentState.FAILED
    quiet_peer.pay(payment.pay_url, "arrived")
    assert gateway.fetch_funding_payment(payment.id).state == PaymentState.FAILED


def test_the_same_funding_and_attempt_give_the_same_page(gateway, funding_to_pay):
    order = funding_to_pay()

    first = gateway.start_funding_payment(order)

    assert gateway.start_funding_payment(order) == first
    assert gateway.start_funding_payment(order, after=first.id).id != first.id


def test_another_amount_under_the_same_attempt_is_refused(gateway, funding_to_pay):
    order = funding_to_pay()
    gateway.start_funding_payment(order)

    with pytest.raises(PaymentRefused):
        gateway.start_funding_payment(replace(order, amount_cents=1_00))


@pytest.mark.parametrize("amount_cents", [-1, 0, 49, 999_999_99 + 1])
def test_an_amount_that_cannot_be_paid_at_once_is_refused(gateway, funding_to_pay, amount_cents):
    with pytest.raises(AmountNotPayable):
        gateway.start_funding_payment(funding_to_pay(amount_cents=amount_cents))


def test_a_tenant_is_a_customer_once(gateway):
    tenant = {"tenant_id": str(uuid4()), "name": "Gemeente Heerlen", "email": "f@heerlen.example"}

    customer_id = gateway.ensure_customer(**tenant)

    assert gateway.ensure_customer(**tenant) == customer_id
    assert gateway.ensure_customer(**tenant, known_id="cus_known") == "cus_known"


def test_an_unknown_payment_is_not_found(gateway):
    with pytest.raises(PaymentUnknown):
        gateway.fetch_funding_payment("cs_test_nothing")
    with pytest.raises(PaymentUnknown):
        gateway.fetch_invoice("in_nothing")


def test_a_wrong_key_is_a_set_up_that_is_not_done(quiet_peer):
    settings = replace(quiet_peer.settings, stripe_api_key="sk_test_other")
    with pytest.raises(PaymentsNotSetUp):
        StripeGateway(settings).fetch_invoice("in_1")
    with pytest.raises(PaymentsNotSetUp):
        StripeGateway(Settings()).fetch_invoice("in_1")


def test_a_provider_that_does_not_answer_is_unavailable():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nobody = f"http://127.0.0.1:{closed.getsockname()[1]}"
        with pytest.raises(PaymentsUnavailable):
            StripeGateway(Settings(stripe_api_key="sk_test", stripe_api_base=nobody)).fetch_invoice("in_1")


# --- invoices -----------------------------------------------------------------------------------------------------


def test_an_invoice_is_open_under_our_number_and_with_our_total(gateway, invoice_to_send):
    ours = invoice_to_send()

    theirs = gateway.send_invoice(ours)

    assert (theirs.state, theirs.number, theirs.total_cents) == (SentInvoiceState.OPEN, ours.number, 180_35)
    assert theirs.invoice_id == ours.invoice_id
    page = requests.get(theirs.pay_url, timeout=10).text
    assert ours.number in page
    assert "€\u00a0180,35" in page


def test_an_invoice_with_another_total_stays_a_draft(gateway, invoice_to_send):
    with pytest.raises(InvoiceTotalDiffers) as refusal:
        gateway.send_invoice(invoice_to_send(total_cents=180_36))

    assert refusal.value.facts["their_cents"] == 180_35
    assert gateway.fetch_invoice(refusal.value.facts["payment_id"]).state == SentInvoiceState.DRAFT


def test_sending_again_sends_nothing_twice(gateway, invoice_to_send):
    ours = invoice_to_send()

    first = gateway.send_invoice(ours)

    assert gateway.send_invoice(ours) == first
    assert gateway.send_invoice(ours, known_id=first.id) == first


def test_two_invoices_cannot_have_one_number(gateway, invoice_to_send):
    ours = invoice_to_send()
    gateway.send_invoice(ours)

    with pytest.raises(PaymentRefused):
        gateway.send_invoice(replace(ours, invoice_id=str(uuid4())))


def test_an_invoice_is_paid_on_its_page(gateway, quiet_peer, invoice_to_send):
    sent = gateway.send_invoice(invoice_to_send())

    quiet_peer.pay(sent.pay_url, "decline")
    assert gateway.fetch_invoice(sent.id).state == SentInvoiceState.OPEN

    quiet_peer.pay(sent.pay_url, "pay")
    assert gateway.fetch_invoice(sent.id).state == SentInvoiceState.PAID


def test_an_invoice_paid_by_transfer_is_marked_and_cannot_be_paid_again(gateway, invoice_to_send):
    ours = invoice_to_send()
    sent = gateway.send_invoice(ours)

    assert gateway.mark_paid_out_of_band(sent.id, invoice_id=ours.invoice_id).state == SentInvoiceState.PAID
    assert gateway.mark_paid_out_of_band(sent.id, invoice_id=ours.invoice_id).state == SentInvoiceState.PAID
    with pytest.raises(PaymentRefused):
        gateway.void_invoice(sent.id, invoice_id=ours.invoice_id)


def test_a_void_invoice_cannot_be_paid(gateway, quiet_peer, invoice_to_send):
    ours = invoice_to_send()
    sent = gateway.send_invoice(ours)
    gateway.void_invoice(sent.id, invoice_id=ours.invoice_id)

    quiet_peer.pay(sent.pay_url, "pay")

    assert gateway.fetch_invoice(sent.id).state == SentInvoiceState.VOID


# --- webhooks -----------------------------------------------------------------------------------------------------


def test_a_webhook_of_the_peer_is_trusted(peer: PeerProcess, receiver: Receiver, funding_to_pay):
    gateway = StripeGateway(peer.settings)
    customer_id = gateway.ensure_customer(tenant_id=str(uuid4()), name="Heerlen", email="f@heerlen.example")
    payment = gateway.start_funding_payment(funding_to_pay(customer_id=customer_id))
    peer.pay(payment.pay_url, "ideal")

    delivery = receiver.next("checkout.session.completed")
    event = gateway.verify_webhook(delivery.payload, delivery.signature)

    assert (event.type, event.object_id) == ("checkout.session.completed", payment.id)
    with pytest.raises(WebhookNotTrusted):
        gateway.verify_webhook(
            delivery.payload.replace(b"unpaid", b"paid").replace(b"evt_", b"evt_x"), delivery.signature
        )


def test_while_rotating_both_secrets_are_trusted(quiet_peer):
    rotating = StripeGateway(replace(quiet_peer.settings, stripe_webhook_secrets=f"{SECRET}, whsec_next"))

    assert rotating.verify_webhook(EVENT, sign(EVENT)).object_id == "in_1"
    assert rotating.verify_webhook(EVENT, sign(EVENT, secret="whsec_next")).object_id == "in_1"


@pytest.mark.parametrize("age_s", [400, -400])
def test_a_webhook_of_another_time_is_not_trusted(gateway, age_s):
    with pytest.raises(WebhookNotTrusted):
        gateway.verify_webhook(EVENT, sign(EVENT, age_s=age_s))


@pytest.mark.parametrize(
    "header", ["", "nonsense", "t=1", "t=x,v1=y", "v1=abc", f"t={10**12},v1=00", "t=1,v0=abc", "t=1,t=2,v1=\x00"]
)
def test_a_webhook_without_our_signature_is_not_trusted(gateway, header):
    with pytest.raises(WebhookNotTrusted):
        gateway.verify_webhook(EVENT, header)


@pytest.mark.parametrize(
    "payload",
    [
        b"", b"[]", b"null", b"\xff\xfe", b'{"id": "evt_1"}', b'{"id": "e", "object": "event", "type": "t", "data": {"object": 3}}',
        b'{"id": "e", "object": "event", "type": "t", "account": "acct_other", "data": {"object": {"id": "in_1"}}}',
    ],
)  # fmt: skip
def test_a_signed_message_that_is_no_event_of_ours_is_not_trusted(gateway, payload):
    with pytest.raises(WebhookNotTrusted):
        gateway.verify_webhook(payload, sign(payload))


def test_without_a_secret_nothing_is_trusted(quiet_peer):
    with pytest.raises(WebhookNotTrusted):
        StripeGateway(replace(quiet_peer.settings, stripe_webhook_secrets="")).verify_webhook(
            EVENT, sign(EVENT, secret="")
        )
