# SPDX-License-Identifier: EUPL-1.2
"""Signing: a sealed operation becomes a transaction that is stored before any node sees it.

One operation after the other: the next is tried out and signed only when the one before is in a block. A failing
trial skips nothing; the queue stands still and an alarm says why.
"""

from dataclasses import dataclass
from datetime import datetime

from eth_utils.crypto import keccak
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from token_bridge.bridge import Bridge, halt, raise_alarm
from token_bridge.chain import CallReverted, Fees, address_of
from token_bridge.models import Attempt, Batch, Deployment, Kind, State

GAS_MARGIN = 1.2
GAS_CAP = 16_777_216
"""No node takes a transaction with more (EIP-7825)."""
PROCESSED = keccak(text="Processed(bytes32,bytes32)")


@dataclass(frozen=True, kw_only=True)
class Signed:
    """A transaction that nobody has seen yet."""

    raw: bytes
    transaction_hash: bytes
    nonce: int
    gas: int
    fees: Fees


def sign_next(bridge: Bridge, deployment: Deployment, *, at: datetime) -> bool:
    """Sign the next operation if its turn has come; return whether it was signed."""
    batch = next_to_sign(bridge.session, deployment)
    if batch is None or deployment.halted_at is not None:
        return False
    bridge.keep()
    if batch.kind != Kind.CREATE and _is_done_already(bridge, deployment, batch, at=at):
        return False
    target = None if batch.kind == Kind.CREATE else deployment.address
    try:
        bridge.chain.simulate(bridge.signer.address, target, batch.payload)
        gas = int(bridge.chain.estimate_gas(bridge.signer.address, target, batch.payload) * GAS_MARGIN)
    except CallReverted as refused:
        halt(bridge.session, deployment, "simulation-failed", at=at, sequence=batch.sequence, reason=str(refused))
        bridge.keep()
        return False
    batch.nonce = _free_nonce(bridge, deployment, at=at)
    signed = signed_transaction(bridge, deployment, batch, gas=min(gas, GAS_CAP), fees=bridge.chain.fees())
    store_attempt(bridge, batch, signed, at=at)
    batch.state = State.SIGNED
    if batch.kind == Kind.CREATE:
        deployment.address = address_of(bridge.signer.address, batch.nonce)
    bridge.keep()
    return True


def next_to_sign(session: Session, deployment: Deployment) -> Batch | None:
    """Return the next sealed operation, unless one before it is not in a block yet."""
    query = (
        select(Batch)
        .where(Batch.deployment_id == deployment.id, Batch.state.not_in([State.MINED, State.CONFIRMED]))
        .order_by(Batch.sequence)
        .limit(1)
    )
    batch = session.scalar(query)
    return batch if batch is not None and batch.state == State.SEALED else None


def signed_transaction(bridge: Bridge, deployment: Deployment, batch: Batch, *, gas: int, fees: Fees) -> Signed:
    """Sign the operation at its nonce, for this chain alone."""
    if batch.nonce is None:
        raise ValueError(f"operation {batch.sequence} has no nonce yet")
    transaction = {
        "type": 2,
        "chainId": deployment.chain_id,
        "nonce": batch.nonce,
        "gas": gas,
        "maxFeePerGas": min(fees.max_fee_wei, bridge.rules.max_fee_wei),
        "maxPriorityFeePerGas": min(fees.tip_wei, bridge.rules.max_fee_wei),
        "value": 0,
        "data": batch.payload,
    }
    if batch.kind != Kind.CREATE:
        transaction["to"] = deployment.address
    raw, transaction_hash = bridge.signer.sign(transaction)
    return Signed(raw=raw, transaction_hash=transaction_hash, nonce=batch.nonce, gas=gas, fees=fees)


def store_attempt(bridge: Bridge, batch: Batch, signed: Signed, *, at: datetime) -> Attempt:
    """Write the transaction down. The caller keeps it before sending."""
    attempt = Attempt(
        batch_id=batch.id,
        nonce=signed.nonce,
        transaction_hash=signed.transaction_hash,
        raw=signed.raw,
        gas=signed.gas,
        max_fee_wei=min(signed.fees.max_fee_wei, bridge.rules.max_fee_wei),
        tip_wei=min(signed.fees.tip_wei, bridge.rules.max_fee_wei),
        signed_at=at,
        sendings=0,
        last_answer="",
    )
    bridge.session.add(attempt)
    return attempt


def _free_nonce(bridge: Bridge, deployment: Deployment, *, at: datetime) -> int:
    """Return the nonce after what is in blocks and after what is on its way there."""
    ours = (Deployment.settler == bridge.signer.address, Deployment.chain_id == deployment.chain_id)
    on_its_way = bridge.session.scalar(
        select(func.max(Batch.nonce))
        .join(Deployment, Deployment.id == Batch.deployment_id)
        .where(*ours, Deployment.retired_at.is_(None), Batch.state.in_([State.SIGNED, State.SENT, State.MINED]))
    )
    ever = bridge.session.scalar(
        select(func.max(Attempt.nonce))
        .join(Batch, Batch.id == Attempt.batch_id)
        .join(Deployment, Deployment.id == Batch.deployment_id)
        .where(*ours)
    )
    bridge.keep()
    on_chain = bridge.chain.transaction_count(bridge.signer.address)
    if ever is not None and on_chain > ever + 1:
        raise_alarm(bridge.session, deployment, "key-used-elsewhere", at=at, expected=ever + 1, found=on_chain)
    return max(on_chain, 0 if on_its_way is None else on_its_way + 1)


def _is_done_already(bridge: Bridge, deployment: Deployment, batch: Batch, *, at: datetime) -> bool:
    """Ask the contract whether this operation was done before, as after a restore of an older database.

    The same call: take over its transaction. Another call under this id: stop, and send nothing.
    """
    if deployment.address is None:
        raise ValueError("the contract is not there yet")
    done = bridge.chain.read(deployment.address, "processed", batch.operation_id)
    if done == bytes(32):
        return False
    if done != batch.digest:
        facts = {"sequence": batch.sequence, "on_chain": done.hex(), "ours": batch.digest.hex()}
        halt(bridge.session, deployment, "chain-ahead", at=at, **facts)
    else:
        _take_over(bridge, deployment, batch, at=at)
    bridge.keep()
    return True


def _take_over(bridge: Bridge, deployment: Deployment, batch: Batch, *, at: datetime) -> None:
    assert deployment.address is not None  # noqa: S101 - checked by the caller
    head = bridge.chain.head().number
    found = list(bridge.chain.logs(deployment.address, first=0, last=head, topics=[PROCESSED, batch.operation_id]))
    if not found:
        return
    # Which nonce it had is the chain's business; ours only have to be free from here on.
    nonce = bridge.chain.transaction_count(bridge.signer.address) - 1
    transaction_hash = found[-1].transaction_hash
    query = select(Attempt).where(Attempt.batch_id == batch.id, Attempt.transaction_hash == transaction_hash)
    known = bridge.session.scalar(query)
    if known is None:
        foreign = Attempt(
            batch_id=batch.id,
            nonce=nonce,
            transaction_hash=transaction_hash,
            raw=None,
            gas=0,
            max_fee_wei=0,
            tip_wei=0,
            signed_at=at,
            sendings=0,
            last_answer="found on the chain",
        )
        bridge.session.add(foreign)
    batch.nonce, batch.state = nonce, State.SENT
