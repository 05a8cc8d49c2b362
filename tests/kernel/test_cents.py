# SPDX-License-Identifier: EUPL-1.2
"""M8: amounts as people type them and as systems send them; nothing that is not an amount gets in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marshmallow import ValidationError

from heitje.cents import MAX_CENTS, AmountUnreadable, in_heitjes, parse_cents
from heitje.web.api import Money

BAD_TEXTS = [
    "", " ", "0", "0,00", "-1", "+1", "0,001", "1,505", "1e3", "1e309", "NaN", "inf", "1.000,00", "1,0,0", "€", "1 000",
    "１２", "٣", "²", "0x10", "1_000", "9999999999", "12,", ",50", "1;5", "12 euro",
]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "cents"),
    [("12,50", 12_50), ("12.5", 12_50), ("12", 12_00), (" € 12,50 ", 12_50), ("€0,01", 1), ("0012", 12_00)],
)
def test_what_people_type_becomes_cents(text: str, cents: int) -> None:
    assert parse_cents(text) == cents


@pytest.mark.parametrize("text", BAD_TEXTS)
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(AmountUnreadable):
        parse_cents(text)


@given(st.integers(1, MAX_CENTS // 100 - 1))
def test_what_is_written_reads_back_the_same(cents: int) -> None:
    assert parse_cents(in_heitjes(cents, decimals=True).replace(".", "")) == cents


@pytest.mark.parametrize(
    ("cents", "text"), [(8_00, "8"), (12_50, "12,50"), (1_234_567_00, "1.234.567"), (-3_05, "-3,05"), (0, "0")]
)
def test_amounts_read_the_dutch_way(cents: int, text: str) -> None:
    assert in_heitjes(cents) == text


@pytest.mark.parametrize(
    "sent", [0, -1, 1.0, 0.1 + 0.2, 2.6e-42, 1e309, float("nan"), "1", "1,50", True, None, 2**63, [], {}]
)
def test_an_api_takes_whole_cents_above_zero_only(sent: object) -> None:
    with pytest.raises(ValidationError):
        Money(required=True).deserialize(sent)


def test_an_api_takes_whole_cents() -> None:
    assert Money().deserialize(12_50) == 12_50
