# SPDX-License-Identifier: EUPL-1.2
"""Events: what happened, to be read again."""

from typing import Any

from heitje_server.embedded.payment_peer.peer import Peer, refuse_unknown
from heitje_server.embedded.payment_peer.store import Thing


def retrieve_event(peer: Peer, params: dict[str, Any], id: str) -> Thing:  # noqa: A002, ARG001 - Stripe's name
    return peer.known("event", id)


def list_events(peer: Peer, params: dict[str, Any]) -> Thing:
    """List the latest events first, as many as `limit` says."""
    refuse_unknown(params, "limit", "type")
    events = [event for event in reversed(peer.store.all_of("event")) if params.get("type") in {None, event["type"]}]
    limit = min(max(params.get("limit", 10), 1), 100)
    return {"object": "list", "data": events[:limit], "has_more": len(events) > limit, "url": "/v1/events"}
