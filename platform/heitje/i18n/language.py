# SPDX-License-Identifier: EUPL-1.2
"""In which language a person is spoken to: Dutch first, English second."""

from flask import Flask, Request, has_request_context, request
from flask_babel import Babel, get_locale

from heitje.i18n.catalogue import compile_catalogues
from heitje.i18n.texts import CATALOGUES, DEFAULT_LANGUAGE, LANGUAGES

LANGUAGE_COOKIE = "heitje_language"
"""Holds only the choice of language, so that a visitor who has no session keeps it."""


def init_language(app: Flask) -> None:
    """Give the app gettext: `_()` in code and templates, in the language of the person asking."""
    compile_catalogues(only_stale=True)
    Babel(
        app,
        default_locale=DEFAULT_LANGUAGE,
        default_timezone="Europe/Amsterdam",
        default_translation_directories=str(CATALOGUES),
        locale_selector=chosen_language,
    )


def chosen_language() -> str:
    """Return what the person chose, else the best of what the browser asks for, else Dutch."""
    return language_of(request) if has_request_context() else DEFAULT_LANGUAGE


def language_of(request: Request) -> str:
    """Return the language for this request: cookie, then Accept-Language, then Dutch."""
    chosen = request.cookies.get(LANGUAGE_COOKIE, "")
    if chosen in LANGUAGES:
        return chosen
    return request.accept_languages.best_match(list(LANGUAGES), default=DEFAULT_LANGUAGE) or DEFAULT_LANGUAGE


def current_language() -> str:
    """Return "nl" or "en", also under `flask_babel.force_locale`."""
    locale = get_locale()
    return locale.language if locale is not None and locale.language in LANGUAGES else DEFAULT_LANGUAGE
