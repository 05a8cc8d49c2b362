# SPDX-License-Identifier: EUPL-1.2
"""The proof that a transfer is part of what the chain holds: for whoever made it, and for nobody else to guess."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from heitje.cents import Cents
from heitje.errors import NotFound
from token_bridge import merkle
from token_bridge.addresses import line_salt
from token_bridge.models import Batch, BatchLine, Deployment
from token_bridge.operations import NO_ISSUER, Line

LINES = text("""
    select l.*, s.address as source, t.address as target from chain_batch_lines l
    join chain_batches b on b.id = l.batch_id
    join chain_accounts s on s.deployment_id = b.deployment_id and s.account_id = l.source_id
    join chain_accounts t on t.deployment_id = b.deployment_id and t.account_id = l.target_id
    where l.batch_id = :batch order by l.line""")


@dataclass(frozen=True, kw_only=True)
class TransferProof:
    """With these, the contract's address and the event of operation `operation_id`, anyone can check the transfer."""

    operation_id: bytes
    root: bytes
    leaf: bytes
    path: Sequence[bytes]
    source: bytes
    target: bytes
    amount_cents: Cents
    salt: bytes


def prove_transfer(session: Session, secret: bytes, transfer_id: int) -> TransferProof:
    """Return the proof of a settled transfer; raises `NotFound` while it has not been sealed, or is no move."""
    line = session.scalar(select(BatchLine).where(BatchLine.transfer_id == transfer_id))
    batch = session.get(Batch, line.batch_id) if line is not None else None
    if line is None or batch is None or batch.root is None:
        raise NotFound
    scheme_id = session.get_one(Deployment, batch.deployment_id).scheme_id
    lines = [
        Line(
            transfer_id=row.transfer_id,
            source_id=row.source_id,
            source_seq=row.source_seq,
            source=bytes(row.source),
            target_id=row.target_id,
            target_seq=row.target_seq,
            target=bytes(row.target),
            amount_cents=row.amount_cents,
            issuer=NO_ISSUER,
            salt=line_salt(secret, scheme_id, row.transfer_id),
        )
        for row in session.execute(LINES, {"batch": batch.id})
    ]
    leaves = [one.leaf() for one in lines]
    mine = lines[line.line]
    return TransferProof(
        operation_id=batch.operation_id,
        root=batch.root,
        leaf=leaves[line.line],
        path=merkle.proof(leaves, line.line),
        source=mine.source,
        target=mine.target,
        amount_cents=mine.amount_cents,
        salt=mine.salt,
    )
