# SPDX-License-Identifier: EUPL-1.2
"""The file that tells the bank to pay the shops: SEPA credit transfers as pain.001.001.09.

The same orders give the same bytes, so that a batch's file can be stored with its SHA-256 and never
differs when it is made again. Rules are those of the European Payments Council's guidelines for
customers: Latin characters only, euros only, no address of the payee, identifiers without stray slashes.

The only file that imports schwifty, the vendor of IBAN and BIC checks.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar

from schwifty import BIC, IBAN
from schwifty.exceptions import SchwiftyException

from heitje.cents import MAX_CENTS, Cents
from heitje.clock import AMSTERDAM, local_day
from heitje.errors import InvalidInput
from heitje.i18n.marks import N_

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"

NAME_LENGTH = 70
"""Characters of a name: what SEPA allows, though the schema would take 140."""
REMITTANCE_LENGTH = 140
IDENTIFIER_LENGTH = 35

# Here an IBAN is enough; to Switzerland or the United Kingdom a bank also wants a BIC and an address.
_IBAN_ONLY_COUNTRIES = re.compile(
    "AT|BE|BG|CY|CZ|DE|DK|EE|ES|FI|FR|GR|HR|HU|IE|IS|IT|LI|LT|LU|LV|MT|NL|NO|PL|PT|RO|SE|SI|SK"
)
_LATIN = re.compile(r"[A-Za-z0-9/\-?:().,'+ ]*", re.ASCII)
# What banks agreed to write instead, for what is no letter with an accent. One for one: lengths stay.
_INSTEAD = str.maketrans(
    {
        "&": "+", "_": "-", "~": "-", "‐": "-", "–": "-", "—": "-",
        '"': "'", "`": "'", "´": "'", "‘": "'", "’": "'", "\N{NO-BREAK SPACE}": " ",
        ";": ",", "[": "(", "{": "(", "]": ")", "}": ")", "\\": "/", "|": "/",
        "ß": "s", "Æ": "A", "æ": "a", "Œ": "O", "œ": "o", "Ø": "O", "ø": "o",
        "Ł": "L", "ł": "l", "Đ": "D", "đ": "d", "Ð": "D", "ð": "d", "Þ": "T", "þ": "t", "ı": "i", "€": "E",
    }
)  # fmt: skip


class BankFileRefused(InvalidInput):
    """The orders cannot become a bank file. `errors` names each field, such as `orders.3.iban`."""

    code: ClassVar[str] = "bank-file-refused"
    title: ClassVar[str] = "This bank file cannot be made. See the fields."


class IbanUnreadable(ValueError):
    """The text is no IBAN: wrong length, wrong characters or wrong check digits."""


@dataclass(frozen=True, kw_only=True)
class PayoutOrder:
    """One payment to one shop, in cents of a euro."""

    end_to_end_id: str
    """Our own reference; comes back on the bank statement. Unique, at most 35 characters."""
    amount_cents: Cents
    iban: str
    account_name: str
    """As the payee's bank knows it: banks compare it before they pay."""
    remittance: str
    """What the shop reads on its own statement, at most 140 characters."""


@dataclass(frozen=True, kw_only=True)
class BankFile:
    """One batch of payments from one account on one day."""

    msg_id: str
    """Unique for ever; the bank refuses a second file with the same."""
    created_at: datetime
    """Aware. Part of the bytes, so take the stored moment of the batch, not the present one."""
    execution_day: date
    debtor_name: str
    debtor_iban: str
    debtor_bic: str = ""
    one_booking: bool = False
    """Ask the bank to book the whole batch as one line; otherwise each payout is a line of its own."""
    orders: Sequence[PayoutOrder]

    @property
    def total_cents(self) -> Cents:
        """The control sum."""
        return sum(order.amount_cents for order in self.orders)


def read_iban(text: str) -> str:
    """Return the IBAN without spaces and in capitals; raises `IbanUnreadable` if its check digits are wrong."""
    try:
        return str(IBAN(text))
    except SchwiftyException:
        raise IbanUnreadable(text) from None


def can_be_paid(iban: str) -> bool:
    """Tell whether an IBAN alone is enough to pay to, as it is within the European Economic Area."""
    return _IBAN_ONLY_COUNTRIES.match(iban) is not None


def in_bank_characters(text: str) -> str:
    """Return the text in the characters every SEPA bank takes: "Café 't Höfke & Zn" -> "Cafe 't Hofke + Zn".

    What has no agreed replacement stays; see `fits_bank_characters`.
    """
    parts = unicodedata.normalize("NFKD", text.translate(_INSTEAD))
    plain = "".join(part for part in parts if not unicodedata.combining(part))
    return plain.translate(_INSTEAD).strip()


def fits_bank_characters(text: str) -> bool:
    """Tell whether a SEPA bank takes the text as it is."""
    return _LATIN.fullmatch(text) is not None


def write_bank_file(file: BankFile) -> bytes:
    """Return the file as UTF-8 XML, the same bytes for the same orders.

    Raises `BankFileRefused` with everything that is wrong, not only the first thing.
    """
    errors = _what_is_wrong(file)
    if errors:
        raise BankFileRefused(errors, msg_id=file.msg_id)
    # After the checks no character is left that XML would need to escape.
    total = _euros(file.total_cents)
    count = str(len(file.orders))
    header = _tag(
        "GrpHdr",
        _tag("MsgId", file.msg_id),
        _tag("CreDtTm", file.created_at.astimezone(AMSTERDAM).strftime("%Y-%m-%dT%H:%M:%S")),
        _tag("NbOfTxs", count),
        _tag("CtrlSum", total),
        _tag("InitgPty", _tag("Nm", in_bank_characters(file.debtor_name))),
    )
    payment = _tag(
        "PmtInf",
        _tag("PmtInfId", file.msg_id),
        _tag("PmtMtd", "TRF"),
        _tag("BtchBookg", "true" if file.one_booking else "false"),
        _tag("NbOfTxs", count),
        _tag("CtrlSum", total),
        _tag("PmtTpInf", _tag("SvcLvl", _tag("Cd", "SEPA"))),
        _tag("ReqdExctnDt", _tag("Dt", file.execution_day.isoformat())),
        _tag("Dbtr", _tag("Nm", in_bank_characters(file.debtor_name))),
        _tag("DbtrAcct", _tag("Id", _tag("IBAN", read_iban(file.debtor_iban))), _tag("Ccy", "EUR")),
        _tag("DbtrAgt", _tag("FinInstnId", _debtor_bank(file.debtor_bic))),
        _tag("ChrgBr", "SLEV"),
        *("\n" + _order(order) for order in file.orders),
        "\n",
    )
    document = f'<Document xmlns="{NAMESPACE}">' + _tag("CstmrCdtTrfInitn", header, "\n", payment) + "</Document>"
    return ('<?xml version="1.0" encoding="UTF-8"?>\n' + document + "\n").encode()


def _order(order: PayoutOrder) -> str:
    return _tag(
        "CdtTrfTxInf",
        _tag("PmtId", _tag("EndToEndId", order.end_to_end_id)),
        _tag("Amt", f'<InstdAmt Ccy="EUR">{_euros(order.amount_cents)}</InstdAmt>'),
        _tag("Cdtr", _tag("Nm", in_bank_characters(order.account_name))),
        _tag("CdtrAcct", _tag("Id", _tag("IBAN", read_iban(order.iban)))),
        _tag("RmtInf", _tag("Ustrd", in_bank_characters(order.remittance))),
    )


def _debtor_bank(bic: str) -> str:
    return _tag("BICFI", str(BIC(bic))) if bic else _tag("Othr", _tag("Id", "NOTPROVIDED"))


def _tag(name: str, *inside: str) -> str:
    return f"<{name}>{''.join(inside)}</{name}>"


def _euros(cents: Cents) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def _what_is_wrong(file: BankFile) -> dict[str, list[str]]:
    if file.created_at.utcoffset() is None:
        raise ValueError("created_at must know its time zone")
    found = {
        "msg_id": _wrong_identifier(file.msg_id),
        "execution_day": _wrong_day(file),
        "debtor_name": _wrong_text(file.debtor_name, NAME_LENGTH),
        "debtor_iban": _wrong_iban(file.debtor_iban),
        "debtor_bic": _wrong_bic(file.debtor_bic),
        "orders": [] if file.orders else [N_("A bank file needs at least one payment.")],
    }
    seen: set[str] = set()
    for number, order in enumerate(file.orders, start=1):
        twice = order.end_to_end_id in seen
        seen.add(order.end_to_end_id)
        found |= {
            f"orders.{number}.end_to_end_id": _wrong_identifier(order.end_to_end_id)
            + ([N_("Another payment in this file has the same reference.")] if twice else []),
            f"orders.{number}.amount_cents": []
            if 0 < order.amount_cents <= MAX_CENTS
            else [N_("An amount is at least one cent and at most one hundred million euros.")],
            f"orders.{number}.iban": _wrong_iban(order.iban),
            f"orders.{number}.account_name": _wrong_text(order.account_name, NAME_LENGTH),
            f"orders.{number}.remittance": _wrong_text(order.remittance, REMITTANCE_LENGTH),
        }
    return {field: messages for field, messages in found.items() if messages}


def _wrong_identifier(text: str) -> list[str]:
    wrong = _wrong_text(text, IDENTIFIER_LENGTH)
    if text != in_bank_characters(text):
        # An identifier is never rewritten: the statement must bring back what we stored.
        wrong.append(N_("A reference may only have letters, digits and / - ? : ( ) . , ' + without accents."))
    if text.startswith("/") or text.endswith("/") or "//" in text:
        wrong.append(N_("A reference may not start or end with a slash, nor have two in a row."))
    return wrong


def _wrong_text(text: str, length: int) -> list[str]:
    written = in_bank_characters(text)
    wrong = []
    if not written:
        wrong.append(N_("Fill this in."))
    if len(written) > length:
        wrong.append(N_("This is too long for a bank file."))
    if not fits_bank_characters(written):
        wrong.append(N_("This has a character that banks do not accept. Use letters, digits and / - ? : ( ) . , ' +"))
    return wrong


def _wrong_iban(text: str) -> list[str]:
    try:
        iban = read_iban(text)
    except IbanUnreadable:
        return [N_("This is not a valid IBAN. Check it for typing errors.")]
    if not can_be_paid(iban):
        return [N_("We can only pay to accounts in the European Economic Area.")]
    return []


def _wrong_bic(text: str) -> list[str]:
    try:
        if text:
            BIC(text)
    except SchwiftyException:
        return [N_("This is not a valid BIC. Leave it empty if you do not know it.")]
    return []


def _wrong_day(file: BankFile) -> list[str]:
    if file.execution_day < local_day(file.created_at):
        return [N_("The day of payment lies before the day on which this file was made.")]
    return []
