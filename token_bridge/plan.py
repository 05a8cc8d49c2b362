# SPDX-License-Identifier: EUPL-1.2
"""Closing a batch: lines leave the ledger's outbox and become sealed operations, in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from eth_utils.crypto import keccak
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from token_bridge.addresses import account_address, issuer_id, line_salt, operation_id
from token_bridge.bridge import Bridge, next_sequence, raise_alarm
from token_bridge.models import Batch, BatchLine, ChainAccount, Deployment, State
from token_bridge.operations import NO_ISSUER, TREASURY, InLedgerOrder, Line, Operation, operations_for

WINDOW = 4
"""So many times a batch is looked at, to find lines that others must wait for."""

WAITING = text("""
    select t.id, t.at, t.amount_cents, t.source_id, s.kind as source_kind, t.target_id, g.kind as target_kind,
           case when s.kind = 'treasury' then g.tenant_id when t.kind = 'refund_funding' then s.tenant_id end as tenant_id
    from ledger_outbox o
    join ledger_transfers t on t.id = o.transfer_id
    join ledger_accounts s on s.id = t.source_id
    join ledger_accounts g on g.id = t.target_id
    where o.scheme_id = :scheme_id order by o.transfer_id limit :limit""")
ENTRIES = text("""
    select e.transfer_id, e.account_id, e.seq
    from unnest(cast(:accounts as bigint[]), cast(:seqs as bigint[])) as up(account_id, seq)
    join ledger_entries e on e.account_id = up.account_id and e.seq > up.seq and e.seq <= up.seq + :limit
    where e.transfer_id = any(:transfers)""")
TAKE = text("delete from ledger_outbox where transfer_id = any(:transfers)")


@dataclass(frozen=True, kw_only=True)
class _Waiting:
    row: Any
    source_seq: int
    target_seq: int

    def places(self) -> tuple[tuple[int, int], ...]:
        return (self.row.source_id, self.source_seq), (self.row.target_id, self.target_seq)


def close_batch(bridge: Bridge, deployment: Deployment, *, at: datetime) -> int:
    """Seal the lines that wait, if there are enough or they waited long enough; return how many were sealed.

    While an earlier closing is still unsigned nothing is sealed: the outbox can wait, a sealed operation cannot change.
    """
    session, rules = bridge.session, bridge.rules
    if _has_sealed(session, deployment):
        return 0
    limit = rules.lines * WINDOW
    rows = session.execute(WAITING, {"scheme_id": deployment.scheme_id, "limit": limit}).all()
    if not rows or (len(rows) < rules.lines and min(row.at for row in rows) + timedelta(seconds=rules.seconds) > at):
        return 0

    known = _known_accounts(session, deployment, rows)
    chosen = _choose(session, rows, known, rules.lines, limit)
    if not chosen:
        raise_alarm(session, deployment, "outbox-gap", at=at, oldest_transfer_id=rows[0].id)
        return 0
    fresh = _meet_accounts(bridge, deployment, chosen, known)
    lines = [_line(bridge.secret, deployment.scheme_id, one, known) for one in chosen]
    seal(session, deployment, operations_for(lines, new_addresses=fresh, net=deployment.net), at=at)
    session.execute(TAKE, {"transfers": [line.transfer_id for line in lines]})
    return len(lines)


def _has_sealed(session: Session, deployment: Deployment) -> bool:
    waiting = (State.SEALED, State.REVERTED)
    query = select(Batch.id).where(Batch.deployment_id == deployment.id, Batch.state.in_(waiting)).limit(1)
    return session.scalar(query) is not None


def _known_accounts(session: Session, deployment: Deployment, rows: Sequence[Any]) -> dict[int, ChainAccount]:
    touched = {account for row in rows for account in (row.source_id, row.target_id)}
    query = select(ChainAccount).where(
        ChainAccount.deployment_id == deployment.id, ChainAccount.account_id.in_(touched)
    )
    return {account.account_id: account for account in session.scalars(query)}


def _choose(
    session: Session, rows: Sequence[Any], known: dict[int, ChainAccount], wanted: int, limit: int
) -> list[_Waiting]:
    touched = {account for row in rows for account in (row.source_id, row.target_id)}
    taken_up = {account: known[account].sealed_seq if account in known else 0 for account in touched}
    entries = session.execute(
        ENTRIES,
        {
            "accounts": list(taken_up),
            "seqs": list(taken_up.values()),
            "limit": limit,
            "transfers": [row.id for row in rows],
        },
    )
    seqs = {(entry.transfer_id, entry.account_id): entry.seq for entry in entries}
    waiting = [
        _Waiting(row=row, source_seq=seqs[row.id, row.source_id], target_seq=seqs[row.id, row.target_id])
        for row in rows
        if (row.id, row.source_id) in seqs and (row.id, row.target_id) in seqs
    ]
    return InLedgerOrder(taken_up).first(wanted, waiting, _Waiting.places)


def _meet_accounts(
    bridge: Bridge, deployment: Deployment, chosen: Sequence[_Waiting], known: dict[int, ChainAccount]
) -> list[bytes]:
    """Give every account its address and note how far it is taken up; return the addresses that are new."""
    fresh: list[bytes] = []
    for one in chosen:
        kinds = {one.row.source_id: one.row.source_kind, one.row.target_id: one.row.target_kind}
        for account_id, seq in one.places():
            account = known.get(account_id)
            if account is None:
                treasury = kinds[account_id] == "treasury"
                address = TREASURY if treasury else account_address(bridge.secret, deployment.scheme_id, account_id)
                account = ChainAccount(
                    deployment_id=deployment.id, account_id=account_id, address=address, sealed_seq=0
                )
                bridge.session.add(account)
                known[account_id] = account
                if not treasury:
                    fresh.append(address)
            account.sealed_seq = seq
    return fresh


def _line(secret: bytes, scheme_id: UUID, one: _Waiting, known: dict[int, ChainAccount]) -> Line:
    row = one.row
    return Line(
        transfer_id=row.id,
        source_id=row.source_id,
        source_seq=one.source_seq,
        source=known[row.source_id].address,
        target_id=row.target_id,
        target_seq=one.target_seq,
        target=known[row.target_id].address,
        amount_cents=row.amount_cents,
        issuer=issuer_id(row.tenant_id) if row.tenant_id else NO_ISSUER,
        salt=line_salt(secret, scheme_id, row.id),
    )


def seal(
    session: Session, deployment: Deployment, operations: Sequence[Operation], *, at: datetime, keep_lines: bool = True
) -> None:
    """Queue operations as one closing, with the lines they were made of unless they are an opening's."""
    sequence = next_sequence(session, deployment)
    last = session.scalar(select(func.max(Batch.closing)).where(Batch.deployment_id == deployment.id))
    closing = (last or 0) + 1
    for number, operation in enumerate(operations, start=sequence):
        this_id = operation_id(deployment.id, number)
        payload = operation.payload(this_id)
        batch = Batch(
            deployment_id=deployment.id,
            sequence=number,
            closing=closing,
            kind=operation.kind,
            operation_id=this_id,
            payload=payload,
            digest=keccak(payload),
            root=operation.root,
            move_count=operation.move_count,
            volume_cents=operation.volume_cents,
            state=State.SEALED,
            orphaned=0,
            sealed_at=at,
        )
        session.add(batch)
        session.flush()
        session.add_all(
            BatchLine(
                batch_id=batch.id,
                line=place,
                transfer_id=line.transfer_id,
                source_id=line.source_id,
                source_seq=line.source_seq,
                target_id=line.target_id,
                target_seq=line.target_seq,
                amount_cents=line.amount_cents,
            )
            for place, line in enumerate(operation.lines if keep_lines else ())
        )
