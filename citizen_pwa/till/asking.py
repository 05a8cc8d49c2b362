# SPDX-License-Identifier: EUPL-1.2
"""Asking for a payment: type the amount, show the code, see, read and hear what became of it."""

from datetime import timedelta
from uuid import UUID

import segno
from flask import current_app, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup

from citizen_pwa.till.surroundings import pages, show
from heitje.cents import AmountUnreadable, parse_cents
from heitje.clock import local_day, now
from heitje.db.request import current_session
from heitje.errors import HeitjeError
from heitje.idempotency import counts_once
from heitje.identity.guards import actor, current_shop_id, current_staff, shops_only
from heitje.shops.models import Payment, PaymentState
from heitje.shops.payments import MAX_PAYMENT_CENTS, cancel_request, payment_of_shop, request_payment, state_at
from heitje.shops.takings import day_total
from heitje.web.forms import AmountField, Between, OnceForm, Required

FRESH = timedelta(seconds=15)
"""So long after the payment the result makes a sound; a page opened later is silent."""


class AskForm(OnceForm):
    """How much the customer pays."""

    amount_cents = AmountField(
        _l("Amount"),
        validators=[Required(_l("Type an amount, such as 12,50.")), Between(1, MAX_PAYMENT_CENTS)],
    )


@pages.get("/")
@shops_only
def keypad() -> ResponseReturnValue:
    """Show the keys; `amount` is what stands there already, when a request is made again."""
    form = AskForm()
    try:
        form.amount_cents.data = parse_cents(request.args["amount"]) if "amount" in request.args else None
    except AmountUnreadable:
        form.amount_cents.data = None
    return _keypad_page(form)


@pages.post("/")
@shops_only
@counts_once
def ask() -> ResponseReturnValue:
    """Ask for the amount, and go to the page that shows the code."""
    form = AskForm()
    if not form.validate() or form.amount_cents.data is None:
        return _keypad_page(form, status=422)
    staff = current_staff()
    try:
        payment = request_payment(
            current_session(),
            shop_id=staff.shop_id,
            amount_cents=form.amount_cents.data,
            staff_id=staff.id,
            at=now(),
        )
    except HeitjeError as refusal:
        form.refuse(refusal)
        return _keypad_page(form, status=refusal.status)
    return redirect(url_for("till.shown_request", payment_id=payment.id), code=303)


@pages.get("/requests/<uuid:payment_id>")
@shops_only
def shown_request(payment_id: UUID) -> ResponseReturnValue:
    """Show the QR and the code until somebody paid, or what became of it."""
    payment = payment_of_shop(current_session(), payment_id)
    return show("request.html", payment=payment, state=state_at(payment, now()), qr=_qr(payment), is_fresh=False)


@pages.get("/requests/<uuid:payment_id>/outcome")
@shops_only
def outcome(payment_id: UUID) -> ResponseReturnValue:
    """Answer the till that asks every second: nothing new, or the result to show on the whole screen."""
    payment, at = payment_of_shop(current_session(), payment_id), now()
    state = state_at(payment, at)
    if state is PaymentState.REQUESTED:
        return "", 204
    is_fresh = payment.completed_at is None or at - payment.completed_at < FRESH
    return show("outcome.html", payment=payment, state=state, is_fresh=is_fresh)


@pages.post("/requests/<uuid:payment_id>/cancel")
@shops_only
def cancel(payment_id: UUID) -> ResponseReturnValue:
    """Take the request back, and start again with the next customer."""
    try:
        cancel_request(current_session(), payment_id=payment_id, by=actor(), at=now())
    except HeitjeError:
        # Paid, or expired, while the finger was on its way to the button: show which.
        return redirect(url_for("till.shown_request", payment_id=payment_id), code=303)
    flash(_("The request is cancelled. Nothing was paid."), "good")
    return redirect(url_for("till.keypad"), code=303)


def _keypad_page(form: AskForm, status: int = 200) -> ResponseReturnValue:
    total = day_total(current_session(), shop_id=current_shop_id(), day=local_day(now()))
    return show("keypad.html", status=status, form=form, total=total)


def _qr(payment: Payment) -> Markup:
    settings = current_app.extensions["settings"]
    address = f"{settings.public_url.rstrip('/')}/pay/q/{payment.nonce}"
    picture = segno.make_qr(address, error="m")
    return Markup(picture.svg_inline(border=1, omitsize=True, dark="#00193f"))  # noqa: S704 - made by segno of our own address
