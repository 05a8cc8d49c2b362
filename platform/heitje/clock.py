# SPDX-License-Identifier: EUPL-1.2
"""The one place that asks what time it is."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
"""Days, years and opening hours are those of the people who use the platform."""


def now() -> datetime:
    """Return this moment, aware, in UTC."""
    return datetime.now(UTC)


def local_day(at: datetime) -> date:
    """Return the calendar day in the Netherlands: what decides a tax year, an invoice month, an expiry."""
    return at.astimezone(AMSTERDAM).date()


def local_year(at: datetime) -> int:
    """Return the calendar year in the Netherlands."""
    return local_day(at).year
