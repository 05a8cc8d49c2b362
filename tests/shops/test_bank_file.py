# SPDX-License-Identifier: EUPL-1.2
"""The file with which the bank pays the shops."""

from dataclasses import replace
from datetime import UTC, date, datetime
from importlib.resources import files
from xml.etree.ElementTree import Element

import pytest
import xmlschema
from defusedxml.ElementTree import fromstring
from hypothesis import given
from hypothesis import strategies as st

from heitje.cents import MAX_CENTS
from heitje.shops.bank_file import (
    NAMESPACE,
    BankFile,
    BankFileRefused,
    IbanUnreadable,
    PayoutOrder,
    fits_bank_characters,
    in_bank_characters,
    read_iban,
    write_bank_file,
)

N = {"p": NAMESPACE}

ORDER = PayoutOrder(
    end_to_end_id="PAYOUT-71",
    amount_cents=125_50,
    iban="NL25TEST0000000017",
    account_name="Bakkerij Vlaaienhuis",
    remittance="Heitjes ingewisseld, uitbetaling 71",
)
FILE = BankFile(
    msg_id="HEITJE-20261123-1",
    created_at=datetime(2026, 11, 23, 12, 0, tzinfo=UTC),
    execution_day=date(2026, 11, 24),
    debtor_name="Stichting Heerlens Heitje",
    debtor_iban="NL13TEST0123456789",
    orders=[ORDER, replace(ORDER, end_to_end_id="PAYOUT-72", amount_cents=7)],
)


@pytest.fixture(scope="module")
def schema() -> xmlschema.XMLSchema:
    return xmlschema.XMLSchema(str(files("sepaxml") / "schemas" / "pain.001.001.09.xsd"))


def text(root: Element, path: str) -> list[str | None]:
    return [element.text for element in root.findall(path, N)]


def refused_fields(file: BankFile) -> set[str]:
    with pytest.raises(BankFileRefused) as refusal:
        write_bank_file(file)
    return set(refusal.value.errors)


def test_the_file_is_valid_against_the_schema_of_the_standard(schema):
    schema.validate(write_bank_file(FILE))
    schema.validate(write_bank_file(replace(FILE, debtor_bic="INGBNL2A", one_booking=True)))


def test_the_same_orders_give_the_same_bytes_whatever_the_clock_zone_of_the_moment():
    amsterdam = replace(FILE, created_at=datetime.fromisoformat("2026-11-23T13:00:00+01:00"))

    assert write_bank_file(FILE) == write_bank_file(amsterdam)
    assert b"<CreDtTm>2026-11-23T13:00:00</CreDtTm>" in write_bank_file(FILE)


def test_each_order_is_in_the_file_and_the_control_sums_add_up():
    root = fromstring(write_bank_file(FILE))

    assert text(root, ".//p:EndToEndId") == ["PAYOUT-71", "PAYOUT-72"]
    assert text(root, ".//p:InstdAmt") == ["125.50", "0.07"]
    assert text(root, ".//p:CtrlSum") == ["125.57", "125.57"]
    assert text(root, ".//p:NbOfTxs") == ["2", "2"]
    assert text(root, ".//p:ReqdExctnDt/p:Dt") == ["2026-11-24"]


def test_accents_and_signs_are_written_as_banks_agreed():
    order = replace(ORDER, account_name="Café ’t Höfke & Zn", remittance="Één week Heitjes_№")

    assert in_bank_characters("Café ’t Höfke & Zn") == "Cafe 't Hofke + Zn"
    assert b"<Nm>Cafe 't Hofke + Zn</Nm>" in write_bank_file(replace(FILE, orders=[order]))


def test_a_file_without_payments_is_refused():
    assert refused_fields(replace(FILE, orders=[])) == {"orders"}


def test_two_payments_with_one_reference_are_refused():
    assert refused_fields(replace(FILE, orders=[ORDER, ORDER])) == {"orders.2.end_to_end_id"}


@pytest.mark.parametrize("reference", ["", "X" * 36, "/A", "A/", "A//B", "É", "A&B", " A", "A\n", "A<B"])
def test_a_reference_that_would_not_come_back_unchanged_is_refused(reference):
    assert refused_fields(replace(FILE, orders=[replace(ORDER, end_to_end_id=reference)])) == {"orders.1.end_to_end_id"}
    assert refused_fields(replace(FILE, msg_id=reference)) == {"msg_id"}


@pytest.mark.parametrize("amount_cents", [0, -1, MAX_CENTS + 1])
def test_an_amount_below_one_cent_or_above_the_limit_is_refused(amount_cents):
    order = replace(ORDER, amount_cents=amount_cents)

    assert refused_fields(replace(FILE, orders=[order])) == {"orders.1.amount_cents"}


@pytest.mark.parametrize("iban", ["", "NL14TEST0123456789", "NL13TEST012345678", "NL13TEST01234567890", "<IBAN/>"])
def test_a_wrong_iban_is_refused(iban):
    assert refused_fields(replace(FILE, orders=[replace(ORDER, iban=iban)])) == {"orders.1.iban"}
    assert refused_fields(replace(FILE, debtor_iban=iban)) == {"debtor_iban"}


def test_an_account_for_which_an_iban_is_not_enough_is_refused():
    assert refused_fields(replace(FILE, orders=[replace(ORDER, iban="CH9300762011623852957")])) == {"orders.1.iban"}


def test_an_iban_is_read_with_spaces_and_small_letters():
    assert read_iban(" nl13 test 0123 4567 89") == "NL13TEST0123456789"
    with pytest.raises(IbanUnreadable):
        read_iban("NL13 TEST 0123 4567 98")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("remittance", "x" * 141),
        ("remittance", " "),
        ("remittance", "two\nlines"),
        ("account_name", "x" * 71),
        ("account_name", ""),
        ("account_name", "日本"),
        ("account_name", "Winkel <b>"),
    ],
)
def test_a_text_that_a_bank_would_cut_or_refuse_is_refused(field, value):
    assert refused_fields(replace(FILE, orders=[replace(ORDER, **{field: value})])) == {f"orders.1.{field}"}


def test_the_longest_texts_are_taken(schema):
    order = replace(ORDER, remittance="é" * 140, account_name="Œ" * 70, end_to_end_id="X" * 35, amount_cents=MAX_CENTS)

    schema.validate(write_bank_file(replace(FILE, orders=[order])))


def test_a_day_of_payment_before_the_day_of_the_file_is_refused():
    # 23:30 UTC is already the next day in the Netherlands.
    late = replace(FILE, created_at=datetime(2026, 11, 24, 23, 30, tzinfo=UTC))

    assert refused_fields(late) == {"execution_day"}


def test_a_wrong_bic_is_refused_and_none_is_fine():
    assert refused_fields(replace(FILE, debtor_bic="NOBANK")) == {"debtor_bic"}
    assert b"NOTPROVIDED" in write_bank_file(FILE)


def test_everything_that_is_wrong_is_named_at_once():
    wrong = replace(FILE, debtor_iban="x", orders=[replace(ORDER, iban="y", amount_cents=0), ORDER])

    assert refused_fields(wrong) == {
        "debtor_iban",
        "orders.1.iban",
        "orders.1.amount_cents",
        "orders.2.end_to_end_id",
    }


def test_a_moment_without_a_time_zone_is_a_mistake_of_ours():
    with pytest.raises(ValueError, match="time zone"):
        write_bank_file(replace(FILE, created_at=datetime(2026, 11, 23, 12, 0)))  # noqa: DTZ001


@given(st.text())
def test_any_text_is_either_taken_in_bank_characters_or_refused(anything):
    order = replace(ORDER, account_name=anything, remittance=anything)
    try:
        root = fromstring(write_bank_file(replace(FILE, orders=[order])))
    except BankFileRefused as refusal:
        wrong = set(refusal.errors)
        written = []
    else:
        wrong = set()
        written = text(root, ".//p:Cdtr/p:Nm") + text(root, ".//p:Ustrd")
    assert wrong <= {"orders.1.account_name", "orders.1.remittance"}
    assert bool(written) != bool(wrong)
    assert all(part is not None and fits_bank_characters(part) and part.isascii() for part in written)


@given(st.lists(st.integers(1, MAX_CENTS), min_size=1, max_size=30))
def test_the_cents_in_the_file_are_the_cents_that_were_ordered(amounts):
    orders = [replace(ORDER, end_to_end_id=f"P-{i}", amount_cents=cents) for i, cents in enumerate(amounts)]
    root = fromstring(write_bank_file(replace(FILE, orders=orders)))
    written = [int((amount or "").replace(".", "")) for amount in text(root, ".//p:InstdAmt")]

    assert written == amounts
    assert text(root, ".//p:CtrlSum")[0] == f"{sum(amounts) // 100}.{sum(amounts) % 100:02d}"
