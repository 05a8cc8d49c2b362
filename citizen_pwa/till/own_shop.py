# SPDX-License-Identifier: EUPL-1.2
"""The shop's own page: what citizens see, where the money goes, and the way out."""

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import StringField, TextAreaField
from wtforms.validators import Length

from citizen_pwa.till.surroundings import current_shop, is_owner, pages, show
from heitje.clock import now
from heitje.db.request import current_session
from heitje.errors import HeitjeError
from heitje.identity.guards import actor, current_shop_id, owners_of_shops_only, shops_only
from heitje.shops.redemptions import change_iban, change_public_face, pays_from, shop_with_details
from heitje.web.forms import Form, Required


class PublicFaceForm(Form):
    """What citizens read of the shop."""

    description = TextAreaField(_l("What you sell"), validators=[Length(max=400)])
    opening_hours = StringField(_l("Opening hours"), validators=[Length(max=200)])


class AccountForm(Form):
    """Where the euros go."""

    iban = StringField(_l("Account number (IBAN)"), validators=[Required(), Length(max=60)])
    account_name = StringField(_l("Name on the account"), validators=[Required(), Length(max=100)])


@pages.get("/shop")
@shops_only
def own_shop() -> ResponseReturnValue:
    """Show the shop; the owner sees the account too."""
    shop = current_shop()
    details = shop_with_details(current_session(), shop.id)[1] if is_owner() else None
    from_at = pays_from(details) if details is not None else now()
    return show("own_shop.html", shop=shop, details=details, waits_until=from_at if from_at > now() else None)


@pages.get("/shop/edit")
@owners_of_shops_only
def edit_shop() -> ResponseReturnValue:
    """Offer what citizens read, to change."""
    return show("edit_shop.html", form=PublicFaceForm(obj=current_shop()))


@pages.post("/shop/edit")
@owners_of_shops_only
def save_shop() -> ResponseReturnValue:
    """Keep it."""
    form = PublicFaceForm()
    if not form.validate():
        return show("edit_shop.html", status=422, form=form)
    change_public_face(
        current_session(),
        shop_id=current_shop_id(),
        description=form.description.data or "",
        opening_hours=form.opening_hours.data or "",
    )
    flash(_("Saved. Citizens see it at once."), "good")
    return redirect(url_for("till.own_shop"), code=303)


@pages.get("/shop/account")
@owners_of_shops_only
def account() -> ResponseReturnValue:
    """Offer the account, to change."""
    _shop, details = shop_with_details(current_session(), current_shop_id())
    return show("account.html", form=AccountForm(obj=details))


@pages.post("/shop/account")
@owners_of_shops_only
def change_account() -> ResponseReturnValue:
    """Have payouts go to another account from now on."""
    form = AccountForm()
    if not form.validate():
        return show("account.html", status=422, form=form)
    try:
        change_iban(
            current_session(),
            shop_id=current_shop_id(),
            iban=form.iban.data or "",
            account_name=form.account_name.data or "",
            by=actor(),
            at=now(),
        )
    except HeitjeError as refusal:
        form.refuse(refusal)
        return show("account.html", status=refusal.status, form=form)
    flash(_("Saved. You get a mail about it. The first payout to a new account waits 48 hours."), "good")
    return redirect(url_for("till.own_shop"), code=303)
