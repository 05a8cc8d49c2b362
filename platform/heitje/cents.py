# SPDX-License-Identifier: EUPL-1.2
"""Money: whole cents of a Heitje, never a float. 1 Heitje = 1 euro = 100 cents."""

import re

Cents = int

MAX_CENTS = 100_000_000_00
"""No single amount in Heitje is larger: one hundred million euros. Keeps sums far inside bigint."""

_AMOUNT = re.compile(r"(?P<whole>[0-9]{1,9})(?:[.,](?P<part>[0-9]{1,2}))?", re.ASCII)


class AmountUnreadable(ValueError):
    """The text is not an amount of at least one cent."""


def parse_cents(text: str) -> Cents:
    """Read an amount that a person typed ("12,50", "12.5", "12", "€ 12,50") as cents.

    Raises `AmountUnreadable` for anything else: zero, signs, exponents, thousands
    separators, more than two decimals, digits that are not 0-9.
    """
    found = _AMOUNT.fullmatch(text.strip().removeprefix("€").strip())
    if found is None:
        raise AmountUnreadable(text)
    cents = int(found["whole"]) * 100 + int((found["part"] or "").ljust(2, "0"))
    if not 0 < cents <= MAX_CENTS:
        raise AmountUnreadable(text)
    return cents


def in_heitjes(cents: Cents, *, decimals: bool = False) -> str:
    """Write cents as people read them in Dutch: 1250 -> "12,50", 800 -> "8", 123456700 -> "1.234.567".

    Whole amounts have no decimals unless `decimals` asks for them, as in a table or on a receipt.
    """
    sign = "-" if cents < 0 else ""
    whole, part = divmod(abs(cents), 100)
    text = sign + f"{whole:,}".replace(",", ".")
    return f"{text},{part:02d}" if part or decimals else text
