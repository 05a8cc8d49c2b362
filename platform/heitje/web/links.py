# SPDX-License-Identifier: EUPL-1.2
"""What stands in addresses and forms that came with a request, read with care."""

from urllib.parse import urlsplit
from uuid import UUID


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
