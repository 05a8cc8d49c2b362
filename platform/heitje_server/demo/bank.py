# SPDX-License-Identifier: EUPL-1.2
"""A bank for the demo: takes a payout file (pain.001) and answers with the statement (camt.053) of the day after.

The same file gives the same statement. Nothing here reads or writes our own database: it only sees what a bank sees.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from xml.etree.ElementTree import Element, SubElement, tostring

from defusedxml.ElementTree import fromstring

from heitje.cents import Cents

PAIN = "{urn:iso:std:iso:20022:tech:xsd:pain.001.001.09}"
CAMT = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"
OPENING_CENTS: Cents = 250_000_00
"""What stands on the demo's account before each statement."""


@dataclass(frozen=True, kw_only=True)
class _Order:
    end_to_end_id: str
    amount_cents: Cents
    iban: str
    name: str
    remittance: str


@dataclass(frozen=True, kw_only=True)
class _Account:
    iban: str
    name: str
    msg_id: str


def answer(file: bytes, *, booked_on: date, returned: Mapping[str, str] | None = None) -> bytes:
    """Return the statement on which every payout of `file` is booked.

    `returned` names payouts (EndToEndId) that come back the same day, each with the reason, such as AC04.
    """
    returned = returned or {}
    account, orders = _read(file)
    came_back = [order for order in orders if order.end_to_end_id in returned]
    closing = OPENING_CENTS - sum(order.amount_cents for order in orders) + sum(o.amount_cents for o in came_back)
    document = Element("Document", {"xmlns": CAMT})
    message = SubElement(document, "BkToCstmrStmt")
    moment = f"{booked_on.isoformat()}T23:15:00"
    _texts(SubElement(message, "GrpHdr"), MsgId=_reference("S", account.msg_id, booked_on), CreDtTm=moment)
    statement = SubElement(message, "Stmt")
    _texts(statement, Id=_reference("S", account.msg_id, booked_on), CreDtTm=moment)
    holder = SubElement(statement, "Acct")
    _texts(SubElement(holder, "Id"), IBAN=account.iban)
    _texts(holder, Ccy="EUR")
    _balance(statement, "OPBD", OPENING_CENTS, booked_on)
    _balance(statement, "CLBD", closing, booked_on)
    for order in orders:
        _entry(statement, account, order, booked_on)
    for order in came_back:
        _entry(statement, account, order, booked_on, reason=returned[order.end_to_end_id])
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(document)


def _read(file: bytes) -> tuple[_Account, list[_Order]]:
    root: Element = fromstring(file, forbid_dtd=True)
    for element in root.iter():
        element.tag = element.tag.removeprefix(PAIN)
    account = _Account(
        iban=_text(root, "CstmrCdtTrfInitn/PmtInf/DbtrAcct/Id/IBAN"),
        name=_text(root, "CstmrCdtTrfInitn/PmtInf/Dbtr/Nm"),
        msg_id=_text(root, "CstmrCdtTrfInitn/GrpHdr/MsgId"),
    )
    orders = [
        _Order(
            end_to_end_id=_text(order, "PmtId/EndToEndId"),
            amount_cents=int(_text(order, "Amt/InstdAmt").replace(".", "")),
            iban=_text(order, "CdtrAcct/Id/IBAN"),
            name=_text(order, "Cdtr/Nm"),
            remittance=_text(order, "RmtInf/Ustrd"),
        )
        for order in root.iter("CdtTrfTxInf")
    ]
    return account, orders


def _text(element: Element, path: str) -> str:
    text = element.findtext(path)
    if text is None:
        raise ValueError(f"this is no payout file: it lacks {path}")
    return text


def _entry(statement: Element, account: _Account, order: _Order, booked_on: date, *, reason: str = "") -> None:
    direction = "CRDT" if reason else "DBIT"
    entry = SubElement(statement, "Ntry")
    _amount(entry, order.amount_cents)
    _texts(entry, CdtDbtInd=direction)
    _texts(SubElement(entry, "Sts"), Cd="BOOK")
    _texts(SubElement(entry, "BookgDt"), Dt=booked_on.isoformat())
    _texts(entry, AcctSvcrRef=_reference("R" if reason else "P", order.end_to_end_id, booked_on))
    domain = SubElement(SubElement(entry, "BkTxCd"), "Domn")
    _texts(domain, Cd="PMNT")
    _texts(SubElement(domain, "Fmly"), Cd="ICDT", SubFmlyCd="RRTN" if reason else "ESCT")
    detail = SubElement(SubElement(entry, "NtryDtls"), "TxDtls")
    _texts(SubElement(detail, "Refs"), MsgId=account.msg_id, EndToEndId=order.end_to_end_id)
    _amount(detail, order.amount_cents)
    _texts(detail, CdtDbtInd=direction)
    parties = SubElement(detail, "RltdPties")
    for role, name, iban in (("Dbtr", account.name, account.iban), ("Cdtr", order.name, order.iban)):
        _texts(SubElement(SubElement(parties, role), "Pty"), Nm=name)
        _texts(SubElement(SubElement(parties, f"{role}Acct"), "Id"), IBAN=iban)
    _texts(SubElement(detail, "RmtInf"), Ustrd=order.remittance)
    if reason:
        _texts(SubElement(SubElement(detail, "RtrInf"), "Rsn"), Cd=reason)


def _balance(statement: Element, code: str, cents: Cents, on: date) -> None:
    balance = SubElement(statement, "Bal")
    _texts(SubElement(SubElement(balance, "Tp"), "CdOrPrtry"), Cd=code)
    _amount(balance, abs(cents))
    _texts(balance, CdtDbtInd="CRDT" if cents >= 0 else "DBIT")
    _texts(SubElement(balance, "Dt"), Dt=on.isoformat())


def _amount(parent: Element, cents: Cents) -> None:
    SubElement(parent, "Amt", {"Ccy": "EUR"}).text = f"{cents // 100}.{cents % 100:02d}"


def _texts(parent: Element, **texts: str) -> None:
    for name, text in texts.items():
        SubElement(parent, name).text = text


def _reference(kind: str, what: str, on: date) -> str:
    """Make up a reference of the bank's own, the same for the same booking."""
    return f"{kind}{on:%Y%m%d}{sha256(what.encode()).hexdigest()[:16].upper()}"
