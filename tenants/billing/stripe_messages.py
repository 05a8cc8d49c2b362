# SPDX-License-Identifier: EUPL-1.2
"""What stands in a message that Stripe sends us. Whether it did send it, the gateway finds out first."""

import json

from tenants.billing.payments import WebhookEvent
from tenants.billing.refusals import WebhookNotTrusted


def event_of(payload: bytes) -> WebhookEvent:
    """Return what happened; raises `WebhookNotTrusted` for what is no event, or none of our own account's."""
    try:
        event = json.loads(payload)
        # A connected account's event would be signed with our secret too; we have none.
        foreign = event.get("account") is not None or event["object"] != "event"
        found = WebhookEvent(id=event["id"], type=event["type"], object_id=event["data"]["object"].get("id", ""))
    except (KeyError, TypeError, ValueError, AttributeError):
        raise WebhookNotTrusted(reason="not an event") from None
    if foreign:
        raise WebhookNotTrusted(reason="not of this account")
    return found


def signed_at(signature_header: str) -> int:
    """Return the moment that a well-formed header names, in seconds since 1970."""
    moment = next(part for part in signature_header.split(",") if part.startswith("t="))
    return int(moment.removeprefix("t="))
