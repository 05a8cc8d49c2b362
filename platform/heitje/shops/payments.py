# SPDX-License-Identifier: EUPL-1.2
"""A payment: asked for at the till, found by whoever was shown its code, paid once."""

import secrets
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from heitje import audit
from heitje.audit import Actor
from heitje.cents import Cents
from heitje.db.locking import find_locked, lock
from heitje.db.scope import know
from heitje.errors import InvalidInput, NotFound
from heitje.i18n.marks import N_
from heitje.ledger.models import TransferKind
from heitje.ledger.transfers import post
from heitje.shops.errors import (
    AlreadyPaid,
    PaymentNotWaiting,
    RequestCancelled,
    RequestExpired,
    RequestUnknown,
    ShopNotActive,
)
from heitje.shops.models import PAID, Payment, PaymentState, Shop, ShopState

TIME_TO_PAY = timedelta(minutes=5)
MAX_PAYMENT_CENTS: Cents = 1000_00
CODE_REMEMBERED = timedelta(hours=1)
"""So long a code that is over still says why; afterwards it is unknown."""
_TRIES = 20

STATE_OF = text("select payment_state(:nonce)")
EXPIRE = text("update payments set state = 'expired' where state = 'requested' and expires_at <= :at")


def request_payment(
    session: Session, *, shop_id: UUID, amount_cents: Cents, staff_id: UUID | None, at: datetime
) -> Payment:
    """Ask for `amount_cents` at this shop's till; in the scope of the shop.

    The request has a six-digit code that no other waiting request of the scheme has, and a nonce that nobody can
    guess; both show it to a citizen for five minutes. Raises `ShopNotActive`, `InvalidInput` for an amount.
    """
    if not 0 < amount_cents <= MAX_PAYMENT_CENTS:
        raise InvalidInput({"amount_cents": [N_("Choose an amount between 0,01 and 1.000 Heitjes.")]})
    shop = session.scalar(select(Shop).where(Shop.id == shop_id))
    if shop is None:
        raise NotFound(kind="shop")
    if shop.state != ShopState.ACTIVE or shop.account_id is None:
        raise ShopNotActive(state=shop.state)
    for _ in range(_TRIES):
        made: Payment | None = session.scalar(
            insert(Payment)
            .values(
                id=uuid4(),
                shop_id=shop.id,
                scheme_id=shop.scheme_id,
                amount_cents=amount_cents,
                code=f"{secrets.randbelow(1_000_000):06d}",
                nonce=secrets.token_urlsafe(24),
                shop_name=shop.name,
                shop_account_id=shop.account_id,
                requested_by=staff_id,
                created_at=at,
                expires_at=at + TIME_TO_PAY,
            )
            .on_conflict_do_nothing(index_elements=["scheme_id", "code"], index_where=text("state = 'requested'"))
            .returning(Payment)
        )
        if made is not None:
            return made
    raise RuntimeError("no free payment code: more requests wait than codes can tell apart")


def find_request(
    session: Session, *, at: datetime, nonce: str = "", code: str = "", scheme_id: UUID | None = None
) -> Payment:
    """Return the request that was shown as a QR (`nonce`) or as a `code` of the scheme; in the scope of a citizen.

    Raises `RequestUnknown`, `RequestExpired`, `RequestCancelled`, `AlreadyPaid`, `ShopNotActive`.
    """
    know(session, f"payment:{nonce}" if nonce else f"payment-code:{code}")
    query = select(Payment).execution_options(populate_existing=True)
    if nonce:
        query = query.where(Payment.nonce == nonce)
    else:
        query = (
            query.where(Payment.code == code, Payment.created_at > at - CODE_REMEMBERED)
            .order_by((Payment.state == PaymentState.REQUESTED).desc(), Payment.created_at.desc())
            .limit(1)
        )
        if scheme_id is not None:
            query = query.where(Payment.scheme_id == scheme_id)
    payment = session.scalars(query).one_or_none()
    if payment is None:
        _say_why_unseen(session, nonce)
        raise RequestUnknown
    _must_be_payable(session, payment, at=at)
    return payment


def pay_request(
    session: Session, *, nonce: str, citizen_id: UUID, wallet_account_id: int, by: Actor, at: datetime
) -> Payment:
    """Pay what was asked, from the citizen's wallet to the shop; in the scope of the citizen.

    Once: paying again gives whoever paid the same payment, and moves nothing. Raises what `find_request` raises, and
    `BalanceTooLow`, `NotYourAccount` for a wallet of somebody else or of another scheme, `BooksBusy`.
    """
    know(session, f"payment:{nonce}")
    query = select(Payment).where(Payment.nonce == nonce, Payment.state == PaymentState.REQUESTED)
    payment = find_locked(session, query)
    if payment is None:
        earlier = _own_payment(session, nonce, citizen_id)
        if earlier is not None:
            return earlier
        return find_request(session, nonce=nonce, at=at)
    _must_be_payable(session, payment, at=at)
    transfer = post(
        session,
        TransferKind.PAYMENT,
        scheme_id=payment.scheme_id,
        source_id=wallet_account_id,
        target_id=payment.shop_account_id,
        amount_cents=payment.amount_cents,
        key=f"payment:{payment.id}",
        at=at,
        note=payment.reference,
    )
    payment.state = PaymentState.COMPLETED.value
    payment.citizen_id = citizen_id
    payment.wallet_account_id = wallet_account_id
    payment.completed_at = at
    payment.transfer_id = transfer.id
    session.flush()
    audit.record(
        session,
        "payment.completed",
        by=by,
        subject=f"payment:{payment.id}",
        at=at,
        transfer_id=transfer.id,
        amount_cents=payment.amount_cents,
        shop_id=str(payment.shop_id),
    )
    return payment


def cancel_request(session: Session, *, payment_id: UUID, by: Actor, at: datetime) -> Payment:
    """Take a request back before anybody paid it; doing so twice changes nothing. In the scope of the shop.

    Raises `NotFound`, `PaymentNotWaiting` when it was paid or has expired.
    """
    payment = lock_payment(session, payment_id)
    if payment.state == PaymentState.CANCELLED:
        return payment
    if payment.state != PaymentState.REQUESTED:
        raise PaymentNotWaiting(state=payment.state)
    payment.state = PaymentState.CANCELLED.value
    session.flush()
    audit.record(session, "payment.cancelled", by=by, subject=f"payment:{payment.id}", at=at)
    return payment


def payment_of_shop(session: Session, payment_id: UUID) -> Payment:
    """Return a payment of the session's shop as it is now; raises `NotFound`."""
    payment = session.scalar(select(Payment).where(Payment.id == payment_id).execution_options(populate_existing=True))
    if payment is None:
        raise NotFound(kind="payment")
    return payment


def state_at(payment: Payment, at: datetime) -> PaymentState:
    """Return the state of a payment, `expired` also where the schedule has not come by yet."""
    if payment.state == PaymentState.REQUESTED and payment.expires_at <= at:
        return PaymentState.EXPIRED
    return PaymentState(payment.state)


def expire_requests(session: Session, *, at: datetime) -> None:
    """Mark requests that nobody paid in time, so that their codes are free again; in the operator's session."""
    session.execute(EXPIRE, {"at": at})


def lock_payment(session: Session, payment_id: UUID) -> Payment:
    """Return a payment of the session's shop, locked and fresh; raises `NotFound`."""
    return lock(session, select(Payment).where(Payment.id == payment_id), kind="payment")


def _must_be_payable(session: Session, payment: Payment, *, at: datetime) -> None:
    state = state_at(payment, at)
    if state in PAID:
        raise AlreadyPaid(payment_id=str(payment.id))
    if state is PaymentState.CANCELLED:
        raise RequestCancelled
    if state is PaymentState.EXPIRED:
        raise RequestExpired
    shop_state = session.scalar(select(Shop.state).where(Shop.id == payment.shop_id))
    if shop_state != ShopState.ACTIVE:
        raise ShopNotActive(state=shop_state)


def _own_payment(session: Session, nonce: str, citizen_id: UUID) -> Payment | None:
    return session.scalar(
        select(Payment)
        .where(Payment.nonce == nonce, Payment.citizen_id == citizen_id, Payment.state.in_(PAID))
        .execution_options(populate_existing=True)
    )


def _say_why_unseen(session: Session, nonce: str) -> None:
    """A request that another person paid is out of sight; its nonce alone still says that it was paid."""
    if nonce and session.scalar(STATE_OF, {"nonce": nonce}) in PAID:
        raise AlreadyPaid
