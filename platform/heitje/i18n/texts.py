# SPDX-License-Identifier: EUPL-1.2
"""Texts in a language, for code that knows no web: mails, push messages, documents."""

import gettext
from functools import cache
from pathlib import Path

from heitje.i18n.catalogue import compile_catalogues

LANGUAGES = {"nl": "Nederlands", "en": "English"}
DEFAULT_LANGUAGE = "nl"
CATALOGUES = Path(__file__).parent


def text_in(language: str, message: str, **values: object) -> str:
    """Translate a message id; `%(name)s` in the text takes `values`."""
    text = _catalogue(language).gettext(message)
    return text % values if values else text


@cache
def _catalogue(language: str) -> gettext.NullTranslations:
    compile_catalogues(only_stale=True)
    return gettext.translation("messages", CATALOGUES, languages=[language], fallback=True)
