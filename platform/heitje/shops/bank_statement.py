# SPDX-License-Identifier: EUPL-1.2
"""What the bank says it did: statements (camt.053) and notifications (camt.054), versions .02 and .08.

A booking is known by its account and the bank's own reference, so reading a file twice, or the same
booking from a notification and a statement, finds the same key. Nothing here decides what a booking
means; that is for who matches it with payouts and funding.

Bank files come from outside: no DTD, no entities, a size limit, and a statement whose sums do not add
up is refused as a whole.
"""

from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from heitje.cents import Cents
from heitje.i18n.marks import N_
from heitje.shops.bank_booking import (
    BankBooking,
    BankStatementUnreadable,
    BookingLine,
    read_account,
    read_booking,
    read_text,
    signed_cents,
)

__all__ = ["BankBooking", "BankStatement", "BankStatementUnreadable", "BookingLine", "read_bank_statements"]

MAX_BYTES = 20_000_000
"""A larger file is refused unread; a town's busiest day stays far below one."""

_KINDS = {
    "urn:iso:std:iso:20022:tech:xsd:camt.053.001.02": ("BkToCstmrStmt", "Stmt"),
    "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08": ("BkToCstmrStmt", "Stmt"),
    "urn:iso:std:iso:20022:tech:xsd:camt.054.001.02": ("BkToCstmrDbtCdtNtfctn", "Ntfctn"),
    "urn:iso:std:iso:20022:tech:xsd:camt.054.001.08": ("BkToCstmrDbtCdtNtfctn", "Ntfctn"),
}


@dataclass(frozen=True, kw_only=True)
class BankStatement:
    """One account over one period. Balances are None for a notification, which has none."""

    statement_id: str
    iban: str
    opening_cents: Cents | None
    closing_cents: Cents | None
    bookings: tuple[BankBooking, ...]


def read_bank_statements(content: bytes) -> tuple[BankStatement, ...]:
    """Read every statement in a camt.053 or camt.054 file; only what is booked, nothing pending.

    Raises `BankStatementUnreadable` when the file is something else, is cut off or contradicts itself:
    a balance that does not follow from the bookings, or a batch that is not the sum of its lines.
    """
    root = _read_xml(content)
    namespace, _, name = root.tag.removeprefix("{").partition("}")
    if name != "Document" or namespace not in _KINDS:
        raise BankStatementUnreadable(
            N_("This is not a camt.053 or camt.054 file of version 02 or 08."), found=root.tag
        )
    for element in root.iter():
        # One namespace per file, so names alone are enough from here on; extensions keep their own.
        element.tag = element.tag.removeprefix(f"{{{namespace}}}")
    message_name, statement_name = _KINDS[namespace]
    message = root.find(message_name)
    statements = tuple(
        _statement(element, with_balances=statement_name == "Stmt")
        for element in (message.findall(statement_name) if message is not None else ())
    )
    if not statements:
        raise BankStatementUnreadable(N_("There is no statement in this file."))
    _refuse_doubles(statements)
    return statements


def _read_xml(content: bytes) -> Element:
    if len(content) > MAX_BYTES:
        raise BankStatementUnreadable(N_("This file is too large for a bank statement."), max_bytes=MAX_BYTES)
    try:
        root: Element = fromstring(content, forbid_dtd=True)
    except DefusedXmlException:
        raise BankStatementUnreadable(N_("This file has definitions that no bank sends. It was not read.")) from None
    except ParseError as error:
        raise BankStatementUnreadable(N_("This file is damaged or is no XML."), line=error.position[0]) from None
    except (ValueError, LookupError):
        raise BankStatementUnreadable(N_("This file is damaged or is no XML.")) from None
    return root


def _statement(element: Element, *, with_balances: bool) -> BankStatement:
    statement_id = read_text(element, "Id")
    iban = read_account(read_text(element, "Acct/Id/IBAN"))
    if iban == "":
        raise BankStatementUnreadable(N_("A statement does not say of which IBAN it is."), statement=statement_id)
    bookings = tuple(
        read_booking(entry, iban)
        for entry in element.findall("Ntry")
        if (read_text(entry, "Sts/Cd") or read_text(entry, "Sts")) == "BOOK"
    )
    opening, closing = _balances(element, statement_id) if with_balances else (None, None)
    if opening is not None and closing is not None:
        booked = sum(booking.amount_cents for booking in bookings)
        if opening + booked != closing:
            raise BankStatementUnreadable(
                N_("The opening balance and the bookings do not lead to the closing balance."),
                statement=statement_id, opening_cents=opening, booked_cents=booked, closing_cents=closing,
            )  # fmt: skip
    return BankStatement(
        statement_id=statement_id, iban=iban, opening_cents=opening, closing_cents=closing, bookings=bookings
    )


def _balances(element: Element, statement_id: str) -> tuple[Cents, Cents]:
    balances = [(read_text(balance, "Tp/CdOrPrtry/Cd"), signed_cents(balance)) for balance in element.findall("Bal")]
    by_type = dict(reversed(balances))
    # A statement in pages carries interim balances where its neighbours begin and end.
    interim = [cents for code, cents in balances if code == "ITBD"]
    opening = by_type.get("OPBD", by_type.get("PRCD", interim[0] if interim else None))
    closing = by_type.get("CLBD", interim[-1] if interim else None)
    if opening is None or closing is None:
        raise BankStatementUnreadable(N_("A statement lacks its opening or closing balance."), statement=statement_id)
    return opening, closing


def _refuse_doubles(statements: tuple[BankStatement, ...]) -> None:
    seen: set[tuple[str, str]] = set()
    for statement in statements:
        for booking in statement.bookings:
            if booking.key in seen:
                raise BankStatementUnreadable(N_("A booking is in this file twice."), booking=booking.acct_svcr_ref)
            seen.add(booking.key)
