# SPDX-License-Identifier: EUPL-1.2
"""Confirming: from sent to mined to confirmed, back when a block is dropped, and a stop when the chain says no."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from token_bridge import contract
from token_bridge.bridge import Bridge, clear_alarm, halt, in_flight
from token_bridge.chain import Log, Receipt
from token_bridge.contract import Event
from token_bridge.models import Batch, Deployment, Kind, State
from token_bridge.send import attempts_of

BROKEN = {"confirmed-block-gone", "event-differs"}
"""After these nothing counts as confirmed until a person has looked."""


def watch(bridge: Bridge, deployment: Deployment, *, at: datetime) -> None:
    """Look up every operation in flight, then confirm those that are deep enough."""
    for batch in in_flight(bridge.session, deployment):
        _look_up(bridge, deployment, batch, at=at)
    bridge.keep()
    _check_history(bridge, deployment, at=at)
    mined = [batch for batch in in_flight(bridge.session, deployment) if batch.state == State.MINED]
    if mined and deployment.halted_code not in BROKEN:
        bridge.keep()
        head = bridge.chain.head().number
        for batch in mined:
            # In their order: nothing is confirmed before what it builds on.
            if batch.mined_block is None or head - batch.mined_block < bridge.rules.confirmations:
                break
            if not _confirm(bridge, deployment, batch, at=at):
                break
    bridge.keep()


def _receipt_of(bridge: Bridge, batch: Batch) -> Receipt | None:
    """Return the receipt of whichever attempt is in a block."""
    hashes = [attempt.transaction_hash for attempt in attempts_of(bridge.session, batch)]
    bridge.keep()
    for transaction_hash in hashes:
        receipt = bridge.chain.receipt(transaction_hash)
        if receipt is not None:
            return receipt
    return None


def _look_up(bridge: Bridge, deployment: Deployment, batch: Batch, *, at: datetime) -> None:
    receipt = _receipt_of(bridge, batch)
    if receipt is None:
        if batch.state == State.MINED:
            _orphan(bridge, batch)
        return
    if not receipt.succeeded:
        batch.state = State.REVERTED
        facts = {"sequence": batch.sequence, "transaction": receipt.transaction_hash.hex()}
        halt(bridge.session, deployment, "reverted", at=at, **facts)
        return
    if batch.state == State.MINED and batch.mined_hash != receipt.block_hash:
        batch.orphaned += 1
    batch.state = State.MINED
    batch.mined_block, batch.mined_hash = receipt.block_number, receipt.block_hash
    batch.gas_used = receipt.gas_used
    clear_alarm(bridge.session, deployment, "transaction-stuck", at=at)


def _orphan(bridge: Bridge, batch: Batch) -> None:
    """Its block is gone: the transaction waits again, and is sent again at once."""
    batch.state = State.SENT
    batch.mined_block = batch.mined_hash = batch.gas_used = None
    batch.orphaned += 1
    for attempt in attempts_of(bridge.session, batch):
        attempt.last_sent_at = None


def _check_history(bridge: Bridge, deployment: Deployment, *, at: datetime) -> None:
    """What was confirmed stays: if its block is not there any more, stop, a person must look."""
    query = (
        select(Batch)
        .where(Batch.deployment_id == deployment.id, Batch.state == State.CONFIRMED)
        .order_by(Batch.sequence.desc())
        .limit(1)
    )
    last = bridge.session.scalar(query)
    bridge.keep()
    if last is None or last.mined_block is None or deployment.halted_at is not None:
        return
    found = bridge.chain.block_hash(last.mined_block)
    if found != last.mined_hash and (found is not None or bridge.chain.head().number >= last.mined_block):
        facts = {"sequence": last.sequence, "block": last.mined_block}
        halt(bridge.session, deployment, "confirmed-block-gone", at=at, **facts)
        bridge.keep()


def rewind(bridge: Bridge, deployment: Deployment) -> int:
    """Take back what was confirmed in blocks that are gone, so that it is sent again; return how many that were."""
    query = (
        select(Batch)
        .where(Batch.deployment_id == deployment.id, Batch.state == State.CONFIRMED)
        .order_by(Batch.sequence.desc())
    )
    gone = 0
    for batch in bridge.session.scalars(query):
        if bridge.chain.block_hash(batch.mined_block or 0) == batch.mined_hash:
            break
        batch.confirmed_at = None
        _orphan(bridge, batch)
        gone += 1
    return gone


def _confirm(bridge: Bridge, deployment: Deployment, batch: Batch, *, at: datetime) -> bool:
    if bridge.chain.block_hash(batch.mined_block or 0) != batch.mined_hash:
        return False  # the next look-up finds out where it went
    receipt = _receipt_of(bridge, batch)
    if receipt is None or receipt.block_hash != batch.mined_hash:
        return False
    if not _says_what_was_sealed(bridge, deployment, batch, receipt.logs):
        halt(bridge.session, deployment, "event-differs", at=at, sequence=batch.sequence)
        return False
    batch.state, batch.confirmed_at = State.CONFIRMED, at
    return True


def _says_what_was_sealed(bridge: Bridge, deployment: Deployment, batch: Batch, logs: Sequence[Log]) -> bool:
    if batch.kind == Kind.CREATE:
        code = bridge.chain.code(deployment.address) if deployment.address else b""
        return code == bytes.fromhex(contract.artefact()["deployed_bytecode"].removeprefix("0x"))
    told = [contract.event(log.topics, log.payload) for log in logs]
    if Event("Processed", {"id": batch.operation_id, "digest": batch.digest}) not in told:
        return False
    if batch.kind != Kind.SETTLE:
        return True
    facts = {
        "id": batch.operation_id,
        "root": batch.root,
        "count": batch.move_count,
        "volume": batch.volume_cents,
    }
    return Event("BatchSettled", facts) in told
