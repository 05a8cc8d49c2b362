# SPDX-License-Identifier: EUPL-1.2
"""Redemptions leave for the bank: one file a batch, made once, released by a second operator. Operator's session."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from uuid import UUID, uuid4

from sqlalchemy import select, tuple_, update
from sqlalchemy.orm import Session, undefer

from heitje import audit
from heitje.audit import Actor
from heitje.clock import local_day
from heitje.db.locking import lock
from heitje.errors import NotFound
from heitje.shops.bank_file import BankFile, PayoutOrder, write_bank_file
from heitje.shops.errors import BatchNotReleased, BatchNotWaiting, FourEyesNeeded, NothingToPayOut
from heitje.shops.models import (
    BatchState,
    PayoutBatch,
    Redemption,
    RedemptionState,
    Shop,
    ShopDetails,
    ShopState,
)
from heitje.shops.redemptions import pays_from

MAX_ORDERS = 2000
"""Redemptions in one file; the rest waits for the next."""


@dataclass(frozen=True, kw_only=True)
class PayoutAccount:
    """The account that holds the euros behind the Heitjes, and the name on it."""

    iban: str
    name: str


def make_batch(
    session: Session, *, scheme_id: UUID, account: PayoutAccount, made_by: UUID, by: Actor, at: datetime
) -> PayoutBatch:
    """Claim the redemptions that wait, and write the bank file for them: once, its bytes are kept.

    Left for later: suspended shops, and accounts that changed less than 48 hours ago. Paid is the account that the
    shop has now, so that an account put in and taken out again by a thief gets nothing.
    Raises `NothingToPayOut`, `BankFileRefused`.
    """
    waiting = _waiting(session, scheme_id)
    claimed = [(redemption, details) for redemption, details in waiting if pays_from(details) <= at]
    if not claimed:
        raise NothingToPayOut
    for redemption, details in claimed:
        redemption.iban, redemption.account_name = details.iban, details.account_name
    msg_id = f"HEITJE-{local_day(at):%Y%m%d}-{secrets.token_hex(6).upper()}"
    file = BankFile(
        msg_id=msg_id,
        created_at=at,
        execution_day=local_day(at),
        debtor_name=account.name,
        debtor_iban=account.iban,
        orders=[_order(redemption) for redemption, _ in claimed],
    )
    content = write_bank_file(file)
    batch = PayoutBatch(
        id=uuid4(),
        scheme_id=scheme_id,
        msg_id=msg_id,
        total_cents=file.total_cents,
        orders=len(claimed),
        file=content,
        file_sha256=sha256(content).hexdigest(),
        made_by=made_by,
        created_at=at,
    )
    session.add(batch)
    session.flush()
    for redemption, _ in claimed:
        redemption.state, redemption.batch_id = RedemptionState.BATCHED.value, batch.id
    session.flush()
    _record(session, "payout_batch.made", batch, by=by, at=at)
    return batch


def release_batch(session: Session, batch_id: UUID, *, released_by: UUID, by: Actor, at: datetime) -> PayoutBatch:
    """Let a batch's file go to the bank. Raises `NotFound`, `BatchNotWaiting`, `FourEyesNeeded` for its maker."""
    batch = _lock(session, batch_id)
    if batch.state != BatchState.BATCHED:
        raise BatchNotWaiting(state=batch.state)
    if batch.made_by == released_by:
        raise FourEyesNeeded
    batch.state, batch.released_by, batch.released_at = BatchState.SENT.value, released_by, at
    session.flush()
    session.execute(
        update(Redemption)
        .where(Redemption.batch_id == batch.id, Redemption.state == RedemptionState.BATCHED)
        .values(state=RedemptionState.SENT.value)
    )
    _record(session, "payout_batch.released", batch, by=by, at=at)
    return batch


def withdraw_batch(session: Session, batch_id: UUID, *, by: Actor, at: datetime) -> PayoutBatch:
    """Take back a batch that nobody released: its payouts wait for the next one. Raises `NotFound`, `BatchNotWaiting`."""
    batch = _lock(session, batch_id)
    if batch.state != BatchState.BATCHED:
        raise BatchNotWaiting(state=batch.state)
    batch.state = BatchState.WITHDRAWN.value
    session.flush()
    session.execute(
        update(Redemption)
        .where(Redemption.batch_id == batch.id, Redemption.state == RedemptionState.BATCHED)
        .values(state=RedemptionState.REQUESTED.value, batch_id=None)
    )
    _record(session, "payout_batch.withdrawn", batch, by=by, at=at)
    return batch


def batch_file(session: Session, batch_id: UUID, *, by: Actor, at: datetime) -> tuple[PayoutBatch, bytes]:
    """Return a released batch with the bytes for the bank: the same ones each time. Raises `BatchNotReleased`."""
    batch = session.scalar(
        select(PayoutBatch)
        .where(PayoutBatch.id == batch_id)
        .options(undefer(PayoutBatch.file))
        .execution_options(populate_existing=True)
    )
    if batch is None:
        raise NotFound(kind="payout batch")
    if batch.released_by is None:
        raise BatchNotReleased
    if sha256(batch.file).hexdigest() != batch.file_sha256:
        raise RuntimeError(f"the stored file of batch {batch.msg_id} is not the one that was made")
    _record(session, "payout_batch.exported", batch, by=by, at=at)
    return batch, batch.file


def batches(
    session: Session, *, scheme_id: UUID | None = None, before: tuple[datetime, UUID] | None = None, limit: int = 30
) -> Sequence[PayoutBatch]:
    """List payout batches, newest first; those before `before` (created_at and id, keyset)."""
    query = select(PayoutBatch).order_by(PayoutBatch.created_at.desc(), PayoutBatch.id.desc()).limit(limit)
    if scheme_id is not None:
        query = query.where(PayoutBatch.scheme_id == scheme_id)
    if before is not None:
        query = query.where(tuple_(PayoutBatch.created_at, PayoutBatch.id) < before)
    return session.scalars(query).all()


def batch_with_payouts(session: Session, batch_id: UUID) -> tuple[PayoutBatch, Sequence[Redemption]]:
    """Return a batch and what it pays, for whoever must look before releasing it. Raises `NotFound`."""
    batch = session.scalar(select(PayoutBatch).where(PayoutBatch.id == batch_id))
    if batch is None:
        raise NotFound(kind="payout batch")
    query = select(Redemption).where(Redemption.batch_id == batch_id).order_by(Redemption.created_at, Redemption.id)
    return batch, session.scalars(query).all()


def settle_batch_if_done(session: Session, batch_id: UUID) -> None:
    """Mark a batch settled once the bank has answered for every payout in it."""
    open_states = (RedemptionState.BATCHED, RedemptionState.SENT)
    left = session.scalar(
        select(Redemption.id).where(Redemption.batch_id == batch_id, Redemption.state.in_(open_states)).limit(1)
    )
    if left is None:
        session.execute(
            update(PayoutBatch)
            .where(PayoutBatch.id == batch_id, PayoutBatch.state == BatchState.SENT)
            .values(state=BatchState.SETTLED.value)
        )


def _waiting(session: Session, scheme_id: UUID) -> Sequence[tuple[Redemption, ShopDetails]]:
    """Lock what waits: of two who make a batch at once, the second finds nothing left."""
    query = (
        select(Redemption, ShopDetails)
        .join(Shop, Shop.id == Redemption.shop_id)
        .join(ShopDetails, ShopDetails.shop_id == Redemption.shop_id)
        .where(
            Redemption.scheme_id == scheme_id,
            Redemption.state == RedemptionState.REQUESTED,
            Shop.state != ShopState.SUSPENDED,
        )
        .order_by(Redemption.created_at, Redemption.id)
        .limit(MAX_ORDERS)
        # The details too, so that an account cannot change between the look at it and the file.
        .with_for_update(of=[Redemption, ShopDetails])
        .execution_options(populate_existing=True)
    )
    return [(redemption, details) for redemption, details in session.execute(query)]


def _order(redemption: Redemption) -> PayoutOrder:
    return PayoutOrder(
        end_to_end_id=redemption.end_to_end_id,
        amount_cents=redemption.amount_cents,
        iban=redemption.iban,
        account_name=redemption.account_name,
        remittance=f"Heitjes {redemption.end_to_end_id}",
    )


def _lock(session: Session, batch_id: UUID) -> PayoutBatch:
    return lock(session, select(PayoutBatch).where(PayoutBatch.id == batch_id), kind="payout batch")


def _record(session: Session, action: str, batch: PayoutBatch, *, by: Actor, at: datetime) -> None:
    audit.record(
        session,
        action,
        by=by,
        subject=f"payout_batch:{batch.id}",
        at=at,
        msg_id=batch.msg_id,
        total_cents=batch.total_cents,
        orders=batch.orders,
        file_sha256=batch.file_sha256,
    )
