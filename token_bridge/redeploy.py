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
from token_bridge.addresses import account_address
from token_bridge.bridge import Bridge
from token_bridge.deploy import deploy
from token_bridge.models import Batch, ChainAccount, Deployment, State
from token_bridge.operations import TREASURY, Line, operations_for
from token_bridge.plan import seal
from token_bridge.totals import crossed_totals

GONE = keccak(text="heitje.redeemed-before")[-20:]
"""Stands for all who redeemed before: gets what they had, and has it burned in the same opening."""

BALANCES = text("""
    select a.account_id, a.sealed_seq, e.balance_cents, a.address = :treasury as is_treasury
    from chain_accounts a
    join ledger_entries e on e.account_id = a.account_id and e.seq = a.sealed_seq
    where a.deployment_id = :deployment order by a.account_id""")


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
    totals = crossed_totals(session, old)
    old.retired_at = at
    session.flush()
    new = deploy(bridge, old.scheme_id, chain_id=bridge.chain.chain_id(), admin=admin, at=at)
    addresses = _take_over_accounts(bridge, new, accounts)
    minted = [(total.issuer, total.cents) for total in totals if total.is_minted]
    burned = [(total.issuer, total.cents) for total in totals if not total.is_minted]
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
