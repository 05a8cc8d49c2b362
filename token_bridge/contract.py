# SPDX-License-Identifier: EUPL-1.2
"""The contract's words: calls into bytes, answers, events and errors back into values. No node is needed for this."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from eth_abi.abi import decode, encode
from eth_utils.abi import event_abi_to_log_topic, function_abi_to_4byte_selector
from eth_utils.abi import get_abi_input_types as input_types
from eth_utils.abi import get_abi_output_types as output_types

CLEARING = bytes.fromhex("896fe3cd453f7653f0def522447ebd0864006c17")
"""The contract's clearing account: empty after every batch."""

ROLES = ("TREASURER", "SETTLER", "REGISTRAR", "PAUSER")
MAX_LINES = 250
"""The most lines that one operation may have; the contract holds to it too."""


@cache
def artefact() -> Mapping[str, Any]:
    """Return the committed output of the compiler."""
    found: Mapping[str, Any] = json.loads((Path(__file__).parent / "contracts" / "Heitje.json").read_text("utf-8"))
    return found


@cache
def _described(kind: str) -> Mapping[str, Any]:
    return {one["name"]: one for one in artefact()["abi"] if one["type"] == kind}


@dataclass(frozen=True)
class Event:
    """Something that the contract told: `name` as in the contract, `facts` by the names used there."""

    name: str
    facts: Mapping[str, Any]


def creation(  # noqa: PLR0913 - the constructor's own list
    *,
    name: str,
    symbol: str,
    admin: bytes,
    admin_delay_s: int,
    treasurer: bytes,
    settler: bytes,
    registrar: bytes,
    pauser: bytes,
) -> bytes:
    """Return what to send to nobody, so that a new contract comes of it."""
    (constructor,) = [one for one in artefact()["abi"] if one["type"] == "constructor"]
    values = [name, symbol, admin_delay_s, admin, treasurer, settler, registrar, pauser]
    return bytes.fromhex(artefact()["bytecode"].removeprefix("0x")) + encode(input_types(constructor), values)


def call(name: str, *values: Any) -> bytes:
    """Return the bytes of a call, such as `call("balanceOf", address)`."""
    return call_selector(name) + encode(input_types(_described("function")[name]), values)


def call_selector(name: str) -> bytes:
    """Return the four bytes by which the contract knows a function."""
    return bytes(function_abi_to_4byte_selector(_described("function")[name]))


def answer(name: str, octets: bytes) -> Any:
    """Return what a call answered: the value, or a tuple of several."""
    values = decode(output_types(_described("function")[name]), octets)
    return values[0] if len(values) == 1 else values


def event(topics: Sequence[bytes], payload: bytes) -> Event | None:
    """Return what a log of the contract says; None for an event that this contract does not know."""
    described = _events().get(topics[0]) if topics else None
    if described is None:
        return None
    facts: dict[str, Any] = {}
    indexed = [one for one in described["inputs"] if one["indexed"]]
    plain = [one for one in described["inputs"] if not one["indexed"]]
    for one, topic in zip(indexed, topics[1:], strict=True):
        (facts[one["name"]],) = decode([one["type"]], topic)
    for one, value in zip(plain, decode([one["type"] for one in plain], payload), strict=True):
        facts[one["name"]] = value
    return Event(described["name"], {name: _octets(value) for name, value in facts.items()})


@cache
def _events() -> Mapping[bytes, Any]:
    return {bytes(event_abi_to_log_topic(one)): one for one in artefact()["abi"] if one["type"] == "event"}


def _octets(value: Any) -> Any:
    # Addresses come as text from the decoder; everything here keeps them as the 20 bytes they are.
    if isinstance(value, str) and len(value) == 42 and value.startswith("0x"):
        return bytes.fromhex(value[2:])
    return value


def reason(octets: bytes) -> str:
    """Return why the contract refused, in its own words, such as `NotAllowListed(account=0x...)`."""
    for one in [*_described("error").values(), _ERROR, _PANIC]:
        if octets[:4] == function_abi_to_4byte_selector(one):
            values = decode(input_types(one), octets[4:])
            facts = (
                f"{field['name']}={value if not isinstance(value, bytes) else '0x' + value.hex()}"
                for field, value in zip(one["inputs"], values, strict=True)
            )
            return f"{one['name']}({', '.join(facts)})"
    return f"0x{octets.hex()}" if octets else "no reason given"


_ERROR: Any = {"type": "function", "name": "Error", "inputs": [{"name": "message", "type": "string"}]}
_PANIC: Any = {"type": "function", "name": "Panic", "inputs": [{"name": "code", "type": "uint256"}]}
