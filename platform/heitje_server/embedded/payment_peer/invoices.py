# SPDX-License-Identifier: EUPL-1.2
"""Invoices that a customer pays on a page or by transfer: draft, open, paid or void."""

from typing import Any

from heitje_server.embedded.payment_peer.intents import decline, new_intent, succeed
from heitje_server.embedded.payment_peer.invoice_lines import draft_invoice
from heitje_server.embedded.payment_peer.peer import MOST_CENTS, Peer, now_s, refuse_unknown
from heitje_server.embedded.payment_peer.refusals import Refused, missing, wrong
from heitje_server.embedded.payment_peer.store import Thing, new_id

DAY_S = 24 * 3600


def create_invoice(peer: Peer, params: dict[str, Any]) -> Thing:
    refuse_unknown(
        params, "customer", "number", "collection_method", "days_until_due", "due_date", "auto_advance", "currency",
        "description", "footer", "metadata", "payment_settings", "custom_fields", "pending_invoice_items_behavior",
        "effective_at", "expand",
    )  # fmt: skip
    if "customer" not in params:
        raise missing("customer")
    customer = peer.known("customer", params["customer"], "customer")
    if params.get("collection_method") != "send_invoice":
        raise Refused(
            "This peer only has collection_method=send_invoice.",
            status=501,
            kind="api_error",
            param="collection_method",
        )
    if "days_until_due" not in params and "due_date" not in params:
        raise missing("days_until_due")
    if params.get("currency", "eur") != "eur":
        raise wrong("currency", "This peer only has euros.")
    number = params.get("number")
    if number and any(invoice["number"] == number for invoice in peer.store.all_of("invoice")):
        raise wrong("number", f"The invoice number {number} is already in use.")
    invoice = _new_invoice(params, customer)
    peer.store.put(invoice)
    peer.tell("invoice.created", invoice)
    return invoice


def retrieve_invoice(peer: Peer, params: dict[str, Any], invoice: str) -> Thing:  # noqa: ARG001
    return peer.known("invoice", invoice, "invoice")


def finalize_invoice(peer: Peer, params: dict[str, Any], invoice: str) -> Thing:
    refuse_unknown(params, "auto_advance", "expand")
    draft = draft_invoice(peer, invoice)
    if not draft["lines"]["data"]:
        raise Refused("You can't finalize an invoice without lines.", code="invoice_no_customer_line_items")
    if draft["total"] > MOST_CENTS:
        raise Refused("Amount must be no more than €999,999.99", code="amount_too_large")
    draft |= {
        "status": "open",
        "number": draft["number"] or f"{new_id('x')[-8:].upper()}-0001",
        "auto_advance": params.get("auto_advance", draft["auto_advance"]),
        "effective_at": draft["effective_at"] or now_s(),
        "hosted_invoice_url": f"{peer.own_url}/invoice/{draft['id']}",
    }
    draft["status_transitions"]["finalized_at"] = now_s()
    peer.store.put(draft)
    peer.tell("invoice.finalized", draft)
    if draft["amount_due"] == 0:
        _paid(peer, draft)
    return draft


def pay_invoice(peer: Peer, params: dict[str, Any], invoice: str) -> Thing:
    """Mark as paid elsewhere; this peer charges nobody by itself."""
    refuse_unknown(params, "paid_out_of_band", "expand")
    found = open_invoice(peer, invoice)
    if not params.get("paid_out_of_band"):
        raise Refused("There is no `default_payment_method` set on this Customer or Invoice.", code="missing")
    found["amount_paid_off_stripe"] = found["amount_due"]
    return _paid(peer, found)


def void_invoice(peer: Peer, params: dict[str, Any], invoice: str) -> Thing:
    refuse_unknown(params, "expand")
    found = open_invoice(peer, invoice)
    found["status"] = "void"
    found["status_transitions"]["voided_at"] = now_s()
    peer.store.put(found)
    peer.tell("invoice.voided", found)
    return found


def open_invoice(peer: Peer, invoice: str) -> Thing:
    """Return the invoice if it waits for money."""
    found = peer.known("invoice", invoice, "invoice")
    if found["status"] == "paid":
        raise Refused("Invoice is already paid", code="invoice_already_paid")
    if found["status"] != "open":
        raise Refused(f"You can only do this to an open invoice. This invoice is {found['status']}.")
    return found


def pay_invoice_on_page(peer: Peer, invoice: Thing, *, agreed: bool) -> None:
    """A person pays on the hosted page; the bank agrees or not."""
    intent = new_intent(
        peer,
        amount=invoice["amount_due"],
        currency=invoice["currency"],
        customer=invoice["customer"],
        methods=["ideal", "customer_balance"],
        metadata={},
        description=f"Invoice {invoice['number']}",
    )
    invoice |= {"attempted": True, "attempt_count": invoice["attempt_count"] + 1}
    if agreed:
        succeed(peer, intent)
        _paid(peer, invoice)
        return
    decline(peer, intent, code="payment_intent_authentication_failure", message="The bank refused the payment.")
    peer.store.put(invoice)
    peer.tell("invoice.payment_failed", invoice)


def _paid(peer: Peer, invoice: Thing) -> Thing:
    invoice |= {"status": "paid", "amount_paid": invoice["amount_due"], "amount_remaining": 0, "attempted": True}
    invoice["status_transitions"]["paid_at"] = now_s()
    peer.store.put(invoice)
    peer.tell("invoice.paid", invoice)
    if not invoice["amount_paid_off_stripe"]:
        peer.tell("invoice.payment_succeeded", invoice)
    return invoice


def _new_invoice(params: dict[str, Any], customer: Thing) -> Thing:
    invoice_id, created = new_id("in"), now_s()
    return _zero_amounts() | {
        "id": invoice_id,
        "object": "invoice",
        "attempt_count": 0,
        "attempted": False,
        "auto_advance": params.get("auto_advance", False),
        "automatic_tax": {
            "disabled_reason": None,
            "enabled": False,
            "liability": None,
            "provider": None,
            "status": None,
        },
        "billing_reason": "manual",
        "collection_method": "send_invoice",
        "created": created,
        "currency": "eur",
        "custom_fields": params.get("custom_fields") or None,
        "customer": customer["id"],
        "customer_address": customer["address"],
        "customer_email": customer["email"],
        "customer_name": customer["name"],
        "default_tax_rates": [],
        "description": params.get("description"),
        "discounts": [],
        "due_date": params.get("due_date", created + DAY_S * params.get("days_until_due", 0)),
        "effective_at": params.get("effective_at"),
        "footer": params.get("footer"),
        "hosted_invoice_url": None,
        "issuer": {"type": "self"},
        "lines": {"object": "list", "data": [], "has_more": False, "url": f"/v1/invoices/{invoice_id}/lines"},
        "livemode": False,
        "metadata": params.get("metadata") or {},
        "number": params.get("number"),
        "payment_settings": {
            "default_mandate": None,
            "payment_method_options": params.get("payment_settings", {}).get("payment_method_options"),
            "payment_method_types": params.get("payment_settings", {}).get("payment_method_types"),
        },
        "period_end": created,
        "period_start": created,
        "status": "draft",
        "status_transitions": {
            "finalized_at": None,
            "marked_uncollectible_at": None,
            "paid_at": None,
            "voided_at": None,
        },
        "total_taxes": [],
    }


def _zero_amounts() -> Thing:
    names = (
        "amount_due", "amount_overpaid", "amount_paid", "amount_paid_off_stripe", "amount_remaining",
        "amount_shipping", "post_payment_credit_notes_amount", "pre_payment_credit_notes_amount",
        "starting_balance", "subtotal", "subtotal_excluding_tax", "total", "total_excluding_tax",
    )  # fmt: skip
    return dict.fromkeys(names, 0)
