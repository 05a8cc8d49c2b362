# SPDX-License-Identifier: EUPL-1.2
"""The pages on which a person of the demo plays the paying customer. No money moves."""

from collections.abc import Callable

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from heitje_server.embedded.payment_peer import checkout, invoices
from heitje_server.embedded.payment_peer.peer import Peer
from heitje_server.embedded.payment_peer.store import Thing


def pages(peer: Peer, after_commit: Callable[[], None]) -> Blueprint:
    """Return the pages; they call `after_commit` when something was paid or refused."""
    blueprint = Blueprint("pages", __name__, template_folder="templates")
    blueprint.add_app_template_filter(in_euros)

    @blueprint.get("/health")
    def health() -> ResponseReturnValue:
        return {"version": peer.contract.version}

    @blueprint.get("/pay/<session_id>")
    def pay(session_id: str) -> ResponseReturnValue:
        with peer.store.transaction():
            session = checkout.expire_when_over(peer, _known(peer, "checkout.session", session_id))
            return _show_session(peer, session)

    @blueprint.post("/pay/<session_id>")
    def choose(session_id: str) -> ResponseReturnValue:
        with peer.store.transaction():
            session = checkout.expire_when_over(peer, _known(peer, "checkout.session", session_id))
            answer = _act_on_session(peer, session, request.form.get("choice", ""))
        after_commit()
        return answer

    @blueprint.get("/invoice/<invoice_id>")
    def invoice(invoice_id: str) -> ResponseReturnValue:
        found = _known(peer, "invoice", invoice_id)
        if found["status"] == "draft":
            abort(404)
        return render_template("invoice.html", invoice=found, declined=request.args.get("declined"))

    @blueprint.post("/invoice/<invoice_id>")
    def pay_invoice(invoice_id: str) -> ResponseReturnValue:
        choice = request.form.get("choice", "")
        with peer.store.transaction():
            found = _known(peer, "invoice", invoice_id)
            if found["status"] == "open" and choice in {"pay", "decline"}:
                invoices.pay_invoice_on_page(peer, found, agreed=choice == "pay")
        after_commit()
        declined = 1 if choice == "decline" else None
        return redirect(url_for("pages.invoice", invoice_id=invoice_id, declined=declined), 303)

    return blueprint


def _act_on_session(peer: Peer, session: Thing, choice: str) -> ResponseReturnValue:
    here = url_for("pages.pay", session_id=session["id"])
    if choice == "cancel":
        return redirect(session["cancel_url"] or here, 303)
    if session["status"] == "open":
        if choice == "ideal":
            checkout.pay_with_ideal(peer, session, agreed=True)
            return redirect(_way_back(session), 303)
        if choice == "ideal-declined":
            checkout.pay_with_ideal(peer, session, agreed=False)
        if choice == "transfer":
            checkout.promise_transfer(peer, session)
    elif session["status"] == "complete" and session["payment_status"] == "unpaid":
        if choice in {"arrived", "never"} and checkout.transfer_waits(peer, session):
            checkout.settle_transfer(peer, session, arrived=choice == "arrived")
        return redirect(_way_back(session), 303)
    return redirect(here, 303)


def _show_session(peer: Peer, session: Thing) -> ResponseReturnValue:
    intent = peer.store.get(session["payment_intent"]) if session["payment_intent"] else None
    payment = peer.store.get(f"{session['id']}:payment")
    return render_template(
        "pay.html",
        session=session,
        intent=intent,
        description=payment and payment["description"],
        way_back=_way_back(session),
        transfer_waits=checkout.transfer_waits(peer, session),
    )


def _way_back(session: Thing) -> str:
    return str(session["success_url"]).replace("{CHECKOUT_SESSION_ID}", session["id"])


def _known(peer: Peer, kind: str, thing_id: str) -> Thing:
    thing = peer.store.get(thing_id)
    if thing is None or thing["object"] != kind:
        abort(404)
    return thing


def in_euros(cents: int) -> str:
    """Write cents as Dutch people read euros: 123456 -> "€ 1.234,56", never broken over two lines."""
    whole, part = divmod(cents, 100)
    return "€\u00a0" + f"{whole:,}".replace(",", ".") + f",{part:02d}"
