# SPDX-License-Identifier: EUPL-1.2
"""What stands in addresses and forms that came with a request, read with care."""

from datetime import date, datetime
from urllib.parse import urlsplit
from uuid import UUID

from heitje.errors import NotFound


def safe_next(address: str | None, otherwise: str) -> str:
    r"""Return `address` when it is a path on this site, else `otherwise`.

    "//evil", "/\evil", "https://evil" and addresses with control characters are not paths on this site.
    """
    if not address or not address.startswith("/") or address[1:2] in {"/", "\\"}:
        return otherwise
    if any(character < " " or character == "\\" for character in address):
        return otherwise
    parts = urlsplit(address)
    return otherwise if parts.scheme or parts.netloc else address


def id_or_none(text: str) -> UUID | None:
    """Read an id; None for anything else."""
    try:
        return UUID(text)
    except ValueError:
        return None


def cursor_of(place: date, row_id: UUID) -> str:
    """Write where a page of a list ended, a day or a moment and the id of its last row, for the next one's address."""
    return f"{place.isoformat()}~{row_id}"


def read_cursor(text: str) -> tuple[datetime, UUID] | None:
    """Read what `cursor_of` wrote of a moment, None where there is nothing; raises `NotFound` for anything else."""
    if not text:
        return None
    place, _sign, row_id = text.partition("~")
    try:
        at = datetime.fromisoformat(place.replace(" ", "+"))  # a plus sign in an address is a space to some
        if at.utcoffset() is None:
            raise NotFound(kind="page")
        return at, UUID(row_id)
    except ValueError:
        raise NotFound(kind="page") from None


def read_day_cursor(text: str) -> tuple[date, UUID] | None:
    """Read what `cursor_of` wrote of a day, as `read_cursor` does."""
    if not text:
        return None
    place, _sign, row_id = text.partition("~")
    try:
        return date.fromisoformat(place), UUID(row_id)
    except ValueError:
        raise NotFound(kind="page") from None
