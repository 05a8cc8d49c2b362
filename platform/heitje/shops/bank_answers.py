# SPDX-License-Identifier: EUPL-1.2
"""What the bank says of our payouts: each booking is stored once, and matched once. Operator's session.

A payout that was paid burns its Heitjes. One that came back gives them back to the shop, also when the bank had
booked it as paid before. A transfer with the reference of a funding fills its budget line. Whatever does not fit to
the cent changes nothing and stands there for a person to look at.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from heitje import audit
from heitje.audit import Actor
from heitje.db.locking import find_locked
from heitje.i18n.marks import N_
from heitje.ledger.accounts import open_account
from heitje.ledger.models import AccountKind, TransferKind
from heitje.ledger.transfers import Transfer, post
from heitje.notifications.tell import tell_shop
from heitje.purses.funding import receive_funding
from heitje.purses.models import Funding, FundingState
from heitje.shops.bank_booking import BankBooking, BookingLine
from heitje.shops.bank_statement import BankStatementUnreadable, read_bank_statements
from heitje.shops.models import BankBookingRow, Redemption, RedemptionState, Shop
from heitje.shops.payouts import settle_batch_if_done

_FUNDING = re.compile(r"HF[0-9]{12}", re.ASCII)
BANK = Actor(kind="system", id="bank-statement")


@dataclass(frozen=True, kw_only=True)
class StatementRead:
    """What a file brought: how many bookings were new, how many known, and what the new ones meant."""

    new: tuple[BankBookingRow, ...]
    known: int

    def count(self, outcome: str) -> int:
        """Return how many new bookings had this outcome: paid, returned, funding, mismatch, unmatched."""
        return sum(booking.outcome == outcome for booking in self.new)


@dataclass(frozen=True, kw_only=True)
class _Match:
    outcome: str
    explanation: str = ""
    redemption: Redemption | None = None
    funding: Funding | None = None


def read_statement(session: Session, content: bytes, *, payout_iban: str, by: Actor, at: datetime) -> StatementRead:
    """Read a camt.053 or camt.054 file of our account: all of it, or nothing.

    Raises `BankStatementUnreadable`, also for a statement of another account.
    """
    new, known = [], 0
    for statement in read_bank_statements(content):
        if statement.iban != payout_iban:
            raise BankStatementUnreadable(N_("This is a statement of another account."), iban=statement.iban)
        for booking in statement.bookings:
            for reference, line in _lines(booking):
                row = _take_up(session, booking, reference, line, at=at)
                if row is None:
                    known += 1
                else:
                    new.append(row)
    audit.record(session, "bank_statement.read", by=by, subject="bank_statement", at=at, new=len(new), known=known)
    return StatementRead(new=tuple(new), known=known)


def bookings(session: Session, *, outcome: str = "", limit: int = 200) -> Sequence[BankBookingRow]:
    """List bookings, those read last first; of one outcome or of all."""
    query = select(BankBookingRow).order_by(
        BankBookingRow.read_at.desc(), BankBookingRow.iban, BankBookingRow.servicer_reference
    )
    if outcome:
        query = query.where(BankBookingRow.outcome == outcome)
    return session.scalars(query.limit(limit)).all()


def _lines(booking: BankBooking) -> Iterator[tuple[str, BookingLine]]:
    """Give each payment a reference of its own: the bank's, counted on where one booking holds several."""
    for number, line in enumerate(booking.lines, start=1):
        reference = booking.acct_svcr_ref
        yield (reference if len(booking.lines) == 1 else f"{reference}#{number}"), line


def _take_up(
    session: Session, booking: BankBooking, reference: str, line: BookingLine, *, at: datetime
) -> BankBookingRow | None:
    match = _match(session, line)
    # A second reader of the same file waits here for the first, and then finds the booking known.
    row: BankBookingRow | None = session.scalar(
        insert(BankBookingRow)
        .values(
            iban=booking.iban,
            servicer_reference=reference,
            amount_cents=line.amount_cents,
            booked_on=booking.booked_on,
            end_to_end_id=line.end_to_end_id,
            msg_id=line.msg_id,
            remittance=line.remittance,
            return_reason=line.reason_code,
            outcome=match.outcome,
            explanation=match.explanation,
            read_at=at,
        )
        .on_conflict_do_nothing(index_elements=["iban", "servicer_reference"])
        .returning(BankBookingRow)
    )
    if row is not None:
        _act(session, match, line, at=at)
    return row


def _act(session: Session, match: _Match, line: BookingLine, *, at: datetime) -> None:
    if match.outcome == "paid" and match.redemption is not None:
        _settle(session, match.redemption, at=at)
    elif match.outcome == "returned" and match.redemption is not None:
        _give_back(session, match.redemption, line.reason_code, at=at)
    elif match.funding is not None:
        receive_funding(
            session,
            tenant_id=match.funding.tenant_id,
            funding_id=match.funding.id,
            received_cents=line.amount_cents,
            by=BANK,
            at=at,
        )


def _match(session: Session, line: BookingLine) -> _Match:
    redemption = None
    if line.end_to_end_id:
        redemption = find_locked(session, select(Redemption).where(Redemption.end_to_end_id == line.end_to_end_id))
    if redemption is None:
        return _match_funding(session, line)
    came_back = line.amount_cents > 0
    if abs(line.amount_cents) != redemption.amount_cents:
        return _Match(
            outcome="mismatch",
            explanation=f"{abs(line.amount_cents)} cents, where the payout is {redemption.amount_cents} cents",
        )
    if came_back:
        if redemption.state in {RedemptionState.SENT, RedemptionState.PAID}:
            return _Match(outcome="returned", redemption=redemption)
    elif redemption.state == RedemptionState.SENT:
        return _Match(outcome="paid", redemption=redemption)
    return _Match(outcome="mismatch", explanation=f"the payout is {redemption.state} already")


def _match_funding(session: Session, line: BookingLine) -> _Match:
    """An issuer may also pay by bank transfer, with the funding's reference among its words."""
    named = _FUNDING.search(line.remittance.replace(" ", "")) or _FUNDING.search(line.end_to_end_id)
    if line.amount_cents <= 0 or named is None:
        return _Match(outcome="unmatched", explanation="nothing of ours has this reference")
    funding = find_locked(session, select(Funding).where(Funding.reference == named.group()))
    if funding is None:
        return _Match(outcome="unmatched", explanation="no funding has this reference")
    if funding.amount_cents != line.amount_cents:
        return _Match(
            outcome="mismatch",
            explanation=f"{line.amount_cents} cents, where the funding is {funding.amount_cents} cents",
        )
    if funding.state in {FundingState.RECEIVED, FundingState.RETURNED}:
        return _Match(outcome="mismatch", explanation=f"the funding is {funding.state} already")
    return _Match(outcome="funding", funding=funding)


def _settle(session: Session, redemption: Redemption, *, at: datetime) -> None:
    transfer = _move(session, redemption, TransferKind.BURN, f"redemption:{redemption.id}:burn", at=at)
    redemption.state, redemption.paid_at = RedemptionState.PAID.value, at
    _conclude(session, "redemption.paid", redemption, transfer, at=at)
    tell_shop(
        session,
        redemption.shop_id,
        "payout-paid",
        amount_cents=redemption.amount_cents,
        reference=redemption.end_to_end_id,
    )


def _give_back(session: Session, redemption: Redemption, reason_code: str, *, at: datetime) -> None:
    if redemption.state == RedemptionState.PAID:
        _move(session, redemption, TransferKind.REISSUE, f"redemption:{redemption.id}:reissue", at=at)
    transfer = _move(session, redemption, TransferKind.RETURN, f"redemption:{redemption.id}:return", at=at)
    redemption.state, redemption.returned_at = RedemptionState.RETURNED.value, at
    redemption.return_reason = reason_code
    _conclude(session, "redemption.returned", redemption, transfer, at=at)
    tell_shop(
        session,
        redemption.shop_id,
        "payout-returned",
        amount_cents=redemption.amount_cents,
        reason=reason_code,
    )


def _move(session: Session, redemption: Redemption, kind: TransferKind, key: str, *, at: datetime) -> Transfer:
    redeeming_id = open_account(session, AccountKind.REDEEMING, scheme_id=redemption.scheme_id)
    treasury_id = open_account(session, AccountKind.TREASURY, scheme_id=redemption.scheme_id)
    if kind is TransferKind.RETURN:
        source_id, target_id = redeeming_id, _account_of_shop(session, redemption)
    elif kind is TransferKind.REISSUE:
        source_id, target_id = treasury_id, redeeming_id
    else:
        source_id, target_id = redeeming_id, treasury_id
    return post(
        session,
        kind,
        scheme_id=redemption.scheme_id,
        source_id=source_id,
        target_id=target_id,
        amount_cents=redemption.amount_cents,
        key=key,
        at=at,
        note=redemption.end_to_end_id,
    )


def _account_of_shop(session: Session, redemption: Redemption) -> int:
    account_id = session.scalar(select(Shop.account_id).where(Shop.id == redemption.shop_id))
    assert account_id is not None  # noqa: S101 - its takings came from there
    return account_id


def _conclude(session: Session, action: str, redemption: Redemption, transfer: Transfer, *, at: datetime) -> None:
    session.flush()
    if redemption.batch_id is not None:
        settle_batch_if_done(session, redemption.batch_id)
    audit.record(
        session,
        action,
        by=BANK,
        subject=f"redemption:{redemption.id}",
        at=at,
        transfer_id=transfer.id,
        amount_cents=redemption.amount_cents,
    )
