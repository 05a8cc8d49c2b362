# SPDX-License-Identifier: EUPL-1.2
"""Which operation of Stripe's document is answered by which function."""

from collections.abc import Callable

from heitje_server.embedded.payment_peer import checkout, customers, events, intents, invoice_lines, invoices, refunds
from heitje_server.embedded.payment_peer.peer import Peer
from heitje_server.embedded.payment_peer.refusals import Refused
from heitje_server.embedded.payment_peer.store import Thing

Answer = Callable[..., Thing]

OPERATIONS: dict[tuple[str, str], Answer] = {
    ("POST", "/v1/customers"): customers.create_customer,
    ("GET", "/v1/customers/{customer}"): customers.retrieve_customer,
    ("POST", "/v1/checkout/sessions"): checkout.create_session,
    ("GET", "/v1/checkout/sessions/{session}"): checkout.retrieve_session,
    ("POST", "/v1/checkout/sessions/{session}/expire"): checkout.expire_session,
    ("POST", "/v1/payment_intents"): intents.create_payment_intent,
    ("GET", "/v1/payment_intents/{intent}"): intents.retrieve_payment_intent,
    ("POST", "/v1/refunds"): refunds.create_refund,
    ("POST", "/v1/invoices"): invoices.create_invoice,
    ("GET", "/v1/invoices/{invoice}"): invoices.retrieve_invoice,
    ("POST", "/v1/invoices/{invoice}/add_lines"): invoice_lines.add_lines,
    ("POST", "/v1/invoiceitems"): invoice_lines.create_invoice_item,
    ("POST", "/v1/invoices/{invoice}/finalize"): invoices.finalize_invoice,
    ("POST", "/v1/invoices/{invoice}/pay"): invoices.pay_invoice,
    ("POST", "/v1/invoices/{invoice}/void"): invoices.void_invoice,
    ("GET", "/v1/events/{id}"): events.retrieve_event,
    ("GET", "/v1/events"): events.list_events,
}

EXPANDABLE = {"customer": "customer", "payment_intent": "payment_intent", "latest_charge": "charge"}


def expanded(peer: Peer, thing: Thing, names: list[str]) -> Thing:
    """Return the object with these members as whole objects instead of ids."""
    answer = dict(thing)
    for name in names:
        if name not in EXPANDABLE or name not in thing:
            raise Refused(f"This property cannot be expanded ({name}).", param="expand")
        if isinstance(thing[name], str):
            answer[name] = peer.known(EXPANDABLE[name], thing[name])
    return answer


def answer_for(method: str, template: str) -> Answer:
    """Return the function behind an operation; refuse one that this peer has not learnt."""
    try:
        return OPERATIONS[method, template]
    except KeyError:
        raise Refused(f"This peer has not learnt {method} {template}.", status=501, kind="api_error") from None
