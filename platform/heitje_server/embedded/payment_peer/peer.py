# SPDX-License-Identifier: EUPL-1.2
"""The peer at work: what each operation may look at and change."""

import time
from dataclasses import dataclass
from typing import Any

from heitje_server.embedded.payment_peer.contract import Contract
from heitje_server.embedded.payment_peer.refusals import Refused, no_such
from heitje_server.embedded.payment_peer.store import Store, Thing, new_id

LEAST_CENTS = 50
MOST_CENTS = 99_999_999
"""Stripe takes amounts of at most eight digits."""


@dataclass(frozen=True, kw_only=True)
class Peer:
    """Passed to each operation, inside a transaction of the store."""

    store: Store
    contract: Contract
    own_url: str
    sends_webhooks: bool

    def known(self, kind: str, thing_id: str, param: str = "id") -> Thing:
        """Return the object of that kind; refuse as Stripe does if there is none."""
        thing = self.store.get(thing_id)
        if thing is None or thing["object"] != kind:
            raise no_such(kind, thing_id, param)
        return thing

    def tell(self, event_type: str, thing: Thing) -> None:
        """Record an event with the object as it is now, and put it on its way."""
        self.contract.check_component(thing, thing["object"])
        event_id = new_id("evt")
        event = {
            "id": event_id,
            "object": "event",
            "api_version": self.contract.version,
            "created": now_s(),
            "data": {"object": thing},
            "livemode": False,
            "pending_webhooks": int(self.sends_webhooks),
            "request": {"id": None, "idempotency_key": None},
            "type": event_type,
        }
        self.contract.check_component(event, "event")
        self.store.put(event)
        if self.sends_webhooks:
            self.store.send(event_id)


def now_s() -> int:
    """Return the seconds since 1970, as Stripe counts."""
    return int(time.time())


def check_amount(amount: int, currency: str) -> None:
    """Refuse what Stripe refuses: other money than euros (here), too little, too much."""
    if currency != "eur":
        raise Refused(f"Invalid currency: {currency}. This peer only has euros.", param="currency")
    if amount < LEAST_CENTS:
        raise Refused("Amount must be at least 50 cents", code="amount_too_small", param="amount")
    if amount > MOST_CENTS:
        raise Refused("Amount must be no more than €999,999.99", code="amount_too_large", param="amount")


def refuse_unknown(params: dict[str, Any], *known: str, inside: str = "") -> None:
    """Refuse what Stripe would take but this peer would silently forget."""
    for name in params:
        if name not in known:
            where = f"{inside}[{name}]" if inside else name
            raise Refused(f"This peer has not learnt what {where} does.", status=501, kind="api_error", param=where)
