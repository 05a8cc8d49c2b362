# SPDX-License-Identifier: EUPL-1.2
"""One booking of a bank statement: what went in or out, and the payments in it.

Reads the entry element (`Ntry`) of camt.053 and camt.054, in which versions .02 and .08 differ only in
where a party's name and an amount stand.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar
from xml.etree.ElementTree import Element

from heitje.cents import Cents
from heitje.clock import local_day
from heitje.errors import InvalidInput
from heitje.i18n.marks import N_
from heitje.shops.bank_file import IbanUnreadable, read_iban

_EUROS = re.compile(r"\+?(?P<whole>[0-9]{0,15})(?:\.(?P<part>[0-9]{0,5}))?", re.ASCII)
_RETURN_OF_A_TRANSFER = "RRTN"
_NO_REFERENCE = "NOTPROVIDED"


class BankStatementUnreadable(InvalidInput):
    """The file is no bank statement that we can rely on. The facts say which statement and booking."""

    code: ClassVar[str] = "bank-statement-unreadable"
    title: ClassVar[str] = "We cannot use this bank statement."

    def __init__(self, message: str, **facts: Any) -> None:
        super().__init__({"file": [message]}, **facts)


@dataclass(frozen=True, kw_only=True)
class BookingLine:
    """One payment inside a booking. Positive cents came in, negative cents went out."""

    amount_cents: Cents
    end_to_end_id: str
    """The payer's own reference; empty if there was none."""
    msg_id: str
    """Of the file with which we ordered it; empty for what others sent."""
    payment_id: str
    """PmtInfId of that file; some banks give this one only."""
    remittance: str
    other_iban: str
    other_name: str
    is_return: bool
    """A payment that came back, in either direction."""
    reason_code: str
    """ISO reason of a return, such as AC04 for a closed account; empty if the bank gives none."""


@dataclass(frozen=True, kw_only=True)
class BankBooking:
    """One line of the account. Its lines sum to its amount; a batch has several."""

    iban: str
    acct_svcr_ref: str
    amount_cents: Cents
    booked_on: date
    is_reversal: bool
    """The bank undoes an earlier booking."""
    batch_count: int
    """How many payments the bank says are in it; 1 if it says nothing."""
    lines: tuple[BookingLine, ...]

    @property
    def key(self) -> tuple[str, str]:
        """What tells this booking from every other, in all files of this bank."""
        return self.iban, self.acct_svcr_ref


def read_booking(entry: Element, iban: str) -> BankBooking:
    """Read one entry of the account `iban`; raises `BankStatementUnreadable`, naming the booking."""
    details = entry.findall("NtryDtls/TxDtls")
    reference = read_text(entry, "AcctSvcrRef") or (
        read_text(details[0], "Refs/AcctSvcrRef") if len(details) == 1 else ""
    )
    if not reference:
        raise BankStatementUnreadable(
            N_("A booking has no reference of the bank, so we cannot know whether we had it before."),
            entry=read_text(entry, "NtryRef"),
        )
    amount_cents = signed_cents(entry, booking=reference)
    lines = tuple(_lines(entry, details or [Element("TxDtls")], amount_cents, iban, reference))
    if sum(line.amount_cents for line in lines) != amount_cents:
        raise BankStatementUnreadable(N_("A booking is not the sum of its payments."), booking=reference)
    return BankBooking(
        iban=iban,
        acct_svcr_ref=reference,
        amount_cents=amount_cents,
        booked_on=_booked_on(entry, reference),
        is_reversal=read_text(entry, "RvslInd") in {"true", "1"},
        batch_count=_batch_count(entry, len(lines)),
        lines=lines,
    )


def _lines(
    entry: Element, details: list[Element], amount_cents: Cents, iban: str, reference: str
) -> Iterator[BookingLine]:
    back = read_text(entry, "RvslInd") in {"true", "1"} or _is_return_code(entry)
    for detail in details:
        # A lone payment is the booking; its own amount may be in another currency or before costs.
        signed = amount_cents if len(details) == 1 else _part_of_batch(entry, detail, reference)
        end_to_end_id = read_text(detail, "Refs/EndToEndId")
        other_iban, other_name = _other_party(detail, iban, incoming=signed > 0)
        yield BookingLine(
            amount_cents=signed,
            end_to_end_id="" if end_to_end_id == _NO_REFERENCE else end_to_end_id,
            msg_id=read_text(detail, "Refs/MsgId") or read_text(entry, "NtryDtls/Btch/MsgId"),
            payment_id=read_text(detail, "Refs/PmtInfId") or read_text(entry, "NtryDtls/Btch/PmtInfId"),
            remittance=_remittance(detail),
            other_iban=other_iban,
            other_name=other_name,
            is_return=back or detail.find("RtrInf") is not None or _is_return_code(detail),
            reason_code=read_text(detail, "RtrInf/Rsn/Cd") or read_text(detail, "RtrInf/Rsn/Prtry"),
        )


def _part_of_batch(entry: Element, detail: Element, reference: str) -> Cents:
    amount = detail.find("Amt")
    if amount is None:
        amount = detail.find("AmtDtls/TxAmt/Amt")
    if amount is None:
        raise BankStatementUnreadable(N_("A payment in a batch does not say its amount."), booking=reference)
    cents = _cents(amount, booking=reference)
    direction = read_text(detail, "CdtDbtInd") or read_text(entry, "CdtDbtInd")
    return -cents if direction == "DBIT" else cents


def read_text(element: Element, path: str) -> str:
    """Return the text at a path, without white space around it; empty if there is none."""
    return (element.findtext(path) or "").strip()


def read_account(text: str) -> str:
    """Return an IBAN in capitals without spaces, or empty for none."""
    try:
        return read_iban(text) if text else ""
    except IbanUnreadable:
        raise BankStatementUnreadable(N_("An account number in this file is not a valid IBAN."), iban=text) from None


def signed_cents(element: Element, **facts: str) -> Cents:
    """Return `Amt` in cents: above zero for credit, below for debit."""
    amount = element.find("Amt")
    direction = read_text(element, "CdtDbtInd")
    if amount is None or direction not in {"CRDT", "DBIT"}:
        raise BankStatementUnreadable(N_("An amount, or whether it came in or went out, is missing."), **facts)
    cents = _cents(amount, **facts)
    return -cents if direction == "DBIT" else cents


def _cents(amount: Element, **facts: str) -> Cents:
    text = (amount.text or "").strip()
    found = _EUROS.fullmatch(text)
    if amount.get("Ccy") != "EUR":
        raise BankStatementUnreadable(N_("An amount is not in euros."), currency=amount.get("Ccy"), **facts)
    whole, part = (found["whole"], found["part"] or "") if found else ("", "")
    if not whole + part or part[2:].strip("0"):
        raise BankStatementUnreadable(N_("An amount cannot be read as euros and cents."), amount=text[:40], **facts)
    return int(whole or "0") * 100 + int(part[:2].ljust(2, "0"))


def _booked_on(entry: Element, reference: str) -> date:
    for name in ("BookgDt", "ValDt"):
        day, moment = read_text(entry, f"{name}/Dt"), read_text(entry, f"{name}/DtTm")
        try:
            if moment:
                at = datetime.fromisoformat(moment)
                return at.date() if at.utcoffset() is None else local_day(at)
            if day:
                return date.fromisoformat(day[:10])  # a zone may follow, and does not change a bank's day
        except ValueError:
            raise BankStatementUnreadable(N_("A date cannot be read."), booking=reference, date=day or moment) from None
    raise BankStatementUnreadable(N_("A booking has no date."), booking=reference)


def _batch_count(entry: Element, lines: int) -> int:
    text = read_text(entry, "NtryDtls/Btch/NbOfTxs")
    return int(text) if re.fullmatch("[0-9]{1,15}", text, re.ASCII) else lines


def _is_return_code(element: Element) -> bool:
    return read_text(element, "BkTxCd/Domn/Fmly/SubFmlyCd") == _RETURN_OF_A_TRANSFER


def _other_party(detail: Element, iban: str, *, incoming: bool) -> tuple[str, str]:
    """Return IBAN and name of the other side. A return names the parties as the first payment did."""
    for role in ("Dbtr", "Cdtr") if incoming else ("Cdtr", "Dbtr"):
        account = read_account(read_text(detail, f"RltdPties/{role}Acct/Id/IBAN"))
        name = read_text(detail, f"RltdPties/{role}/Pty/Nm") or read_text(detail, f"RltdPties/{role}/Nm")
        if account != iban and (account or name):
            return account, name
    return "", ""


def _remittance(detail: Element) -> str:
    free = " ".join((part.text or "").strip() for part in detail.findall("RmtInf/Ustrd"))
    return free.strip() or read_text(detail, "RmtInf/Strd/CdtrRefInf/Ref")
