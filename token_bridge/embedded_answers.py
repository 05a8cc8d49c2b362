# SPDX-License-Identifier: EUPL-1.2
"""Blocks, transactions, receipts and logs of the embedded chain in the words of Ethereum's JSON-RPC."""

from collections.abc import Iterable, Mapping
from typing import Any

import rlp  # type: ignore[import-untyped]
from eth_utils.crypto import keccak


def hexed(octets: bytes) -> str:
    """Write bytes as JSON-RPC does: 0x and two digits each."""
    return "0x" + octets.hex()


def block(found: Any, *, whole: bool) -> dict[str, Any]:
    """Describe a block, with its transactions' hashes or, when `whole`, with the transactions."""
    header = found.header
    return {
        "number": hex(header.block_number),
        "hash": hexed(header.hash),
        "parentHash": hexed(header.parent_hash),
        "nonce": hexed(header.nonce),
        "sha3Uncles": hexed(header.uncles_hash),
        "logsBloom": hexed(header.bloom.to_bytes(256, "big")),
        "transactionsRoot": hexed(header.transaction_root),
        "receiptsRoot": hexed(header.receipt_root),
        "stateRoot": hexed(header.state_root),
        "miner": hexed(header.coinbase),
        "difficulty": hex(header.difficulty),
        "totalDifficulty": hex(header.difficulty),
        "mixHash": hexed(header.mix_hash),
        "size": hex(len(rlp.encode(header))),
        "extraData": hexed(header.extra_data),
        "gasLimit": hex(header.gas_limit),
        "gasUsed": hex(header.gas_used),
        "timestamp": hex(header.timestamp),
        "baseFeePerGas": hex(header.base_fee_per_gas),
        "uncles": [],
        "transactions": [
            transaction(found, index) if whole else hexed(one.hash) for index, one in enumerate(found.transactions)
        ],
    }


def transaction(found: Any, index: int) -> dict[str, Any]:
    """Describe transaction number `index` of a block."""
    one = found.transactions[index]
    kind = getattr(one, "type_id", None) or 0
    described: dict[str, Any] = {
        "hash": hexed(one.hash),
        "blockHash": hexed(found.hash),
        "blockNumber": hex(found.number),
        "transactionIndex": hex(index),
        "type": hex(kind),
        "from": hexed(one.sender),
        "to": hexed(one.to) if one.to else None,
        "nonce": hex(one.nonce),
        "value": hex(one.value),
        "gas": hex(one.gas),
        "gasPrice": hex(_price(found, one, kind)),
        "input": hexed(one.data),
        "r": hex(one.r),
        "s": hex(one.s),
        "v": hex(one.y_parity if kind else one.v),
    }
    if kind:
        described["chainId"] = hex(one.chain_id)
        described["accessList"] = []
    if kind == 2:
        described["maxFeePerGas"] = hex(one.max_fee_per_gas)
        described["maxPriorityFeePerGas"] = hex(one.max_priority_fee_per_gas)
    return described


def _price(found: Any, one: Any, kind: int) -> int:
    if kind < 2:
        return int(one.gas_price)
    return int(min(one.max_fee_per_gas, one.max_priority_fee_per_gas + found.header.base_fee_per_gas))


def receipt(found: Any, index: int, receipts: Any) -> dict[str, Any]:
    """Describe the receipt of transaction number `index` of a block."""
    one, mine = found.transactions[index], receipts[index]
    kind = getattr(one, "type_id", None) or 0
    before = receipts[index - 1].gas_used if index else 0
    made = keccak(rlp.encode([one.sender, one.nonce]))[-20:]
    return {
        "transactionHash": hexed(one.hash),
        "transactionIndex": hex(index),
        "blockHash": hexed(found.hash),
        "blockNumber": hex(found.number),
        "from": hexed(one.sender),
        "to": hexed(one.to) if one.to else None,
        "contractAddress": None if one.to else hexed(made),
        "cumulativeGasUsed": hex(mine.gas_used),
        "gasUsed": hex(mine.gas_used - before),
        "effectiveGasPrice": hex(_price(found, one, kind)),
        "logsBloom": hexed(mine.bloom.to_bytes(256, "big")),
        "status": hex(int.from_bytes(mine.state_root, "big")),
        "type": hex(kind),
        "logs": [log for log in logs(found, receipts) if log["transactionIndex"] == hex(index)],
    }


def logs(found: Any, receipts: Any) -> Iterable[dict[str, Any]]:
    """Describe every log of a block, in order."""
    log_index = 0
    for index, (one, mine) in enumerate(zip(found.transactions, receipts, strict=True)):
        for log in mine.logs:
            yield {
                "address": hexed(log.address),
                "topics": [hexed(topic.to_bytes(32, "big")) for topic in log.topics],
                "data": hexed(log.data),
                "blockNumber": hex(found.number),
                "blockHash": hexed(found.hash),
                "transactionHash": hexed(one.hash),
                "transactionIndex": hex(index),
                "logIndex": hex(log_index),
                "removed": False,
            }
            log_index += 1


def log_matches(log: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Tell whether a log is one that a filter (address, topics) asks for."""
    addresses = wanted.get("address") or []
    if isinstance(addresses, str):
        addresses = [addresses]
    if addresses and log["address"] not in [address.lower() for address in addresses]:
        return False
    topics = wanted.get("topics") or []
    if len(topics) > len(log["topics"]):
        return False
    return all(_topic_matches(log["topics"][place], topic) for place, topic in enumerate(topics))


def _topic_matches(topic: str, wanted: Any) -> bool:
    if wanted is None:
        return True
    choices = [wanted] if isinstance(wanted, str) else wanted
    return topic in [choice.lower() for choice in choices]
