# SPDX-License-Identifier: EUPL-1.2
"""Checkout sessions: a page on which somebody pays once."""

from collections.abc import Mapping
from typing import Any

from heitje_server.embedded.payment_peer.intents import decline, new_intent, succeed
from heitje_server.embedded.payment_peer.peer import Peer, check_amount, now_s, refuse_unknown
from heitje_server.embedded.payment_peer.refusals import Refused, missing, wrong
from heitje_server.embedded.payment_peer.store import Thing, new_id

METHODS = {"ideal", "customer_balance"}
LIFE_S = 24 * 3600


def create_session(peer: Peer, params: dict[str, Any]) -> Thing:
    refuse_unknown(
        params, "mode", "line_items", "customer", "client_reference_id", "metadata", "payment_method_types",
        "payment_method_options", "success_url", "cancel_url", "locale", "payment_intent_data", "expand", "ui_mode",
        "submit_type",
    )  # fmt: skip
    refuse_unknown(params.get("payment_intent_data", {}), "metadata", "description", inside="payment_intent_data")
    if params.get("mode") != "payment" or params.get("ui_mode", "hosted_page") != "hosted_page":
        raise Refused("This peer only has mode=payment on a hosted page.", status=501, kind="api_error", param="mode")
    for needed in ("line_items", "success_url"):
        if needed not in params:
            raise missing(needed)
    methods = params.get("payment_method_types", ["ideal"])
    _check_methods(peer, params, methods)
    amount = sum(_line_amount(line) for line in params["line_items"])
    check_amount(amount, "eur")
    session = _new_session(params, methods, amount)
    session["url"] = f"{peer.own_url}/pay/{session['id']}"
    peer.store.put(session)
    # Stripe makes the payment when somebody pays; what it will carry is kept beside the session until then.
    peer.store.put(
        {
            "id": f"{session['id']}:payment",
            "object": "_session_payment",
            "metadata": params.get("payment_intent_data", {}).get("metadata", {}),
            "description": params.get("payment_intent_data", {}).get("description"),
        }
    )
    return session


def retrieve_session(peer: Peer, params: dict[str, Any], session: str) -> Thing:  # noqa: ARG001
    return expire_when_over(peer, peer.known("checkout.session", session))


def expire_session(peer: Peer, params: dict[str, Any], session: str) -> Thing:  # noqa: ARG001
    found = expire_when_over(peer, peer.known("checkout.session", session))
    if found["status"] != "open":
        raise Refused(f'Only Checkout Sessions with a status in ["open"] can be expired. It is {found["status"]}.')
    return _expire(peer, found)


def expire_when_over(peer: Peer, session: Thing) -> Thing:
    """Expire an open session whose time is over."""
    if session["status"] == "open" and session["expires_at"] <= now_s():
        return _expire(peer, session)
    return session


def pay_with_ideal(peer: Peer, session: Thing, *, agreed: bool) -> None:
    """The person's bank agrees, or not; then the session stays open for another attempt."""
    intent = _intent_of(peer, session)
    if not agreed:
        decline(peer, intent, code="payment_intent_authentication_failure", message="The bank refused the payment.")
        return
    succeed(peer, intent)
    _complete(peer, session, paid=True)


def promise_transfer(peer: Peer, session: Thing) -> None:
    """The person will transfer the money: the session is complete, and unpaid until it is there."""
    intent = _intent_of(peer, session)
    intent |= {
        "status": "requires_action",
        "next_action": {
            "type": "display_bank_transfer_instructions",
            "display_bank_transfer_instructions": {
                "amount_remaining": intent["amount"],
                "currency": intent["currency"],
                "hosted_instructions_url": session["url"],
                "reference": intent["id"][-10:].upper(),
                "type": "eu_bank_transfer",
            },
        },
    }
    peer.store.put(intent)
    peer.tell("payment_intent.requires_action", intent)
    _complete(peer, session, paid=False)


def transfer_waits(peer: Peer, session: Thing) -> bool:
    """Say whether a promised transfer may still arrive."""
    intent = peer.store.get(session["payment_intent"]) if session["payment_intent"] else None
    return intent is not None and intent["status"] == "requires_action"


def settle_transfer(peer: Peer, session: Thing, *, arrived: bool) -> None:
    """The promised transfer arrives after days, or never."""
    intent = _intent_of(peer, session)
    if arrived:
        succeed(peer, intent)
        session["payment_status"] = "paid"
        peer.store.put(session)
        peer.tell("checkout.session.async_payment_succeeded", session)
    else:
        decline(peer, intent, code="payment_intent_payment_attempt_expired", message="The transfer never arrived.")
        peer.tell("checkout.session.async_payment_failed", session)


def _intent_of(peer: Peer, session: Thing) -> Thing:
    if session["payment_intent"]:
        return peer.known("payment_intent", session["payment_intent"])
    payment = peer.known("_session_payment", f"{session['id']}:payment")
    intent = new_intent(
        peer,
        amount=session["amount_total"],
        currency=session["currency"],
        customer=session["customer"],
        methods=session["payment_method_types"],
        metadata=payment["metadata"],
        description=payment["description"],
    )
    session["payment_intent"] = intent["id"]
    peer.store.put(session)
    return intent


def _complete(peer: Peer, session: Thing, *, paid: bool) -> None:
    session |= {"status": "complete", "payment_status": "paid" if paid else "unpaid", "url": None}
    peer.store.put(session)
    peer.tell("checkout.session.completed", session)


def _expire(peer: Peer, session: Thing) -> Thing:
    session |= {"status": "expired", "url": None}
    peer.store.put(session)
    peer.tell("checkout.session.expired", session)
    return session


def _line_amount(line: Mapping[str, Any]) -> int:
    refuse_unknown(dict(line), "price_data", "quantity", inside="line_items")
    price = line.get("price_data")
    if price is None or "unit_amount" not in price or not (price.get("product_data") or price.get("product")):
        raise missing("line_items[0][price_data][unit_amount]")
    if price["currency"] != "eur":
        raise wrong("currency", "This peer only has euros.")
    return int(price["unit_amount"]) * int(line.get("quantity", 1))


def _check_methods(peer: Peer, params: dict[str, Any], methods: list[str]) -> None:
    for method in methods:
        if method not in METHODS:
            raise wrong("payment_method_types", f"The payment method type provided: {method} is invalid.")
    if params.get("customer"):
        peer.known("customer", params["customer"], "customer")
    if "customer_balance" not in methods:
        return
    if not params.get("customer"):
        raise missing("customer")
    transfer = params.get("payment_method_options", {}).get("customer_balance", {})
    if transfer.get("funding_type") != "bank_transfer" or "bank_transfer" not in transfer:
        raise missing("payment_method_options[customer_balance][funding_type]")


def _new_session(params: dict[str, Any], methods: list[str], amount: int) -> Thing:
    created = now_s()
    return {
        "id": new_id("cs_test"),
        "object": "checkout.session",
        "amount_subtotal": amount,
        "amount_total": amount,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "cancel_url": params.get("cancel_url"),
        "client_reference_id": params.get("client_reference_id"),
        "client_secret": None,
        "created": created,
        "currency": "eur",
        "custom_fields": [],
        "custom_text": {
            "after_submit": None,
            "shipping_address": None,
            "submit": None,
            "terms_of_service_acceptance": None,
        },
        "customer": params.get("customer"),
        "customer_details": None,
        "expires_at": created + LIFE_S,
        "invoice": None,
        "livemode": False,
        "locale": params.get("locale"),
        "metadata": params.get("metadata") or {},
        "mode": "payment",
        "payment_intent": None,
        "payment_method_options": params.get("payment_method_options", {}),
        "payment_method_types": methods,
        "payment_status": "unpaid",
        "shipping_options": [],
        "status": "open",
        "success_url": params["success_url"],
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted_page",
        "url": None,
    }
