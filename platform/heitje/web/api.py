# SPDX-License-Identifier: EUPL-1.2
"""The base of every REST API here: flask-smorest, made to follow the NLGov API Design Rules 2.2.

What smorest does otherwise out of the box, and what this changes: input that cannot be used is 400 with a problem
document that points at the field; refusals and HTTP errors keep their headers; every answer names the API's version;
names are camelCase outside and snake_case inside; paths in the document are relative to `servers`; every operation has
an id; lists page by `Link` headers and a keyset cursor.
"""

import re
from collections.abc import Mapping
from typing import Any, NoReturn
from urllib.parse import urlencode

import flask_smorest
from flask import Flask, Request, Response, jsonify, render_template, request
from marshmallow import RAISE, Schema, ValidationError, fields, validate
from webargs.flaskparser import FlaskParser

from heitje.config import Settings
from heitje.errors import InvalidInput
from heitje.web.pages import csrf

API_VERSION = "1.0.0"
PREFIX = "/api/v1"
PAGE_SIZE_MAX = 100
_METHODS = ("get", "post", "put", "patch", "delete")


class CamelSchema(Schema):
    """A schema whose names are camelCase in JSON and snake_case in Python; unknown names are refused."""

    class Meta:
        """Refuse what nobody asked for: no mass assignment (T4)."""

        unknown = RAISE

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """Give every field its outside name."""
        field_obj.data_key = camel(field_obj.data_key or field_name)


class PageQuery(CamelSchema):
    """How lists are paged: `after` is the cursor from the previous page's `Link` header."""

    page_size = fields.Integer(strict=False, load_default=30, validate=validate.Range(1, PAGE_SIZE_MAX))
    after = fields.String(load_default="", validate=validate.Length(max=200))


class Money(fields.Integer):
    """Whole cents, above zero; refuses fractions, texts and booleans."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("validate", validate.Range(1, 10_000_000_000))
        super().__init__(strict=True, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.make_error("invalid", input=value)
        return super()._deserialize(value, attr, data, **kwargs)


class _Parser(FlaskParser):
    """Input that does not fit is the caller's to mend: 400, with a pointer to each field."""

    DEFAULT_VALIDATION_STATUS = 400
    # Each schema says what it makes of unknown names, in the query as in the body.
    DEFAULT_UNKNOWN_BY_LOCATION: dict[str, str | None] = dict.fromkeys(FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION)

    def handle_error(self, error: ValidationError, req: Request, schema: Schema, **_kwargs: Any) -> NoReturn:
        del req, schema
        found: dict[str, list[str]] = {}
        messages = error.messages if isinstance(error.messages, dict) else {"json": error.messages}
        for place in messages.values():
            _collect(place, "", found)
        raise InvalidInput(found) from error

    def _handle_invalid_json_error(self, error: Exception, *_args: Any, **_kwargs: Any) -> NoReturn:
        raise InvalidInput({"": ["The body is not valid JSON."]}) from error


def _collect(messages: Any, path: str, found: dict[str, list[str]]) -> None:
    if isinstance(messages, dict):
        for name, inner in messages.items():
            _collect(inner, f"{path}/{name}" if path else str(name), found)
    else:
        found[path] = [str(message) for message in messages]


class ApiBlueprint(flask_smorest.Blueprint):
    """A resource: views take checked input and give what a schema says."""

    ARGUMENTS_PARSER = _Parser()


class ProblemSchema(CamelSchema):
    """RFC 9457 problem document; further members are the facts of the refusal."""

    type = fields.String(required=True)
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    errors = fields.List(fields.Dict(keys=fields.String()))


class Api(flask_smorest.Api):
    """All resources of one app, their document at `/api/v1/openapi.json` and a page to read it at `/api/v1/docs`."""

    ERROR_SCHEMA = ProblemSchema

    def _register_error_handlers(self) -> None:
        """Leave errors to heitje.web.problems, which answers pages and APIs alike."""

    def register_blueprint(self, blp: flask_smorest.Blueprint, **options: Any) -> None:
        """Take a resource in. APIs sign in by token, so forms' tokens do not apply."""
        csrf.exempt(blp)
        super().register_blueprint(blp, **options)


def init_api(app: Flask, settings: Settings) -> Api:
    """Return the API of an app, ready to take resources."""
    app.config.update(
        API_TITLE="Heitje",
        API_VERSION=API_VERSION,
        OPENAPI_VERSION="3.0.3",
        OPENAPI_URL_PREFIX=None,
        API_SPEC_OPTIONS={
            "info": {
                "description": "Operate the platform: tenants, budgets, coverage, shops, payouts, chain, audit trail.",
                "contact": {"name": "The Heitje team", "url": settings.public_url},
                "license": {"name": "EUPL-1.2", "url": "https://eupl.eu/1.2/en/"},
            },
            "servers": [{"url": f"{settings.public_url.rstrip('/')}{PREFIX}"}],
            "security": [{"operatorToken": []}],
        },
    )
    api = Api(app)
    api.spec.components.security_scheme("operatorToken", {"type": "http", "scheme": "bearer"})

    @app.get(f"{PREFIX}/openapi.json")
    def openapi_document() -> Response:
        answer = jsonify(document_of(api))
        answer.headers["Access-Control-Allow-Origin"] = "*"
        return answer

    @app.get(f"{PREFIX}/docs")
    def api_docs() -> str:
        return render_template("web/api_docs.html")

    @app.after_request
    def name_version(answer: Response) -> Response:
        if request.path.startswith(f"{PREFIX}/"):
            answer.headers["API-Version"] = API_VERSION
        return answer

    return api


def document_of(api: Api) -> dict[str, Any]:
    """Return the OpenAPI document: paths relative to the server, an id per operation, problems and version headers."""
    document: dict[str, Any] = api.spec.to_dict()
    paths = {path.removeprefix(PREFIX): item for path, item in document.get("paths", {}).items()}
    for path, item in paths.items():
        for method in _METHODS:
            if method in item:
                _complete_operation(item[method], method, path)
    document["paths"] = paths
    return document


def _complete_operation(operation: dict[str, Any], method: str, path: str) -> None:
    words = [word for word in re.split(r"[^A-Za-z0-9]+", path) if word]
    operation.setdefault("operationId", method + "".join(word[0].upper() + word[1:] for word in words))
    operation["responses"].pop("422", None)
    version = {"API-Version": {"schema": {"type": "string", "example": API_VERSION}}}
    for status, answer in operation["responses"].items():
        if status == "default" or "$ref" in answer:
            continue
        answer.setdefault("headers", {}).update(version)
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    operation["responses"]["default"] = {"description": "A problem document.", "content": problem, "headers": version}


def link_next(answer_headers: dict[str, str], cursor: str | None, page_size: int) -> dict[str, str]:
    """Add the `Link` header to the next page (RFC 8288); `cursor` is `None` on the last page."""
    if cursor is not None:
        kept = {name: value for name, value in request.args.items() if name not in {"after", "pageSize"}}
        query = urlencode({**kept, "pageSize": page_size, "after": cursor})
        answer_headers["Link"] = f'<{request.base_url}?{query}>; rel="next"'
    return answer_headers


def camel(name: str) -> str:
    """Write snake_case as camelCase."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
