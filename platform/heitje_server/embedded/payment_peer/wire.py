# SPDX-License-Identifier: EUPL-1.2
"""Form bodies as Stripe reads them: `lines[0][amount]=5` becomes {"lines": [{"amount": 5}]}."""

import re
from collections.abc import Iterable
from typing import Any

from heitje_server.embedded.payment_peer.contract import BreaksContract, Contract, Schema

_WHOLE = re.compile(r"-?[0-9]{1,18}", re.ASCII)
_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?", re.ASCII)
_NAME = re.compile(r"(?P<head>[^\[\]]+)(?P<rest>(\[[^\[\]]*\])*)")


class Unreadable(ValueError):
    """A name in the body is not of the form a[b][c], or is used in two ways."""


def read_body(pairs: Iterable[tuple[str, str]], schema: Schema, contract: Contract) -> dict[str, Any]:
    """Return the pairs as nested values of the types that the schema wants; raises `Unreadable`, `BreaksContract`."""
    value = _typed(_nested(pairs), schema, contract)
    contract.check(value, schema)
    return dict(value)


def _nested(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for name, text in pairs:
        found = _NAME.fullmatch(name)
        if found is None:
            raise Unreadable(f"Invalid parameter name: {name}")
        *parents, last = [found["head"], *re.findall(r"\[([^\[\]]*)\]", found["rest"])]
        place = tree
        for step in parents:
            place = place.setdefault(step or str(len(place)), {})
            if not isinstance(place, dict):
                raise Unreadable(f"Invalid parameter: {name}")
        if (last or str(len(place))) in place:
            raise Unreadable(f"Parameter given twice: {name}")
        place[last or str(len(place))] = text
    return tree


def _typed(value: Any, schema: Schema, contract: Contract) -> Any:
    if "anyOf" in schema:
        return _first_that_fits(value, schema["anyOf"], contract)
    wanted = schema.get("type")
    if isinstance(value, dict):
        if wanted == "array":
            in_order = sorted(value, key=lambda index: int(index) if index.isdecimal() else -1)
            return [_typed(value[index], schema.get("items", {}), contract) for index in in_order]
        members = schema.get("properties", {})
        others = schema.get("additionalProperties")
        rest = others if isinstance(others, dict) else {}
        return {name: _typed(child, members.get(name, rest), contract) for name, child in value.items()}
    if wanted == "integer" and _WHOLE.fullmatch(value):
        return int(value)
    if wanted == "number" and _DECIMAL.fullmatch(value):
        return float(value)
    if wanted == "boolean" and value in {"true", "false"}:
        return value == "true"
    return value


def _first_that_fits(value: Any, alternatives: list[Schema], contract: Contract) -> Any:
    for schema in alternatives:
        candidate = _typed(value, schema, contract)
        try:
            contract.check(candidate, schema)
        except BreaksContract:
            continue
        return candidate
    return _typed(value, alternatives[0], contract)
