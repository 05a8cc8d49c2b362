# SPDX-License-Identifier: EUPL-1.2
"""Lines of a draft invoice, and what they come to."""

from typing import Any

from heitje_server.embedded.payment_peer.peer import Peer, now_s, refuse_unknown
from heitje_server.embedded.payment_peer.refusals import Refused, missing, wrong
from heitje_server.embedded.payment_peer.store import Thing, new_id


def add_lines(peer: Peer, params: dict[str, Any], invoice: str) -> Thing:
    """Add lines with their amounts and taxes to a draft."""
    refuse_unknown(params, "lines", "expand")
    draft = draft_invoice(peer, invoice)
    for line in params["lines"]:
        refuse_unknown(line, "amount", "description", "period", "metadata", "tax_amounts", inside="lines")
        if "amount" not in line:
            raise missing("lines[0][amount]")
        _append(draft, line)
    peer.store.put(draft)
    peer.tell("invoice.updated", draft)
    return draft


def create_invoice_item(peer: Peer, params: dict[str, Any]) -> Thing:
    """Add one line without tax to a draft."""
    refuse_unknown(params, "customer", "invoice", "amount", "currency", "description", "period", "metadata", "expand")
    for needed in ("customer", "invoice", "amount"):
        if needed not in params:
            raise missing(needed)
    draft = draft_invoice(peer, params["invoice"])
    if draft["customer"] != params["customer"] or params.get("currency", "eur") != draft["currency"]:
        raise wrong("invoice", "The invoice item and the invoice must have the same customer and currency.")
    line = _append(draft, params)
    peer.store.put(draft)
    item = {
        "id": line["parent"]["invoice_item_details"]["invoice_item"],
        "object": "invoiceitem",
        "amount": line["amount"],
        "currency": line["currency"],
        "customer": draft["customer"],
        "date": now_s(),
        "description": line["description"],
        "discountable": True,
        "discounts": [],
        "invoice": draft["id"],
        "livemode": False,
        "metadata": line["metadata"],
        "period": line["period"],
        "proration": False,
        "quantity": 1,
        "quantity_decimal": "1",
        "tax_rates": [],
    }
    peer.store.put(item)
    peer.tell("invoiceitem.created", item)
    return item


def draft_invoice(peer: Peer, invoice: str) -> Thing:
    """Return the invoice if it may still change."""
    found = peer.known("invoice", invoice, "invoice")
    if found["status"] != "draft":
        raise Refused(f"Invoice {invoice} is no longer a draft, so it can't be changed.", code="invoice_not_editable")
    return found


def _append(invoice: Thing, given: dict[str, Any]) -> Thing:
    taxes = [_tax(tax) for tax in given.get("tax_amounts") or []]
    line = {
        "id": new_id("il"),
        "object": "line_item",
        "amount": given["amount"],
        "currency": invoice["currency"],
        "description": given.get("description"),
        "discount_amounts": [],
        "discountable": True,
        "discounts": [],
        "invoice": invoice["id"],
        "livemode": False,
        "metadata": given.get("metadata") or {},
        "parent": {
            "type": "invoice_item_details",
            "invoice_item_details": {
                "invoice_item": new_id("ii"),
                "proration": False,
                "proration_details": None,
                "subscription": None,
            },
            "subscription_item_details": None,
        },
        "period": given.get("period", {"start": now_s(), "end": now_s()}),
        "pricing": None,
        "quantity": 1,
        "subtotal": given["amount"],
        "taxes": taxes,
    }
    lines = invoice["lines"]["data"]
    lines.append(line)
    subtotal = sum(each["amount"] for each in lines)
    invoice["total_taxes"] = [tax for each in lines for tax in each["taxes"]]
    added = sum(tax["amount"] for tax in invoice["total_taxes"] if tax["tax_behavior"] == "exclusive")
    invoice |= {
        "subtotal": subtotal,
        "subtotal_excluding_tax": subtotal,
        "total_excluding_tax": subtotal,
        "total": subtotal + added,
        "amount_due": max(subtotal + added, 0),
        "amount_remaining": max(subtotal + added, 0),
    }
    return line


def _tax(given: dict[str, Any]) -> Thing:
    inclusive = given["tax_rate_data"]["inclusive"]
    return {
        "amount": given["amount"],
        "tax_behavior": "inclusive" if inclusive else "exclusive",
        "tax_rate_details": {"tax_rate": new_id("txr")},
        "taxability_reason": given.get("taxability_reason", "not_available"),
        "taxable_amount": given["taxable_amount"],
        "type": "tax_rate_details",
    }
