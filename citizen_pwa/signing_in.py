# SPDX-License-Identifier: EUPL-1.2
"""Signing in by a code in the mail, and straight back to where one was."""

from uuid import UUID

from flask import current_app, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from wtforms import StringField
from wtforms.validators import Length

from citizen_pwa.profile import in_language
from citizen_pwa.surroundings import pages, show
from heitje.db.request import databases
from heitje.errors import HeitjeError
from heitje.i18n.language import LANGUAGE_COOKIE
from heitje.identity.guards import citizens_welcome, current_citizen_or_none
from heitje.identity.models import Citizen
from heitje.identity.people import find_citizen
from heitje.identity.sign_in import CodeWrong, ask_for_code, awaited_code, enter_code
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
@citizens_welcome
def sign_in() -> ResponseReturnValue:
    """Ask for an e-mail address; whoever is signed in already goes on."""
    if current_citizen_or_none() is not None:
        return redirect(_next())
    return show("sign_in.html", form=AddressForm(), next_url=_next())


@pages.post("/sign-in")
@citizens_welcome
def send_code() -> ResponseReturnValue:
    """Mail a code. Known and unknown addresses get the same answer."""
    form = AddressForm()
    if not form.validate():
        return show("sign_in.html", status=422, form=form, next_url=_next())
    try:
        ask_for_code(form.email.data or "", "citizen")
    except HeitjeError as refusal:
        form.refuse(refusal)
        return show("sign_in.html", status=refusal.status, form=form, next_url=_next())
    return redirect(url_for("citizen.code", next=_next()), code=303)


@pages.get("/sign-in/code")
@citizens_welcome
def code() -> ResponseReturnValue:
    """Ask for the code."""
    if current_citizen_or_none() is not None:
        return redirect(_next())
    if awaited_code("citizen") is None:
        return redirect(url_for("citizen.sign_in", next=_next()))
    return _code_page(CodeForm())


@pages.post("/sign-in/code")
@citizens_welcome
def check_code() -> ResponseReturnValue:
    """Sign in; who is here for the first time is asked for a name."""
    form = CodeForm()
    if awaited_code("citizen") is None:
        return redirect(url_for("citizen.sign_in", next=_next()), code=303)
    if not form.validate():
        return _code_page(form, status=422)
    try:
        person = enter_code(form.code.data or "", "citizen")
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
    assert person.citizen_id is not None  # noqa: S101 - asked for a citizen
    return _let_in(person.citizen_id)


def _let_in(citizen_id: UUID) -> ResponseReturnValue:
    with databases().as_citizen(citizen_id) as session:
        citizen = find_citizen(session, citizen_id)
    assert isinstance(citizen, Citizen)  # noqa: S101 - signed in a moment ago
    if not citizen.name:
        return redirect(url_for("citizen.welcome", next=_next()), code=303)
    flash(_("Hello %(name)s, you are signed in.", name=citizen.name), "good")
    answer = redirect(_next(), code=303)
    return answer if LANGUAGE_COOKIE in request.cookies else in_language(answer, citizen.language)


def _code_page(form: CodeForm, status: int = 200) -> ResponseReturnValue:
    awaited = awaited_code("citizen")
    catcher = current_app.extensions["settings"].mail_catcher_url
    return show(
        "sign_in_code.html",
        status=status,
        form=form,
        email=awaited.email if awaited is not None else "",
        next_url=_next(),
        mail_catcher_url=catcher,
    )


def _next() -> str:
    return safe_next(request.values.get("next"), url_for("citizen.chores"))
