# SPDX-License-Identifier: EUPL-1.2
"""The day's takings, one payment with its refunds, and a month's list for the books."""

import csv
import io
from datetime import date, timedelta
from uuid import UUID

from flask import Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from citizen_pwa.till.surroundings import pages, show
from heitje.cents import in_heitjes
from heitje.clock import AMSTERDAM, local_day, now
from heitje.db.request import current_session
from heitje.errors import HeitjeError, NotFound
from heitje.idempotency import counts_once
from heitje.identity.guards import actor, current_shop_id, owners_of_shops_only, shops_only
from heitje.shops.models import PAID, Payment
from heitje.shops.payments import payment_of_shop
from heitje.shops.refunds import refund_payment, refunds_of
from heitje.shops.takings import day_total, lines_between, payments_of_shop, receipt_of
from heitje.web.forms import AmountField, OnceForm, Required
from heitje.web.links import cursor_of, read_cursor

PAGE_SIZE = 30
DAYS_BACK = 7


class RefundForm(OnceForm):
    """How much goes back."""

    amount_cents = AmountField(_l("Amount to give back"), validators=[Required()])


@pages.get("/takings")
@shops_only
def takings() -> ResponseReturnValue:
    """Show a day: total and payments."""
    today = local_day(now())
    day = _read_day(request.args.get("day", ""), today)
    payments = list(
        payments_of_shop(
            current_session(),
            shop_id=current_shop_id(),
            day=day,
            before=read_cursor(request.args.get("after", "")),
            limit=PAGE_SIZE + 1,
        )
    )
    shown = payments[:PAGE_SIZE]
    return show(
        "takings.html",
        day=day,
        is_today=day == today,
        before=day - timedelta(days=1),
        after=day + timedelta(days=1) if day < today else None,
        total=day_total(current_session(), shop_id=current_shop_id(), day=day),
        payments=shown,
        cursor=cursor_of(shown[-1].created_at, shown[-1].id) if len(payments) > PAGE_SIZE else "",
        month=day.replace(day=1),
    )


@pages.get("/payments/<uuid:payment_id>")
@shops_only
def payment(payment_id: UUID) -> ResponseReturnValue:
    """Show one payment with what was given back, and the form to give back."""
    found = _paid(payment_id)
    form = RefundForm()
    form.amount_cents.data = found.refundable_cents or None
    return _payment_page(found, form)


@pages.post("/payments/<uuid:payment_id>/refund")
@shops_only
@counts_once
def refund(payment_id: UUID) -> ResponseReturnValue:
    """Give back, and say so."""
    form, session = RefundForm(), current_session()
    if not form.validate() or form.amount_cents.data is None:
        return _payment_page(_paid(payment_id), form, status=422)
    amount_cents = form.amount_cents.data
    try:
        refund_payment(
            session,
            payment_id=payment_id,
            amount_cents=amount_cents,
            key=str(form.idempotency_key.data),
            by=actor(),
            at=now(),
        )
    except NotFound:
        raise
    except HeitjeError as refusal:
        session.rollback()
        form.refuse(refusal)
        return _payment_page(_paid(payment_id), form, status=refusal.status)
    flash(_("%(amount)s Heitjes went back to the customer.", amount=in_heitjes(amount_cents, decimals=True)), "good")
    return redirect(url_for("till.payment", payment_id=payment_id), code=303)


@pages.get("/takings/<int:year>-<int:month>.csv")
@owners_of_shops_only
def month_as_csv(year: int, month: int) -> ResponseReturnValue:
    """Give a month's payments and refunds for the books: a file that opens in a spreadsheet."""
    try:
        first = date(year, month, 1)
        last = (first + timedelta(days=31)).replace(day=1)
    except (ValueError, OverflowError):
        raise NotFound(kind="month") from None
    text = io.StringIO()
    rows = csv.writer(text, delimiter=";", lineterminator="\r\n")
    rows.writerow([_("Date"), _("Time"), _("Reference"), _("What"), _("Amount including VAT (euros)")])
    for line in lines_between(current_session(), shop_id=current_shop_id(), first=first, before=last):
        at = line.at.astimezone(AMSTERDAM)
        what = _("Paid") if line.amount_cents > 0 else _("Given back")
        amount = in_heitjes(line.amount_cents, decimals=True).replace(".", "")
        rows.writerow([at.strftime("%d-%m-%Y"), at.strftime("%H:%M"), line.reference, what, amount])
    answer = Response("\ufeff" + text.getvalue(), content_type="text/csv; charset=utf-8")
    answer.headers["Content-Disposition"] = f'attachment; filename="heitjes-{first:%Y-%m}.csv"'
    return answer


def _paid(payment_id: UUID) -> Payment:
    found = payment_of_shop(current_session(), payment_id)
    if found.state not in PAID:
        raise NotFound(kind="payment")
    return found


def _payment_page(found: Payment, form: RefundForm, status: int = 200) -> ResponseReturnValue:
    session = current_session()
    return show(
        "payment.html",
        status=status,
        payment=found,
        receipt=receipt_of(session, found),
        refunds=refunds_of(session, found.id),
        form=form,
    )


def _read_day(text: str, today: date) -> date:
    try:
        return min(date.fromisoformat(text), today) if text else today
    except ValueError:
        raise NotFound(kind="day") from None
