# SPDX-License-Identifier: EUPL-1.2
"""Sending: hand a stored transaction to a node, again if need be, and replace one that got stuck.

The same bytes may be sent any number of times; a replacement has the same nonce, so that only one can ever count.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from token_bridge.bridge import Bridge, clear_alarm, in_flight, raise_alarm
from token_bridge.chain import Fees, Sending
from token_bridge.models import Attempt, Batch, Deployment, State
from token_bridge.sign import signed_transaction, store_attempt

REPLACE_AFTER = 3
"""Times the patience, then a better paid transaction takes the place of one that is in no block."""


def send_waiting(bridge: Bridge, deployment: Deployment, *, at: datetime) -> None:
    """Send what was signed and never arrived, send again what is silent, replace what is stuck."""
    for batch in in_flight(bridge.session, deployment):
        if batch.state == State.MINED:
            continue
        attempt = attempts_of(bridge.session, batch)[0]
        if attempt.raw is None:
            continue
        if attempt.last_sent_at is None or batch.state == State.SIGNED:
            broadcast(bridge, deployment, batch, attempt, at=at)
        elif attempt.signed_at + bridge.rules.patience * REPLACE_AFTER <= at:
            replace(bridge, deployment, batch, attempt, at=at)
        elif attempt.last_sent_at + bridge.rules.patience <= at:
            broadcast(bridge, deployment, batch, attempt, at=at)


def attempts_of(session: Session, batch: Batch) -> Sequence[Attempt]:
    """List the transactions signed for an operation, newest first."""
    return session.scalars(select(Attempt).where(Attempt.batch_id == batch.id).order_by(Attempt.id.desc())).all()


def broadcast(bridge: Bridge, deployment: Deployment, batch: Batch, attempt: Attempt, *, at: datetime) -> None:
    """Send one stored transaction. `NodeUnavailable` passes through: it may have arrived, and it may be sent again."""
    if attempt.raw is None:
        return
    bridge.keep()
    outcome, words = bridge.chain.send_raw(attempt.raw)
    attempt.last_sent_at, attempt.last_answer = at, words
    attempt.sendings += 1
    if batch.state == State.SIGNED:
        batch.state = State.SENT
    if outcome in (Sending.TAKEN, Sending.KNOWN):
        clear_alarm(bridge.session, deployment, "transaction-refused", at=at)
    elif outcome is Sending.NONCE_USED:
        _nonce_is_gone(bridge, deployment, batch, at=at)
    elif outcome is Sending.UNDERPRICED:
        bridge.keep()
        replace(bridge, deployment, batch, attempt, at=at, send=False)
    else:
        raise_alarm(bridge.session, deployment, "transaction-refused", at=at, sequence=batch.sequence, reason=words)
    bridge.keep()


def replace(
    bridge: Bridge, deployment: Deployment, batch: Batch, attempt: Attempt, *, at: datetime, send: bool = True
) -> None:
    """Sign the operation again at the same nonce with both fees an eighth higher, store it, and send it."""
    rules = bridge.rules
    bridge.keep()
    now = bridge.chain.fees()
    fees = Fees(
        max(_eighth_more(attempt.max_fee_wei), now.max_fee_wei), max(_eighth_more(attempt.tip_wei), now.tip_wei)
    )
    signed_so_far = len(attempts_of(bridge.session, batch))
    if fees.max_fee_wei > rules.max_fee_wei or signed_so_far >= rules.max_attempts:
        facts = {"sequence": batch.sequence, "attempts": signed_so_far, "max_fee_wei": str(attempt.max_fee_wei)}
        raise_alarm(bridge.session, deployment, "transaction-stuck", at=at, **facts)
        bridge.keep()
        if send and attempt.last_sent_at is not None and attempt.last_sent_at + rules.patience <= at:
            broadcast(bridge, deployment, batch, attempt, at=at)
        return
    signed = signed_transaction(bridge, deployment, batch, gas=attempt.gas, fees=fees)
    better = store_attempt(bridge, batch, signed, at=at)
    bridge.keep()
    if send:
        broadcast(bridge, deployment, batch, better, at=at)


def _eighth_more(wei: int) -> int:
    """Return 12.5 % more, rounded up: what nodes ask of a replacement, on both fees."""
    return wei + -(-wei // 8)


def _nonce_is_gone(bridge: Bridge, deployment: Deployment, batch: Batch, *, at: datetime) -> None:
    """One of ours is in a block already, or somebody else used the key: then sign afresh, the id works once anyway."""
    hashes = [attempt.transaction_hash for attempt in attempts_of(bridge.session, batch)]
    bridge.keep()
    if any(bridge.chain.receipt(transaction_hash) is not None for transaction_hash in hashes):
        return
    if batch.nonce is None or bridge.chain.transaction_count(bridge.signer.address) <= batch.nonce:
        return  # this node is behind the one that answered
    raise_alarm(bridge.session, deployment, "key-used-elsewhere", at=at, sequence=batch.sequence, nonce=batch.nonce)
    batch.state, batch.nonce = State.SEALED, None
