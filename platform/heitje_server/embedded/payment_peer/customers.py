# SPDX-License-Identifier: EUPL-1.2
"""Customers: who pays."""

from typing import Any

from heitje_server.embedded.payment_peer.peer import Peer, now_s, refuse_unknown
from heitje_server.embedded.payment_peer.store import Thing, new_id

ADDRESS = ("city", "country", "line1", "line2", "postal_code", "state")


def create_customer(peer: Peer, params: dict[str, Any]) -> Thing:
    refuse_unknown(params, "name", "email", "phone", "description", "metadata", "preferred_locales", "address")
    address = params.get("address") or None
    customer = {
        "id": new_id("cus"),
        "object": "customer",
        "address": address and {name: address.get(name) for name in ADDRESS},
        "balance": 0,
        "created": now_s(),
        "currency": None,
        "default_source": None,
        "delinquent": False,
        "description": params.get("description"),
        "email": params.get("email"),
        "invoice_prefix": new_id("x")[-8:].upper(),
        "invoice_settings": {
            "custom_fields": None,
            "default_payment_method": None,
            "footer": None,
            "rendering_options": None,
        },
        "livemode": False,
        "metadata": params.get("metadata") or {},
        "name": params.get("name"),
        "phone": params.get("phone"),
        "preferred_locales": params.get("preferred_locales", []),
        "shipping": None,
        "tax_exempt": "none",
        "test_clock": None,
    }
    peer.store.put(customer)
    peer.tell("customer.created", customer)
    return customer


def retrieve_customer(peer: Peer, params: dict[str, Any], customer: str) -> Thing:  # noqa: ARG001
    return peer.known("customer", customer)
