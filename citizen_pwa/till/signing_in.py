# SPDX-License-Identifier: EUPL-1.2
"""Signing in at the till by a code in the mail; whoever works in several shops chooses one."""

from uuid import UUID

from flask import current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from wtforms import StringField
from wtforms.validators import Length

from citizen_pwa.till.surroundings import pages, show
from heitje.db.request import databases
from heitje.errors import HeitjeError
from heitje.identity.guards import current_staff, shops_only
from heitje.identity.people import staff_by_email
from heitje.identity.sessions import current_browser
from heitje.identity.sessions import sign_out as end_session
from heitje.identity.sign_in import CodeWrong, ask_for_code, awaited_code, enter_code, switch_shop
from heitje.shops.directory import shops_named
from heitje.shops.models import Shop
from heitje.web.forms import Form, Required
from heitje.web.links import safe_next
from heitje.web.problems import problem_title


class AddressForm(Form):
    """Where the code goes."""

    email = StringField(_l("Your e-mail address"), validators=[Required(), Length(max=254)])


class CodeForm(Form):
    """The code that came."""

    code = StringField(_l("Code of six digits"), validators=[Required(), Length(max=20)])


@pages.get("/sign-in")
def sign_in() -> ResponseReturnValue:
    """Ask for an e-mail address; whoever stands at a till already goes on."""
    if current_browser().person.shop_id is not None:
        return redirect(_next())
    return show("sign_in.html", form=AddressForm(), next_url=_next())


@pages.post("/sign-in")
def send_code() -> ResponseReturnValue:
    """Mail a code. Known and unknown addresses get the same answer."""
    form = AddressForm()
    if not form.validate():
        return show("sign_in.html", status=422, form=form, next_url=_next())
    try:
        ask_for_code(form.email.data or "", "till")
    except HeitjeError as refusal:
        form.refuse(refusal)
        return show("sign_in.html", status=refusal.status, form=form, next_url=_next())
    return redirect(url_for("till.code", next=_next()), code=303)


@pages.get("/sign-in/code")
def code() -> ResponseReturnValue:
    """Ask for the code."""
    if awaited_code("till") is None:
        return redirect(url_for("till.sign_in", next=_next()))
    return _code_page(CodeForm())


@pages.post("/sign-in/code")
def check_code() -> ResponseReturnValue:
    """Sign in; with several shops behind one address, ask for which."""
    form = CodeForm()
    if awaited_code("till") is None:
        return redirect(url_for("till.sign_in", next=_next()), code=303)
    if not form.validate():
        return _code_page(form, status=422)
    try:
        enter_code(form.code.data or "", "till")
    except CodeWrong as refusal:
        left = int(refusal.facts["guesses_left"])
        form.code.errors = [
            _("This code is not right."),
            ngettext("You can try %(num)s more time.", "You can try %(num)s more times.", left),
        ]
        return _code_page(form, status=refusal.status)
    except HeitjeError as refusal:
        form.code.errors = [problem_title(refusal)]
        return _code_page(form, status=refusal.status)
    if len(_own_shops()) > 1:
        return redirect(url_for("till.choose_shop"), code=303)
    return redirect(_next(), code=303)


@pages.get("/shops")
@shops_only
def choose_shop() -> ResponseReturnValue:
    """List the shops that know this address."""
    return show("choose_shop.html", shops=_own_shops(), own_id=current_staff().shop_id)


@pages.post("/shops/<uuid:shop_id>")
@shops_only
def go_to_shop(shop_id: UUID) -> ResponseReturnValue:
    """Stand at the till of another shop."""
    switch_shop(shop_id)
    return redirect(url_for("till.keypad"), code=303)


@pages.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """Leave the till."""
    end_session()
    return redirect(url_for("till.sign_in"), code=303)


def _own_shops() -> list[Shop]:
    email = str(current_browser().get("staff_email", ""))
    with databases().as_visitor(knows=f"email:{email}") as session:
        return shops_named(session, [shop_id for shop_id, _staff in staff_by_email(session, email)])


def _code_page(form: CodeForm, status: int = 200) -> ResponseReturnValue:
    awaited = awaited_code("till")
    return show(
        "sign_in_code.html",
        status=status,
        form=form,
        email=awaited.email if awaited is not None else "",
        next_url=_next(),
        mail_catcher_url=current_app.extensions["settings"].mail_catcher_url,
    )


def _next() -> str:
    return safe_next(request.values.get("next"), url_for("till.keypad"))
