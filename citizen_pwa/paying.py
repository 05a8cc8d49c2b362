# SPDX-License-Identifier: EUPL-1.2
"""Paying in a shop: scan or type the code, see shop and amount, confirm, get a receipt."""

import re
from datetime import timedelta
from uuid import UUID

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from citizen_pwa.surroundings import current_scheme, current_wallet, pages, show
from heitje.clock import now
from heitje.db.request import current_session
from heitje.errors import HeitjeError
from heitje.idempotency import counts_once
from heitje.identity.guards import actor, citizens_only, current_citizen
from heitje.identity.pace import count
from heitje.ledger.errors import BalanceTooLow
from heitje.shops.errors import AlreadyPaid
from heitje.shops.payments import find_request, pay_request
from heitje.shops.receipts import own_payment
from heitje.web.problems import problem_title

TYPED_AT_MOST = 30
TYPED_WITHIN = timedelta(minutes=10)
_CODE = re.compile(r"[0-9]{6}", re.ASCII)
_NONCE = re.compile(r"[A-Za-z0-9_-]{16,64}", re.ASCII)


@pages.get("/pay")
@citizens_only
def pay() -> ResponseReturnValue:
    """Offer the camera and a field for the code; with a code, lead on to the request."""
    typed = request.args.get("code", "")
    if not typed:
        return show("pay.html", typed="", refusal="")
    return _find(typed)


def _find(typed: str) -> ResponseReturnValue:
    code = "".join(typed.split())
    if _NONCE.fullmatch(code) and _CODE.fullmatch(code) is None:
        # A scanned code of this site whose address did not start with ours.
        return redirect(url_for("citizen.shown_request", nonce=code))
    if _CODE.fullmatch(code) is None:
        return show("pay.html", status=400, typed=typed[:20], refusal=_("The code has six digits."))
    try:
        # A code is short because people type it: nobody may try them all to see who pays what.
        count("payment-code", str(current_citizen().id), most=TYPED_AT_MOST, within=TYPED_WITHIN)
        found = find_request(current_session(), scheme_id=current_scheme().id, code=code, at=now())
    except AlreadyPaid as paid:
        return _to_receipt_or_refuse(paid)
    except HeitjeError as refusal:
        return show("pay.html", status=refusal.status, typed=code, refusal=problem_title(refusal))
    return redirect(url_for("citizen.shown_request", nonce=found.nonce))


@pages.get("/pay/q/<nonce>")
@citizens_only
def shown_request(nonce: str) -> ResponseReturnValue:
    """Show whom one pays and how much, with one button."""
    return _request_page(nonce)


@pages.post("/pay/q/<nonce>")
@citizens_only
@counts_once
def confirm(nonce: str) -> ResponseReturnValue:
    """Pay, and show the receipt."""
    session, wallet = current_session(), current_wallet()
    try:
        if wallet is None:
            waiting = find_request(session, nonce=nonce, at=now())
            raise BalanceTooLow(balance_cents=0, amount_cents=waiting.amount_cents)
        payment = pay_request(
            session, nonce=nonce, citizen_id=current_citizen().id, wallet_account_id=wallet.id, by=actor(), at=now()
        )
    except AlreadyPaid as paid:
        return _to_receipt_or_refuse(paid)
    except HeitjeError as refusal:
        session.rollback()
        return _request_page(nonce, refusal=refusal)
    return redirect(url_for("citizen.receipt", payment_id=payment.id, new=1), code=303)


@pages.get("/payments/<uuid:payment_id>")
@citizens_only
def receipt(payment_id: UUID) -> ResponseReturnValue:
    """Show what was paid, to whom and when."""
    payment = own_payment(current_session(), payment_id, current_citizen().id)
    return show("receipt.html", payment=payment, is_new="new" in request.args)


def _request_page(nonce: str, *, refusal: HeitjeError | None = None) -> ResponseReturnValue:
    wallet = current_wallet()
    try:
        found = find_request(current_session(), nonce=nonce, at=now())
    except AlreadyPaid as paid:
        return _to_receipt_or_refuse(paid)
    except HeitjeError as over:
        return show("pay.html", status=over.status, typed="", refusal=problem_title(over))
    balance_cents = 0 if wallet is None else wallet.balance_cents
    return show(
        "pay_request.html",
        status=200 if refusal is None else refusal.status,
        payment=found,
        balance_cents=balance_cents,
        left_cents=balance_cents - found.amount_cents,
        refusal=None if refusal is None else problem_title(refusal),
    )


def _to_receipt_or_refuse(paid: AlreadyPaid) -> ResponseReturnValue:
    if "payment_id" in paid.facts:
        return redirect(url_for("citizen.receipt", payment_id=paid.facts["payment_id"]), code=303)
    return show("pay.html", status=paid.status, typed="", refusal=problem_title(paid))
