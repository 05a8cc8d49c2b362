# SPDX-License-Identifier: EUPL-1.2
"""Amounts, durations, days and distances as people read them: the filters of the templates."""

from datetime import date, datetime

from babel.dates import format_date, format_datetime
from flask_babel import gettext as _
from flask_babel import ngettext

from heitje.clock import AMSTERDAM, local_day, now
from heitje.i18n.language import current_language
from heitje.schemes import Category


def category_name(category: Category) -> str:
    """Return the name of a kind of chores in the reader's language."""
    return category.name_en if current_language() == "en" else category.name_nl


def duration(minutes: int) -> str:
    """Write minutes as "45 minuten", "1 uur", "1 uur en 30 minuten"."""
    hours, rest = divmod(minutes, 60)
    in_hours: str = ngettext("%(num)s hour", "%(num)s hours", hours)
    in_minutes: str = ngettext("%(num)s minute", "%(num)s minutes", rest)
    if not hours:
        return in_minutes
    if not rest:
        return in_hours
    both: str = _("%(hours)s and %(minutes)s", hours=in_hours, minutes=in_minutes)
    return both


def distance(metres: float) -> str:
    """Write metres as "450 m" below one kilometre (rounded to ten), else "1,2 km"."""
    tens = round(metres / 10) * 10
    if tens < 1000:
        return f"{max(tens, 10)} m"
    tenths = round(metres / 100)
    whole, part = divmod(tenths, 10)
    comma = "," if current_language() == "nl" else "."
    return f"{whole}{comma}{part} km" if part and whole < 10 else f"{round(metres / 1000)} km"


def day(value: date | datetime) -> str:
    """Write a day as "zaterdag 28 november", with the year when it is not this one."""
    local = local_day(value) if isinstance(value, datetime) else value
    english = current_language() == "en"
    pattern = "EEEE d MMMM" if local.year == local_day(now()).year else "EEEE d MMMM y"
    return format_date(local, pattern, locale="en_GB" if english else "nl")


def short_day(value: date | datetime) -> str:
    """Write a day for a table: "28-11-2026"; English "28 Nov 2026"."""
    local = local_day(value) if isinstance(value, datetime) else value
    if current_language() == "en":
        return format_date(local, "d MMM y", locale="en_GB")
    return format_date(local, "dd-MM-y", locale="nl")


def month_name(value: date) -> str:
    """Write a month as "november 2026"."""
    return format_date(value, "MMMM y", locale="en_GB" if current_language() == "en" else "nl")


def clock_time(value: datetime) -> str:
    """Write the time in the Netherlands: "10.00 uur"; English "10:00"."""
    if current_language() == "en":
        return format_datetime(value, "HH:mm", tzinfo=AMSTERDAM, locale="en_GB")
    return format_datetime(value, "H.mm 'uur'", tzinfo=AMSTERDAM, locale="nl")


def moment(value: datetime) -> str:
    """Write a moment as "zaterdag 28 november, 10.00 uur"."""
    return f"{day(value)}, {clock_time(value)}"


def short_moment(value: datetime) -> str:
    """Write a moment for a table: "28-11-2026 10.00 uur"."""
    return f"{short_day(value)} {clock_time(value)}"


def sentence(text: str) -> str:
    """Give the text a capital first letter and leave the rest: "zaterdag" -> "Zaterdag"."""
    return text[:1].upper() + text[1:]
