# SPDX-License-Identifier: EUPL-1.2
"""A new contract takes over from an old one: there is no proxy, so it begins with everything that was.

Its opening funds and mints for each issuer what the ledger has minted so far, to the accounts as they are, and burns
what was redeemed. From there on the lines follow as if nothing had happened.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from eth_utils.crypto import keccak
from sqlalchemy import select, text

from heitje.cents import Cents
from heitje.errors import Conflict
from token_bridge.addresses import account_address, issuer_id
from token_bridge.bridge import Bridge
from token_bridge.deploy import deploy
from token_bridge.models import Batch, ChainAccount, Deployment, State
from token_bridge.operations import NO_ISSUER, TREASURY, Line, operations_for
from token_bridge.plan import seal

GONE = keccak(text="heitje.redeemed-before")[-20:]
"""Stands for all who redeemed before: gets what they had, and has it burned in the same opening."""

BALANCES = text("""
    select a.account_id, a.sealed_seq, e.balance_cents, a.address = :treasury as is_treasury
    from chain_accounts a
    join ledger_entries e on e.account_id = a.account_id and e.seq = a.sealed_seq
    where a.deployment_id = :deployment order by a.account_id""")
TOTALS = text("""
    select t.kind, case when t.kind = 'mint' then g.tenant_id when t.kind = 'refund_funding' then s.tenant_id end
      as tenant_id, sum(t.amount_cents) as cents
    from chain_batch_lines l
    join chain_batches b on b.id = l.batch_id
    join chain_deployments d on d.id = b.deployment_id
    join ledger_transfers t on t.id = l.transfer_id
    join ledger_accounts s on s.id = t.source_id
    join ledger_accounts g on g.id = t.target_id
    where t.kind in ('mint', 'reissue', 'burn', 'refund_funding') and d.scheme_id = :scheme
    group by 1, 2 order by 1, 2""")


MINTING = ("mint", "reissue")


def redeploy(bridge: Bridge, old: Deployment, *, admin: bytes, at: datetime) -> Deployment:
    """Retire a contract and queue its successor with its opening.

    Raises `Conflict` while an operation of the old one is on its way: it must be settled first, or known to be lost.
    """
    session = bridge.session
    on_its_way = (State.SIGNED, State.SENT, State.MINED)
    query = select(Batch.id).where(Batch.deployment_id == old.id, Batch.state.in_(on_its_way)).limit(1)
    if old.halted_at is None and session.scalar(query) is not None:
        raise Conflict(deployment=old.id, reason="operations are on their way")
    accounts = session.execute(BALANCES, {"deployment": old.id, "treasury": TREASURY}).all()
    totals = session.execute(TOTALS, {"scheme": old.scheme_id}).all()
    old.retired_at = at
    session.flush()
    new = deploy(bridge, old.scheme_id, chain_id=bridge.chain.chain_id(), admin=admin, at=at)
    addresses = _take_over_accounts(bridge, new, accounts)
    minted = [(_issuer(row.tenant_id), int(row.cents)) for row in totals if row.kind in MINTING]
    burned = [(_issuer(row.tenant_id), int(row.cents)) for row in totals if row.kind not in MINTING]
    held = [(addresses[row.account_id], row.balance_cents) for row in accounts if not row.is_treasury]
    lines = list(_opening(minted, [*held, (GONE, sum(cents for _, cents in burned))]))
    lines += [_line(GONE, TREASURY, cents, issuer) for issuer, cents in burned]
    fresh = [addresses[row.account_id] for row in accounts if not row.is_treasury] + ([GONE] if burned else [])
    if lines:
        seal(session, new, operations_for(lines, new_addresses=fresh, net=new.net), at=at, keep_lines=False)
    return new


def _take_over_accounts(bridge: Bridge, new: Deployment, accounts: Sequence[Any]) -> dict[int, bytes]:
    addresses: dict[int, bytes] = {}
    for row in accounts:
        addresses[row.account_id] = TREASURY if row.is_treasury else _address(bridge, new.scheme_id, row.account_id)
        bridge.session.add(
            ChainAccount(
                deployment_id=new.id,
                account_id=row.account_id,
                address=addresses[row.account_id],
                sealed_seq=row.sealed_seq,
                opening_seq=row.sealed_seq,
            )
        )
    return addresses


def _issuer(tenant_id: UUID | None) -> bytes:
    return issuer_id(tenant_id) if tenant_id else NO_ISSUER


def _address(bridge: Bridge, scheme_id: UUID, account_id: int) -> bytes:
    return account_address(bridge.secret, scheme_id, account_id)


def _opening(minted: list[tuple[bytes, Cents]], wanted: list[tuple[bytes, Cents]]) -> Iterator[Line]:
    """Share what was minted out over those who have it now: both sides are the same sum."""
    if sum(cents for _, cents in minted) != sum(cents for _, cents in wanted):
        raise Conflict(reason="the sealed balances are not what was minted")
    left = list(reversed(minted))
    for address, cents in wanted:
        missing = cents
        while missing:
            issuer, available = left.pop()
            part = min(missing, available)
            yield _line(TREASURY, address, part, issuer)
            missing -= part
            if available > part:
                left.append((issuer, available - part))


def _line(source: bytes, target: bytes, cents: Cents, issuer: bytes) -> Line:
    return Line(
        transfer_id=0,
        source_id=0,
        source_seq=0,
        source=source,
        target_id=0,
        target_seq=0,
        target=target,
        amount_cents=cents,
        issuer=issuer,
        salt=bytes(32),
    )
