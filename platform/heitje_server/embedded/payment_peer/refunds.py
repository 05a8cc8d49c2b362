# SPDX-License-Identifier: EUPL-1.2
"""Refunds: money of a charge that goes back."""

from typing import Any

from heitje_server.embedded.payment_peer.peer import Peer, now_s, refuse_unknown
from heitje_server.embedded.payment_peer.refusals import Refused, missing
from heitje_server.embedded.payment_peer.store import Thing, new_id


def create_refund(peer: Peer, params: dict[str, Any]) -> Thing:
    refuse_unknown(params, "payment_intent", "amount", "metadata", "reason", "expand")
    if "payment_intent" not in params:
        raise missing("payment_intent")
    intent = peer.known("payment_intent", params["payment_intent"], "payment_intent")
    if intent["status"] != "succeeded":
        raise Refused("This PaymentIntent does not have a successful charge to refund.", param="payment_intent")
    charge = peer.known("charge", intent["latest_charge"])
    left = charge["amount"] - charge["amount_refunded"]
    amount = params.get("amount", left)
    if left == 0:
        raise Refused(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    if not 0 < amount <= left:
        raise Refused(f"Refund amount ({amount}) is greater than unrefunded amount on charge ({left})", param="amount")
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    refund = {
        "id": new_id("re"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": charge["id"],
        "created": now_s(),
        "currency": charge["currency"],
        "metadata": params.get("metadata") or {},
        "payment_intent": intent["id"],
        "reason": params.get("reason"),
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded",
        "transfer_reversal": None,
    }
    peer.store.put(charge)
    peer.store.put(refund)
    peer.tell("refund.created", refund)
    peer.tell("charge.refunded", charge)
    return refund
