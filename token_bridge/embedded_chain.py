# SPDX-License-Identifier: EUPL-1.2
"""The embedded chain: py-evm in this process, every transaction a block, every block on the disk before it is told.

For demos, tests and towns that start small; any EVM node takes its place by `CHAIN_URL`.
"""

import secrets
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from eth.chains.base import MiningChain
from eth.constants import BLANK_ROOT_HASH, POST_MERGE_DIFFICULTY, POST_MERGE_MIX_HASH, POST_MERGE_NONCE, ZERO_ADDRESS
from eth.db.atomic import AtomicDB
from eth.exceptions import CanonicalHeadNotFound, HeaderNotFound, TransactionNotFound
from eth.exceptions import Revert as EvmRevert
from eth.vm.forks.prague import PragueVM
from eth.vm.spoof import SpoofTransaction
from eth_typing import Address, BlockNumber
from eth_utils.exceptions import ValidationError

from token_bridge.embedded_store import SqliteStore

CHAIN_IDS = range(484_549_000_000, 484_550_000_000)
"""Each embedded chain is born with one of these, so that a transaction for a lost chain counts on no other."""
GAS_LIMIT = 30_000_000
GRANT_WEI = 10**30
"""What each of the platform's own keys gets in the first block: gas costs nothing here."""
BLOCKS_ON_TOP = 12
"""After a transaction so many empty blocks follow, so that it gets its confirmations; then the chain rests."""


class CallFailed(Exception):
    """The contract refused; `output` is what it said, ABI-encoded."""

    def __init__(self, output: bytes) -> None:
        super().__init__("execution reverted")
        self.output = output


class TransactionRefused(Exception):
    """The transaction cannot go into a block; the text is what a node would say."""


class _EmbeddedMiningChain(MiningChain):
    vm_configuration = ((BlockNumber(0), PragueVM),)

    def create_header_from_parent(self, parent_header: Any, **fields: Any) -> Any:
        return super().create_header_from_parent(parent_header, **{**fields, "gas_limit": parent_header.gas_limit})


@dataclass(frozen=True)
class Call:
    """A message that changes nothing: who asks whom what."""

    sender: bytes
    to: bytes
    payload: bytes
    value: int = 0


class EmbeddedChain:
    """One chain in one folder. Thread-safe: one lock, held for each act."""

    def __init__(self, folder: Path, *, rich: Iterable[bytes]) -> None:
        self._guard = threading.RLock()
        self._store = SqliteStore(folder)
        self.chain_id = self._store.chain_id(secrets.choice(CHAIN_IDS))
        self._evm_class: Any = type("MiningChainOfHome", (_EmbeddedMiningChain,), {"chain_id": self.chain_id})
        self._evm = self._open(rich)

    def _open(self, rich: Iterable[bytes]) -> Any:
        base = AtomicDB(self._store)
        try:
            return self._evm_class(base)
        except CanonicalHeadNotFound:
            genesis: Any = {
                "coinbase": ZERO_ADDRESS,
                "difficulty": POST_MERGE_DIFFICULTY,
                "extra_data": b"",
                "gas_limit": GAS_LIMIT,
                "mix_hash": POST_MERGE_MIX_HASH,
                "nonce": POST_MERGE_NONCE,
                "receipt_root": BLANK_ROOT_HASH,
                "timestamp": int(time.time()),
                "transaction_root": BLANK_ROOT_HASH,
            }
            account: Any = {"balance": GRANT_WEI, "storage": {}, "code": b"", "nonce": 0}
            with self._store.one_block():
                return self._evm_class.from_genesis(base, genesis, {Address(address): account for address in rich})

    def close(self) -> None:
        """Let go of the folder."""
        with self._guard:
            self._store.close()

    # Writing

    def send_raw(self, raw: bytes) -> bytes:
        """Put a signed transaction into a block of its own and return its hash.

        Raises `TransactionRefused` for a known one, a wrong nonce, too low a fee or a poor sender.
        """
        with self._guard:
            transaction = self._decode(raw)
            if self.find_transaction(transaction.hash) is not None:
                raise TransactionRefused("already known")
            expected = self._evm.get_vm().state.get_nonce(transaction.sender)
            if transaction.nonce != expected:
                which = "low" if transaction.nonce < expected else "high"
                raise TransactionRefused(f"nonce too {which}: next nonce {expected}, tx nonce {transaction.nonce}")
            try:
                self._mine([transaction])
            except ValidationError as error:
                raise TransactionRefused(str(error)) from error
            found: bytes = transaction.hash
            return found

    def _decode(self, raw: bytes) -> Any:
        try:
            transaction = self._evm.get_vm().get_transaction_builder().decode(raw)
            transaction.validate()
            return transaction
        except Exception as error:
            raise TransactionRefused(f"transaction cannot be read: {error}") from error

    def mine_on_top(self) -> bool:
        """Add an empty block if the newest transaction has not enough on top; False when the chain rests."""
        with self._guard:
            if self.head_number() - self._store.last_filled() >= BLOCKS_ON_TOP:
                return False
            self._mine([])
            return True

    def _mine(self, transactions: list[Any]) -> None:
        parent = self._evm.get_canonical_head()
        self._evm.set_header_timestamp(max(parent.timestamp + 1, int(time.time())))
        try:
            with self._store.one_block():
                result, _, _ = self._evm.mine_all(transactions)
                if transactions:
                    self._store.mark_filled(result.imported_block.number)
        except BaseException:
            self._evm = self._evm_class(AtomicDB(self._store))
            raise

    # Reading

    def head_number(self) -> int:
        """Return the number of the newest block."""
        with self._guard:
            number: int = self._evm.get_canonical_head().block_number
            return number

    def block(self, number: int) -> Any | None:
        """Return the block with this number, or None."""
        with self._guard:
            try:
                return self._evm.get_canonical_block_by_number(number)
            except HeaderNotFound:
                return None

    def block_by_hash(self, block_hash: bytes) -> Any | None:
        """Return the block with this hash, or None."""
        with self._guard:
            try:
                return self._evm.get_block_by_hash(block_hash)
            except HeaderNotFound:
                return None

    def find_transaction(self, transaction_hash: bytes) -> tuple[Any, int] | None:
        """Return the block of a transaction and its place in it, or None."""
        with self._guard:
            try:
                number, index = self._evm.chaindb.get_transaction_index(transaction_hash)
            except TransactionNotFound:
                return None
            return self.block(number), index

    def receipts(self, block: Any) -> Any:
        """Return the receipts of a block, in order."""
        with self._guard:
            return block.get_receipts(self._evm.chaindb)

    def filled_blocks(self, first: int, last: int) -> Iterator[Any]:
        """Go through the blocks with transactions, both ends included."""
        with self._guard:
            numbers = self._store.filled_between(first, last)
        for number in numbers:
            yield self.block(number)

    def state(self, number: int) -> Any:
        """Return the state after block `number`: balances, nonces, code, storage."""
        with self._guard:
            return self._evm.get_vm(self._evm.get_canonical_block_header_by_number(number)).state

    def call(self, call: Call, number: int) -> bytes:
        """Return what the contract answers after block `number`; raises `CallFailed`."""
        return self._execute(call, number)[0]

    def estimate_gas(self, call: Call) -> int:
        """Return gas that is enough for this call now; raises `CallFailed`."""
        gas_used = self._execute(call, self.head_number())[1]
        # A call inside the call gets at most 63/64 of what is left.
        return min(gas_used * 64 // 63 + 5_000, GAS_LIMIT)

    def _execute(self, call: Call, number: int) -> tuple[bytes, int]:
        with self._guard:
            header = self._evm.get_canonical_block_header_by_number(number)
            vm = self._evm.get_vm(header)
            message = vm.create_unsigned_transaction(
                nonce=vm.state.get_nonce(call.sender),
                gas_price=0,
                gas=GAS_LIMIT,
                to=call.to,
                value=call.value,
                data=call.payload,
            )
            with vm.in_costless_state() as state:
                computation = state.costless_execute_transaction(SpoofTransaction(message, from_=call.sender))
            if computation.is_error:
                error = computation.error
                raise CallFailed(error.args[0] if isinstance(error, EvmRevert) and error.args else b"")
            floor = 21_000 + sum(10 if byte == 0 else 40 for byte in call.payload)
            used = message.intrinsic_gas + computation.get_gas_used()
            return computation.output, max(floor, used)
