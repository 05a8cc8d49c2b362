# SPDX-License-Identifier: EUPL-1.2
"""Reconciling: the ledger and the chain, each in its own words, compared to the cent.

What counts is the last closing whose operations are all confirmed. Whatever the bridge has signed since is left out by
its hash (it is stored before it is sent), whatever it has not signed counts: so a mint out of band shows at once.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from heitje.cents import Cents
from heitje.errors import HeitjeError
from token_bridge import contract
from token_bridge.books import ChainBooks, rebuild
from token_bridge.bridge import halt
from token_bridge.chain import Chain
from token_bridge.models import Deployment
from token_bridge.operations import TREASURY
from token_bridge.totals import crossed_totals

COMPLETE = text("""
    select coalesce(max(closing), -1) from chain_batches b
    where deployment_id = :deployment and not exists (
      select from chain_batches o where o.deployment_id = b.deployment_id and o.closing <= b.closing
      and (o.state <> 'confirmed' or o.mined_block > :head))""")
LATER = text("""
    select a.transaction_hash from chain_attempts a join chain_batches b on b.id = a.batch_id
    where b.deployment_id = :deployment and b.closing > :closing""")
# Where each account was after its last entry on the chain, as the ledger's own entries say.
BALANCES = text("""
    with last as (
      select account_id, max(seq) as seq from (
        select l.source_id as account_id, l.source_seq as seq from chain_batch_lines l
          join chain_batches b on b.id = l.batch_id where b.deployment_id = :deployment and b.closing <= :closing
        union all
        select l.target_id, l.target_seq from chain_batch_lines l
          join chain_batches b on b.id = l.batch_id where b.deployment_id = :deployment and b.closing <= :closing
        union all
        select account_id, opening_seq from chain_accounts where deployment_id = :deployment and opening_seq > 0
      ) entries group by account_id)
    select a.account_id, a.address, e.balance_cents
    from last join chain_accounts a on a.deployment_id = :deployment and a.account_id = last.account_id
    left join ledger_entries e on e.account_id = last.account_id and e.seq = last.seq""")


@dataclass(frozen=True, kw_only=True)
class Reconciliation:
    """What was compared, in cents; `differences` is empty when ledger and chain agree to the cent."""

    closing: int
    accounts: int
    supply_cents: Cents
    funded_cents: Cents
    redeemed_cents: Cents
    differences: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class _LedgerBooks:
    balances: Mapping[bytes, Cents]
    account_of: Mapping[bytes, int]
    minted: Mapping[bytes, Cents]
    redeemed: Mapping[bytes, Cents]


class WrongChain(HeitjeError):
    """The node is of another chain than the contract."""

    code = "wrong-chain"
    title = "The node belongs to another chain than the contract. Check CHAIN_URL."


def reconcile(session: Session, chain: Chain, deployment: Deployment, *, at: datetime) -> Reconciliation:
    """Compare a scheme's ledger with its contract. A difference stops settling; shops go on."""
    if deployment.address is None:
        return Reconciliation(closing=-1, accounts=0, supply_cents=0, funded_cents=0, redeemed_cents=0, differences=())
    session.commit()
    found_chain = chain.chain_id()
    if found_chain != deployment.chain_id:
        raise WrongChain(expected=deployment.chain_id, found=found_chain)
    # The head first, the database after it: then every transaction in these blocks is known to be ours, or is not ours.
    head = chain.head().number
    closing, later, ledger = _ledger_side(session, deployment, head)
    session.commit()
    logs = list(chain.logs(deployment.address, first=0, last=head))
    books = rebuild(logs, leaving_out=later)
    differences = [
        *_balances(books, ledger),
        *_issuers(books, ledger),
        *_supply(chain, deployment, head, rebuild(logs)),
    ]
    if differences:
        halt(session, deployment, "ledger-differs-from-chain", at=at, differences=differences[:20])
        session.commit()
    return Reconciliation(
        closing=closing,
        accounts=len(ledger.balances),
        supply_cents=books.supply_cents,
        funded_cents=sum(books.funded.values()),
        redeemed_cents=sum(books.redeemed.values()),
        differences=tuple(differences),
    )


def _ledger_side(session: Session, deployment: Deployment, head: int) -> tuple[int, set[bytes], _LedgerBooks]:
    """Read the ledger's side up to the last complete closing. No snapshot is needed: nothing of that changes any more."""
    closing = session.execute(COMPLETE, {"deployment": deployment.id, "head": head}).scalar_one()
    # The operator's role gives up after seconds; a year of a town takes longer.
    session.execute(text("select set_config('statement_timeout', '10min', true)"))
    bounds: dict[str, Any] = {"deployment": deployment.id, "closing": closing}
    later = {bytes(found) for found in session.scalars(LATER, bounds)}
    rows = [row for row in session.execute(BALANCES, bounds) if bytes(row.address) != TREASURY]
    minted: dict[bytes, Cents] = {}
    redeemed: dict[bytes, Cents] = {}
    for total in crossed_totals(session, deployment, closing=closing):
        (minted if total.is_minted else redeemed)[total.issuer] = total.cents
    return (
        closing,
        later,
        _LedgerBooks(
            balances={bytes(row.address): row.balance_cents or 0 for row in rows},
            account_of={bytes(row.address): row.account_id for row in rows},
            minted=minted,
            redeemed=redeemed,
        ),
    )


def _balances(books: ChainBooks, ledger: _LedgerBooks) -> Iterator[str]:
    for address in sorted({*books.balances, *ledger.balances}):
        on_chain, in_ledger = books.balances.get(address, 0), ledger.balances.get(address, 0)
        if on_chain != in_ledger:
            account = ledger.account_of.get(address)
            who = f"account {account}" if account is not None else "no account of ours"
            name = "the clearing account" if address == contract.CLEARING else f"{who} (0x{address.hex()})"
            yield f"{name}: {in_ledger} cents in the ledger, {on_chain} on the chain, {on_chain - in_ledger:+d}"


def _issuers(books: ChainBooks, ledger: _LedgerBooks) -> Iterator[str]:
    for issuer in sorted({*books.funded, *books.minted, *ledger.minted}):
        in_ledger = ledger.minted.get(issuer, 0)
        funded, minted = books.funded.get(issuer, 0), books.minted.get(issuer, 0)
        if not minted <= funded == in_ledger == minted:
            yield (
                f"issuer 0x{issuer.hex()}: {in_ledger} cents funded in the ledger,"
                f" {funded} funded and {minted} minted on the chain"
            )
    for issuer in sorted({*books.redeemed, *ledger.redeemed}):
        in_ledger, on_chain = ledger.redeemed.get(issuer, 0), books.redeemed.get(issuer, 0)
        if in_ledger != on_chain:
            yield f"issuer 0x{issuer.hex()}: {in_ledger} cents redeemed in the ledger, {on_chain} on the chain"


def _supply(chain: Chain, deployment: Deployment, head: int, told: ChainBooks) -> Iterator[str]:
    """The contract's own totals must be what its events add up to."""
    assert deployment.address is not None  # noqa: S101 - checked by the caller
    supply = chain.read(deployment.address, "totalSupply", block=head)
    minted = chain.read(deployment.address, "totalMinted", block=head)
    redeemed = chain.read(deployment.address, "totalRedeemed", block=head)
    if not supply == minted - redeemed == told.supply_cents:
        yield (
            f"supply: {supply} cents, minted {minted} - redeemed {redeemed},"
            f" balances told by events {told.supply_cents}"
        )


def live_deployments(session: Session) -> list[Deployment]:
    """List the contracts that are in use."""
    return list(session.scalars(select(Deployment).where(Deployment.retired_at.is_(None)).order_by(Deployment.id)))
