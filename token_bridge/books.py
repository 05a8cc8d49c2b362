# SPDX-License-Identifier: EUPL-1.2
"""The chain's books, rebuilt from nothing but what the contract told. Pure: anyone could do the same."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from heitje.cents import Cents
from token_bridge import contract
from token_bridge.chain import Log

NOBODY = bytes(20)


@dataclass
class ChainBooks:
    """Balances by address; funded, minted, redeemed by issuer; all in cents. Zero entries are left out."""

    balances: dict[bytes, Cents] = field(default_factory=lambda: defaultdict(int))
    funded: dict[bytes, Cents] = field(default_factory=lambda: defaultdict(int))
    minted: dict[bytes, Cents] = field(default_factory=lambda: defaultdict(int))
    redeemed: dict[bytes, Cents] = field(default_factory=lambda: defaultdict(int))

    @property
    def supply_cents(self) -> Cents:
        """All balances together."""
        return sum(self.balances.values())


def rebuild(logs: Iterable[Log], *, leaving_out: Collection[bytes] = ()) -> ChainBooks:
    """Return the books after these logs. A log that comes twice counts once.

    `leaving_out` names transactions that are not to count (yet).
    """
    books = ChainBooks()
    seen: set[tuple[bytes, int]] = set()
    for log in logs:
        place = (log.block_hash, log.index)
        if place in seen or log.transaction_hash in leaving_out:
            continue
        seen.add(place)
        told = contract.event(log.topics, log.payload)
        if told is None:
            continue
        if told.name == "Transfer":
            _move(books.balances, told.facts["from"], told.facts["to"], told.facts["value"])
        elif told.name in ("Funded", "Minted", "Redeemed"):
            totals = {"Funded": books.funded, "Minted": books.minted, "Redeemed": books.redeemed}[told.name]
            totals[told.facts["issuer"]] += told.facts["cents"]
    books.balances = {address: cents for address, cents in books.balances.items() if cents}
    return books


def _move(balances: dict[bytes, Cents], source: bytes, target: bytes, cents: Cents) -> None:
    if source != NOBODY:
        balances[source] -= cents
    if target != NOBODY:
        balances[target] += cents
