# SPDX-License-Identifier: EUPL-1.2
"""Payment intents: one payment from the first attempt to the money, and the charge that it leaves."""

from typing import Any

from heitje_server.embedded.payment_peer.peer import Peer, check_amount, now_s, refuse_unknown
from heitje_server.embedded.payment_peer.refusals import Refused, wrong
from heitje_server.embedded.payment_peer.store import Thing, new_id

CARDS = {"pm_card_visa": True, "pm_card_visa_chargeDeclined": False, "pm_card_chargeDeclined": False}
"""Stripe's test cards, and whether their bank agrees."""

DECLINED = "Your card was declined."


def create_payment_intent(peer: Peer, params: dict[str, Any]) -> Thing:
    refuse_unknown(
        params, "amount", "currency", "customer", "description", "metadata", "payment_method_types",
        "payment_method", "confirm", "expand",
    )  # fmt: skip
    if params.get("customer"):
        peer.known("customer", params["customer"], "customer")
    intent = new_intent(
        peer,
        amount=params["amount"],
        currency=params["currency"],
        customer=params.get("customer"),
        methods=params.get("payment_method_types", ["card"]),
        metadata=params.get("metadata") or {},
        description=params.get("description"),
    )
    if params.get("confirm"):
        _confirm_with_card(peer, intent, params.get("payment_method"))
    return intent


def retrieve_payment_intent(peer: Peer, params: dict[str, Any], intent: str) -> Thing:  # noqa: ARG001
    return peer.known("payment_intent", intent)


def new_intent(
    peer: Peer, *, amount: int, currency: str, customer: str | None, methods: list[str],
    metadata: dict[str, str], description: str | None,
) -> Thing:  # fmt: skip
    """Keep and return a payment that waits for a way to pay."""
    check_amount(amount, currency)
    intent_id = new_id("pi")
    intent = {
        "id": intent_id,
        "object": "payment_intent",
        "amount": amount,
        "amount_capturable": 0,
        "amount_received": 0,
        "application": None,
        "application_fee_amount": None,
        "automatic_payment_methods": None,
        "canceled_at": None,
        "cancellation_reason": None,
        "capture_method": "automatic",
        "client_secret": f"{intent_id}_secret_{new_id('s')[2:]}",
        "confirmation_method": "automatic",
        "created": now_s(),
        "currency": currency,
        "customer": customer,
        "description": description,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": metadata,
        "next_action": None,
        "payment_method": None,
        "payment_method_types": methods,
        "status": "requires_payment_method",
    }
    peer.store.put(intent)
    peer.tell("payment_intent.created", intent)
    return intent


def succeed(peer: Peer, intent: Thing) -> Thing:
    """The money is there: leave a charge and say so."""
    charge = _new_charge(intent, status="succeeded")
    intent |= {
        "status": "succeeded",
        "amount_received": intent["amount"],
        "latest_charge": charge["id"],
        "next_action": None,
        "last_payment_error": None,
    }
    peer.store.put(charge)
    peer.store.put(intent)
    peer.tell("charge.succeeded", charge)
    peer.tell("payment_intent.succeeded", intent)
    return charge


def decline(peer: Peer, intent: Thing, *, code: str, message: str, decline_code: str | None = None) -> None:
    """The bank refuses: the payment waits for another way to pay."""
    error = {"type": "card_error", "code": code, "message": message}
    if decline_code:
        error["decline_code"] = decline_code
    charge = _new_charge(intent, status="failed") | {"failure_code": code, "failure_message": message}
    intent |= {
        "status": "requires_payment_method",
        "latest_charge": charge["id"],
        "next_action": None,
        "last_payment_error": error,
    }
    peer.store.put(charge)
    peer.store.put(intent)
    peer.tell("payment_intent.payment_failed", intent)


def _confirm_with_card(peer: Peer, intent: Thing, card: str | None) -> None:
    if card not in CARDS:
        raise wrong("payment_method", f"No such PaymentMethod: '{card}'. This peer has: {', '.join(CARDS)}")
    if CARDS[card]:
        succeed(peer, intent)
        return
    decline(peer, intent, code="card_declined", message=DECLINED, decline_code="generic_decline")
    raise Refused(
        DECLINED,
        status=402,
        kind="card_error",
        code="card_declined",
        decline_code="generic_decline",
        charge=intent["latest_charge"],
        payment_intent=intent,
    )


def _new_charge(intent: Thing, *, status: str) -> Thing:
    paid = status == "succeeded"
    return {
        "id": new_id("ch" if paid else "py"),
        "object": "charge",
        "amount": intent["amount"],
        "amount_captured": intent["amount"] if paid else 0,
        "amount_refunded": 0,
        "billing_details": {"address": None, "email": None, "name": None, "phone": None, "tax_id": None},
        "captured": paid,
        "created": now_s(),
        "currency": intent["currency"],
        "customer": intent["customer"],
        "description": intent["description"],
        "disputed": False,
        "failure_code": None,
        "failure_message": None,
        "livemode": False,
        "metadata": intent["metadata"],
        "paid": paid,
        "payment_intent": intent["id"],
        "payment_method": None,
        "payment_method_details": None,
        "refunded": False,
        "status": status,
    }
