# SPDX-License-Identifier: EUPL-1.2
"""Addresses that came with a request and may lead away: only those of this site are followed."""

from urllib.parse import urlsplit


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
