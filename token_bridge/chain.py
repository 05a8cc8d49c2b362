# SPDX-License-Identifier: EUPL-1.2
"""The gateway to an EVM node: the only file that imports web3.

Bytes go in and out (addresses 20, hashes 32); what a node says in its own words is sorted into a few answers.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeVar

import requests
from eth_typing import Hash32
from web3 import HTTPProvider, Web3
from web3.exceptions import BlockNotFound, ContractLogicError, TransactionNotFound, Web3Exception, Web3RPCError
from web3.middleware import ExtraDataToPOAMiddleware
from web3.types import Nonce
from web3.utils import get_create_address

from token_bridge import contract

LOG_STRETCH = 2_000
"""Blocks asked for at once when looking for logs; many nodes refuse more."""
_TIP_FALLBACK_WEI = 10**9

_Answer = TypeVar("_Answer")


class NodeUnavailable(Exception):
    """The node did not answer, or not with sense. Whatever was asked may or may not have happened."""


class NodeRefused(Exception):
    """The node answered, and said no."""


class CallReverted(Exception):
    """The contract would refuse; the text is its own reason."""


class Sending(Enum):
    """What a node made of a signed transaction."""

    TAKEN = "taken"
    KNOWN = "known"
    NONCE_USED = "nonce used"
    UNDERPRICED = "underpriced"
    REFUSED = "refused"


@dataclass(frozen=True)
class Block:
    """A block's place, name and time (seconds since 1970)."""

    number: int
    hash: bytes
    timestamp: int


@dataclass(frozen=True)
class Fees:
    """What to offer for gas, in wei."""

    max_fee_wei: int
    tip_wei: int


@dataclass(frozen=True)
class Log:
    """One thing that a contract told, and where."""

    topics: Sequence[bytes]
    payload: bytes
    block_number: int
    block_hash: bytes
    transaction_hash: bytes
    index: int


@dataclass(frozen=True)
class Receipt:
    """What became of a transaction."""

    transaction_hash: bytes
    succeeded: bool
    block_number: int
    block_hash: bytes
    gas_used: int
    logs: Sequence[Log]


class Chain:
    """A node at an address. Every method asks it once: there is no retry inside, the bridge comes back anyway."""

    def __init__(self, url: str, *, timeout_s: float = 10.0) -> None:
        # web3 would send a signed transaction again by itself after a time-out, and then report "already known".
        provider = HTTPProvider(url, request_kwargs={"timeout": timeout_s}, exception_retry_configuration=None)
        self._web3 = Web3(provider)
        # Consensus by authority (Clique, QBFT) puts more into a block's extra data than web3 takes for possible.
        self._web3.middleware_onion.inject(ExtraDataToPOAMiddleware, layer=0)

    def chain_id(self) -> int:
        """Return the chain's id; a node of another chain shows itself here."""
        return self._ask(lambda: int(self._web3.eth.chain_id))

    def head(self) -> Block:
        """Return the newest block."""
        found = self._ask(lambda: self._web3.eth.get_block("latest"))
        return Block(found["number"], bytes(found["hash"]), found["timestamp"])

    def block_hash(self, number: int) -> bytes | None:
        """Return the hash of the block that now has this number; None when there is none."""
        try:
            return bytes(self._ask(lambda: self._web3.eth.get_block(number))["hash"])
        except BlockNotFound:
            return None

    def transaction_count(self, address: bytes) -> int:
        """Return the next nonce of an address as of the newest block."""
        return self._ask(lambda: int(self._web3.eth.get_transaction_count(_checksum(address), "latest")))

    def balance_wei(self, address: bytes) -> int:
        """Return what an address has for gas."""
        return self._ask(lambda: int(self._web3.eth.get_balance(_checksum(address))))

    def code(self, address: bytes) -> bytes:
        """Return the code at an address; empty when there is no contract."""
        return bytes(self._ask(lambda: self._web3.eth.get_code(_checksum(address))))

    def fees(self) -> Fees:
        """Return what a transaction should offer now: twice the base fee and the node's own tip."""
        base: int = self._ask(lambda: self._web3.eth.get_block("latest")).get("baseFeePerGas", 0)
        try:
            tip = self._ask(lambda: int(self._web3.eth.max_priority_fee))
        except NodeRefused:
            tip = _TIP_FALLBACK_WEI
        return Fees(2 * base + tip, tip)

    def read(self, address: bytes, name: str, *values: Any, block: int | None = None) -> Any:
        """Return what a view of the contract answers, after `block` or now."""
        message: Any = {"to": _checksum(address), "data": contract.call(name, *values)}
        octets = self._ask(lambda: self._web3.eth.call(message, block if block is not None else "latest"))
        if not octets:
            raise NodeRefused(f"there is no contract at 0x{address.hex()}")
        return contract.answer(name, bytes(octets))

    def simulate(self, sender: bytes, to: bytes | None, payload: bytes) -> None:
        """Try a call without doing it. Raises `CallReverted` with the contract's reason."""
        self._ask(lambda: self._web3.eth.call(_message(sender, to, payload)))

    def estimate_gas(self, sender: bytes, to: bytes | None, payload: bytes) -> int:
        """Return the gas that the call would take now. Raises `CallReverted`."""
        return self._ask(lambda: int(self._web3.eth.estimate_gas(_message(sender, to, payload))))

    def send_raw(self, raw: bytes) -> tuple[Sending, str]:
        """Hand in a signed transaction; returns what the node made of it, and its words.

        `NodeUnavailable` means in doubt: it may be there.
        """
        try:
            self._ask(lambda: self._web3.eth.send_raw_transaction(raw))
        except NodeRefused as refused:
            words = str(refused)
            return _sorted(words), words
        return Sending.TAKEN, ""

    def knows(self, transaction_hash: bytes) -> bool:
        """Tell whether the node has the transaction, in a block or waiting for one."""
        try:
            self._ask(lambda: self._web3.eth.get_transaction(Hash32(transaction_hash)))
        except TransactionNotFound:
            return False
        return True

    def receipt(self, transaction_hash: bytes) -> Receipt | None:
        """Return what became of a transaction; None while it is in no block."""
        try:
            found = self._ask(lambda: self._web3.eth.get_transaction_receipt(Hash32(transaction_hash)))
        except TransactionNotFound:
            return None
        return Receipt(
            transaction_hash=bytes(found["transactionHash"]),
            succeeded=found["status"] == 1,
            block_number=found["blockNumber"],
            block_hash=bytes(found["blockHash"]),
            gas_used=found["gasUsed"],
            logs=[_log(one) for one in found["logs"]],
        )

    def logs(self, address: bytes, *, first: int, last: int, topics: Sequence[Any] = ()) -> Iterator[Log]:
        """Go through the contract's logs in order, both blocks included."""
        for start in range(first, last + 1, LOG_STRETCH):
            wanted = {
                "address": _checksum(address),
                "fromBlock": start,
                "toBlock": min(start + LOG_STRETCH - 1, last),
                "topics": list(topics),
            }
            yield from self._logs(wanted)

    def _logs(self, wanted: Any) -> list[Log]:
        return [_log(one) for one in self._ask(lambda: self._web3.eth.get_logs(wanted))]

    def _ask(self, question: Callable[[], _Answer]) -> _Answer:
        try:
            return question()
        except (BlockNotFound, TransactionNotFound):
            raise
        except ContractLogicError as error:
            raise CallReverted(_reason(error)) from error
        except Web3RPCError as error:
            raise NodeRefused(str(error.rpc_response["error"] if error.rpc_response else error)) from error
        except (requests.RequestException, Web3Exception, ValueError, KeyError) as error:
            raise NodeUnavailable(f"{type(error).__name__}: {error}") from error


def address_of(creator: bytes, nonce: int) -> bytes:
    """Return the address of the contract that `creator` makes with this nonce."""
    return bytes.fromhex(get_create_address(_checksum(creator), Nonce(nonce)).removeprefix("0x"))


def _checksum(address: bytes) -> Any:
    return Web3.to_checksum_address(address)


def _message(sender: bytes, to: bytes | None, payload: bytes) -> Any:
    return {"from": _checksum(sender), "data": payload} | ({"to": _checksum(to)} if to is not None else {})


def _log(found: Any) -> Log:
    return Log(
        topics=[bytes(topic) for topic in found["topics"]],
        payload=bytes(found["data"]),
        block_number=found["blockNumber"],
        block_hash=bytes(found["blockHash"]),
        transaction_hash=bytes(found["transactionHash"]),
        index=found["logIndex"],
    )


def _reason(error: ContractLogicError) -> str:
    # Custom errors arrive undecoded.
    octets = error.data if isinstance(error.data, str) else ""
    try:
        return contract.reason(bytes.fromhex(octets.removeprefix("0x"))) if octets else str(error.message)
    except ValueError:
        return str(error.message)


def _sorted(words: str) -> Sending:
    """Sort what a node says into what it means; nodes differ in their words (geth, Besu, Nethermind, anvil)."""
    said = words.lower()
    if any(known in said for known in ("already known", "already imported", "known transaction", "alreadyknown")):
        return Sending.KNOWN
    if "nonce too low" in said or "nonce_too_low" in said or "oldnonce" in said:
        return Sending.NONCE_USED
    if any(low in said for low in ("underpriced", "fee too low", "less than block base fee", "below current minimum")):
        return Sending.UNDERPRICED
    return Sending.REFUSED
