# SPDX-License-Identifier: EUPL-1.2
"""Signing in by a code in the mail, and straight back to where one was."""

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from citizen_pwa.code_by_mail import CodeByMail
from citizen_pwa.profile import in_language
from citizen_pwa.surroundings import pages, show
from heitje.db.request import databases
from heitje.i18n.language import LANGUAGE_COOKIE
from heitje.identity.guards import citizens_welcome, current_citizen_or_none
from heitje.identity.models import Citizen
from heitje.identity.people import find_citizen
from heitje.identity.sessions import Person

way_in = CodeByMail(purpose="citizen", home="citizen.chores", show=show)


@pages.get("/sign-in")
@citizens_welcome
def sign_in() -> ResponseReturnValue:
    """Ask for an e-mail address; whoever is signed in already goes on."""
    if current_citizen_or_none() is not None:
        return redirect(way_in.next_url())
    return way_in.ask_address()


@pages.post("/sign-in")
@citizens_welcome
def send_code() -> ResponseReturnValue:
    """Mail a code."""
    return way_in.send_code()


@pages.get("/sign-in/code")
@citizens_welcome
def code() -> ResponseReturnValue:
    """Ask for the code; whoever is signed in already goes on."""
    if current_citizen_or_none() is not None:
        return redirect(way_in.next_url())
    return way_in.ask_code()


@pages.post("/sign-in/code")
@citizens_welcome
def check_code() -> ResponseReturnValue:
    """Sign in; who is here for the first time is asked for a name."""
    return way_in.check_code(then=_let_in)


def _let_in(person: Person) -> ResponseReturnValue:
    assert person.citizen_id is not None  # noqa: S101 - asked for a citizen
    with databases().as_citizen(person.citizen_id) as session:
        citizen = find_citizen(session, person.citizen_id)
    assert isinstance(citizen, Citizen)  # noqa: S101 - signed in a moment ago
    if not citizen.name:
        return redirect(url_for("citizen.welcome", next=way_in.next_url()), code=303)
    flash(_("Hello %(name)s, you are signed in.", name=citizen.name), "good")
    answer = redirect(way_in.next_url(), code=303)
    return answer if LANGUAGE_COOKIE in request.cookies else in_language(answer, citizen.language)
