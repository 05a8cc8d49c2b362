# SPDX-License-Identifier: EUPL-1.2
"""A citizen's own details: see, change, take along; and signing out."""

from typing import Any

from flask import flash, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import force_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response
from wtforms import SelectField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import Length, Regexp
from wtforms.validators import Optional as NotRequired

from citizen_pwa.own_data import all_about
from citizen_pwa.surroundings import current_scheme, pages, show
from citizen_pwa.vetting import vettings_in_words
from heitje.clock import local_day, now
from heitje.db.request import current_session
from heitje.errors import InvalidInput
from heitje.i18n.language import LANGUAGE_COOKIE
from heitje.i18n.texts import LANGUAGES
from heitje.identity.guards import actor, citizens_only, current_citizen
from heitje.identity.models import Citizen
from heitje.identity.own_details import change_details
from heitje.identity.sessions import sign_out as end_session
from heitje.schemes import neighbourhoods_of
from heitje.web.forms import Form, Required
from heitje.web.links import safe_next

ONE_YEAR_S = 365 * 86_400


class DetailsForm(Form):
    """Who somebody is, as far as the platform needs to know."""

    name = StringField(_l("Your name"), validators=[Required(), Length(max=80)])
    neighbourhood_code = SelectField(_l("Your neighbourhood"), validators=[NotRequired()])
    birth_year = StringField(
        _l("Year of birth"),
        validators=[NotRequired(), Regexp(r"^[0-9]{4}$", message=_l("Fill in the year in four digits, such as 1985."))],
    )
    language = SelectField(
        _l("Language"), choices=[SelectChoice(code, name) for code, name in LANGUAGES.items()], validators=[Required()]
    )


@pages.get("/profile")
@citizens_only
def profile() -> ResponseReturnValue:
    """Show one's own details in a form."""
    return _profile_page(form_of(current_citizen()))


@pages.post("/profile")
@citizens_only
def change_profile() -> ResponseReturnValue:
    """Keep changed details."""
    form = form_of(current_citizen())
    if not keep_details(form):
        return _profile_page(form, status=422)
    with force_locale(str(form.language.data)):
        flash(_("Your details are saved."), "good")
    return in_language(redirect(url_for("citizen.profile"), code=303), str(form.language.data))


@pages.get("/welcome")
@citizens_only
def welcome() -> ResponseReturnValue:
    """Ask whoever is here for the first time how they are called."""
    return _welcome_page(form_of(current_citizen()))


@pages.post("/welcome")
@citizens_only
def get_to_know() -> ResponseReturnValue:
    """Keep the first details and go on to where the person was going."""
    form = form_of(current_citizen())
    if not keep_details(form):
        return _welcome_page(form, status=422)
    on = safe_next(request.form.get("next"), url_for("citizen.chores"))
    with force_locale(str(form.language.data)):
        flash(_("Welcome, %(name)s! You can begin.", name=form.name.data), "good")
    return in_language(redirect(on, code=303), str(form.language.data))


@pages.get("/profile/heitje.json")
@citizens_only
def own_data() -> ResponseReturnValue:
    """Give the citizen a copy of everything that is known of them."""
    answer = jsonify(all_about(current_session(), current_citizen(), scheme_id=current_scheme().id))
    day = local_day(now()).isoformat()
    answer.headers["Content-Disposition"] = f'attachment; filename="heitje-{day}.json"'
    return answer


@pages.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """End the session, here and wherever its cookie was copied to."""
    end_session()
    flash(_("You are signed out."), "good")
    return redirect(url_for("citizen.chores"), code=303)


def form_of(citizen: Citizen) -> DetailsForm:
    """Return the form with what is known, or with what was sent."""
    form = DetailsForm(data=_known(citizen))
    form.neighbourhood_code.choices = [
        SelectChoice("", _("I would rather not say")),
        *(SelectChoice(one.code, one.name) for one in neighbourhoods_of(current_session(), current_scheme().id)),
    ]
    return form


def keep_details(form: DetailsForm) -> bool:
    """Keep what the form says; false when something in it is not right, and the form says what."""
    if not form.validate():
        return False
    try:
        change_details(
            current_session(),
            current_citizen(),
            name=form.name.data or "",
            neighbourhood_code=form.neighbourhood_code.data or "",
            birth_year=int(form.birth_year.data) if form.birth_year.data else None,
            language=form.language.data or "",
            by=actor(),
            at=now(),
        )
    except InvalidInput as refusal:
        form.refuse(refusal)
        return False
    return True


def in_language(answer: Response, language: str) -> Response:
    """Let the pages speak the language that somebody chose."""
    if language in LANGUAGES:
        answer.set_cookie(
            LANGUAGE_COOKIE, language, max_age=ONE_YEAR_S, secure=request.is_secure, httponly=True, samesite="Lax"
        )
    return answer


def _known(citizen: Citizen) -> dict[str, Any]:
    return {
        "name": citizen.name,
        "neighbourhood_code": citizen.neighbourhood_code or "",
        "birth_year": str(citizen.birth_year or ""),
        "language": citizen.language,
    }


def _profile_page(form: DetailsForm, status: int = 200) -> ResponseReturnValue:
    return show("profile.html", status=status, form=form, vettings=vettings_in_words(current_citizen()))


def _welcome_page(form: DetailsForm, status: int = 200) -> ResponseReturnValue:
    on = safe_next(request.values.get("next"), url_for("citizen.chores"))
    return show("welcome.html", status=status, form=form, next_url=on)
