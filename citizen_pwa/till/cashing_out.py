# SPDX-License-Identifier: EUPL-1.2
"""Turning Heitjes into euros: ask, and see how far it is. For the owner of the shop."""

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from citizen_pwa.till.surroundings import current_shop, pages, show
from heitje.cents import in_heitjes
from heitje.clock import now
from heitje.db.request import current_session
from heitje.errors import HeitjeError
from heitje.idempotency import counts_once
from heitje.identity.guards import actor, current_shop_id, owners_of_shops_only
from heitje.shops.redemptions import pays_from, redemptions_of_shop, request_redemption, shop_with_details
from heitje.shops.takings import shop_balance
from heitje.web.forms import AmountField, OnceForm, Required
from heitje.web.links import cursor_of, read_cursor

PAGE_SIZE = 20


class CashOutForm(OnceForm):
    """How much to have paid out."""

    amount_cents = AmountField(_l("Amount to pay out"), validators=[Required()])


@pages.get("/cash-out")
@owners_of_shops_only
def cash_out() -> ResponseReturnValue:
    """Show what can be paid out, where it goes, and what was asked before."""
    form = CashOutForm()
    form.amount_cents.data = shop_balance(current_session(), current_shop()) or None
    return _cash_out_page(form)


@pages.post("/cash-out")
@owners_of_shops_only
@counts_once
def ask_for_euros() -> ResponseReturnValue:
    """Set Heitjes aside to be paid in euros."""
    form, session = CashOutForm(), current_session()
    if not form.validate() or form.amount_cents.data is None:
        return _cash_out_page(form, status=422)
    amount_cents = form.amount_cents.data
    try:
        request_redemption(
            session,
            shop_id=current_shop_id(),
            amount_cents=amount_cents,
            key=str(form.idempotency_key.data),
            by=actor(),
            at=now(),
        )
    except HeitjeError as refusal:
        session.rollback()
        form.refuse(refusal)
        return _cash_out_page(form, status=refusal.status)
    flash(
        _("%(amount)s euros are on their way to your account.", amount=in_heitjes(amount_cents, decimals=True)), "good"
    )
    return redirect(url_for("till.cash_out"), code=303)


def _cash_out_page(form: CashOutForm, status: int = 200) -> ResponseReturnValue:
    session = current_session()
    shop, details = shop_with_details(session, current_shop_id())
    before = read_cursor(request.args.get("after", ""))
    found = list(redemptions_of_shop(session, shop_id=shop.id, before=before, limit=PAGE_SIZE + 1))
    shown = found[:PAGE_SIZE]
    from_at = pays_from(details)
    return show(
        "cash_out.html",
        status=status,
        form=form,
        balance_cents=shop_balance(session, shop),
        details=details,
        waits_until=from_at if from_at > now() else None,
        redemptions=shown,
        is_first_page=before is None,
        cursor=cursor_of(shown[-1].created_at, shown[-1].id) if len(found) > PAGE_SIZE else "",
    )
