# SPDX-License-Identifier: EUPL-1.2
"""From lines of the ledger to operations of the contract. Pure: the same lines give the same bytes.

The operations of one closing are done in this order, which is always possible if the ledger's own order was:
new accounts are allowed, funding is recorded, minted, moves are settled, and what was paid out is burned.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from eth_abi.abi import encode

from heitje.cents import Cents
from token_bridge import contract, merkle
from token_bridge.models import Kind

TREASURY = bytes(20)
"""The treasury is not on the chain: what comes out of it is minted, what goes into it is burned."""
NO_ISSUER = bytes(32)

Move = tuple[bytes, bytes, Cents]


@dataclass(frozen=True, kw_only=True)
class Line:
    """A transfer, with the addresses that stand for its accounts and its place in each."""

    transfer_id: int
    source_id: int
    source_seq: int
    source: bytes
    target_id: int
    target_seq: int
    target: bytes
    amount_cents: Cents
    issuer: bytes
    salt: bytes

    def leaf(self) -> bytes:
        """Return the line as a leaf of the batch's tree. The salt keeps outsiders from guessing it."""
        types = ["uint256", "address", "address", "uint256", "bytes32"]
        values = [self.transfer_id, self.source, self.target, self.amount_cents, self.salt]
        return merkle.leaf(encode(types, values))


@dataclass(frozen=True, kw_only=True)
class Operation:
    """A call of the contract that still lacks its id."""

    kind: Kind
    function: str
    values: Sequence[Any]
    lines: Sequence[Line] = ()
    root: bytes | None = None
    move_count: int
    volume_cents: Cents

    def payload(self, operation_id: bytes) -> bytes:
        """Return the bytes of the call."""
        return contract.call(self.function, operation_id, *self.values)


def operations_for(lines: Sequence[Line], *, new_addresses: Sequence[bytes], net: bool) -> list[Operation]:
    """Return the operations that bring these lines onto the chain, in the order in which they must be done."""
    mints = [line for line in lines if line.source == TREASURY]
    burns = [line for line in lines if line.target == TREASURY]
    moves = [line for line in lines if TREASURY not in (line.source, line.target)]
    return [
        *(_allow(part) for part in _parts(new_addresses)),
        *(_fund(part) for part in _parts(_funded(mints))),
        *(_mint(part) for part in _parts(mints)),
        *(_settle(part, net=net) for part in (_net_parts(moves) if net else _parts(moves))),
        *(_redeem(part) for part in _parts(burns)),
    ]


def _parts(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(items), contract.MAX_LINES):
        yield items[start : start + contract.MAX_LINES]


def _net_parts(lines: Iterable[Line]) -> Iterator[Sequence[Line]]:
    """Cut where one more line could need more moves than an operation may have."""
    part: list[Line] = []
    touched: set[bytes] = set()
    for line in lines:
        if len(touched | {line.source, line.target}) > contract.MAX_LINES:
            yield part
            part, touched = [], set()
        part.append(line)
        touched |= {line.source, line.target}
    if part:
        yield part


def _allow(addresses: Sequence[bytes]) -> Operation:
    return Operation(kind=Kind.ALLOW, function="allow", values=[addresses], move_count=len(addresses), volume_cents=0)


def _funded(mints: Sequence[Line]) -> list[tuple[bytes, Cents]]:
    totals: dict[bytes, Cents] = defaultdict(int)
    for line in mints:
        totals[line.issuer] += line.amount_cents
    return sorted(totals.items())


def _fund(fundings: Sequence[tuple[bytes, Cents]]) -> Operation:
    return Operation(
        kind=Kind.FUND,
        function="recordFunding",
        values=[fundings],
        move_count=len(fundings),
        volume_cents=sum(cents for _, cents in fundings),
    )


def _mint(lines: Sequence[Line]) -> Operation:
    issues = [(line.issuer, line.target, line.amount_cents) for line in lines]
    return _of_lines(Kind.MINT, "mint", lines, issues)


def _redeem(lines: Sequence[Line]) -> Operation:
    redemptions = [(line.issuer, line.source, line.amount_cents) for line in lines]
    return _of_lines(Kind.REDEEM, "redeem", lines, redemptions)


def _of_lines(kind: Kind, function: str, lines: Sequence[Line], values: Sequence[Any]) -> Operation:
    return Operation(
        kind=kind,
        function=function,
        values=[values],
        lines=lines,
        move_count=len(values),
        volume_cents=sum(line.amount_cents for line in lines),
    )


def _settle(lines: Sequence[Line], *, net: bool) -> Operation:
    moves = net_moves(lines) if net else [(line.source, line.target, line.amount_cents) for line in lines]
    root = merkle.root([line.leaf() for line in lines])
    return Operation(
        kind=Kind.SETTLE,
        function="settleBatch",
        values=[root, moves],
        lines=lines,
        root=root,
        move_count=len(moves),
        volume_cents=sum(cents for _, _, cents in moves),
    )


def net_moves(lines: Iterable[Line]) -> list[Move]:
    """Return each account's difference as a move to or from the clearing account; who pays comes first."""
    deltas: dict[bytes, Cents] = defaultdict(int)
    for line in lines:
        deltas[line.source] -= line.amount_cents
        deltas[line.target] += line.amount_cents
    paying = [(address, contract.CLEARING, -cents) for address, cents in sorted(deltas.items()) if cents < 0]
    getting = [(contract.CLEARING, address, cents) for address, cents in sorted(deltas.items()) if cents > 0]
    # Lines that cancel each other out still leave their root: an operation may not be empty.
    return paying + getting or [(contract.CLEARING, contract.CLEARING, 0)]


@dataclass
class InLedgerOrder:
    """Puts lines in an order in which each account's entries follow each other without a gap.

    Ids do not do: a transfer can get its number before another one and its accounts after it.
    """

    taken_up: Mapping[int, int]
    """Account id to the last entry that was sealed before."""
    _next: dict[int, int] = field(init=False)

    def __post_init__(self) -> None:
        self._next = defaultdict(lambda: 1, {account: seq + 1 for account, seq in self.taken_up.items()})

    def first(
        self, limit: int, waiting: Sequence[Any], placed: Callable[[Any], tuple[tuple[int, int], ...]]
    ) -> list[Any]:
        """Return up to `limit` of the waiting lines; `placed` gives each one's (account, seq) pairs."""
        chosen: list[Any] = []
        left = list(waiting)
        while left and len(chosen) < limit:
            held_back: list[Any] = []
            for line in left:
                if len(chosen) < limit and all(self._next[account] == seq for account, seq in placed(line)):
                    chosen.append(line)
                    for account, seq in placed(line):
                        self._next[account] = seq + 1
                else:
                    held_back.append(line)
            if len(held_back) == len(left):
                break
            left = held_back
        return chosen
