# SPDX-License-Identifier: EUPL-1.2
"""The peer as a web application: Stripe's API under /v1, and the pages on which a person pays."""

import base64
import hashlib
import hmac
import json
import sys
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from heitje_server.embedded.payment_peer.contract import BreaksContract, Contract, Operation
from heitje_server.embedded.payment_peer.operations import answer_for, expanded
from heitje_server.embedded.payment_peer.pages import pages
from heitje_server.embedded.payment_peer.peer import Peer
from heitje_server.embedded.payment_peer.refusals import Refused
from heitje_server.embedded.payment_peer.store import KeptAnswer, Thing, new_id
from heitje_server.embedded.payment_peer.wire import Unreadable, read_body

LONGEST_KEY = 255


def create_app(peer: Peer, *, api_key: str, after_commit: Callable[[], None]) -> Flask:
    """Return the application; it calls `after_commit` whenever something may have to be delivered."""
    app = Flask(__name__)
    app.register_blueprint(pages(peer, after_commit))

    @app.route("/v1/<path:rest>", methods=["GET", "POST", "DELETE"])
    def api(rest: str) -> Response:  # noqa: ARG001 - the path is read whole
        try:
            _check_caller(api_key, peer.contract)
            status, body, replayed = _handle(peer)
        except Refused as refusal:
            status, body, replayed = refusal.status, {"error": refusal.error}, False
        after_commit()
        return _as_response(peer.contract, status, body, replayed=replayed)

    @app.errorhandler(Exception)
    def broken(error: Exception) -> Response:
        if isinstance(error, HTTPException) and error.code and error.code < 500:
            return Response(error.description or "", error.code, mimetype="text/plain")
        print(f"payment peer: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
        body = {"error": {"type": "api_error", "message": f"The peer broke: {error}"[:1000]}}
        return Response(json.dumps(body), 500, mimetype="application/json")

    return app


def _check_caller(api_key: str, contract: Contract) -> None:
    scheme, _, given = request.headers.get("Authorization", "").partition(" ")
    if scheme == "Basic":
        given = base64.b64decode(given + "==").decode(errors="replace").partition(":")[0]
    if not given:
        raise Refused("You did not provide an API key.", status=401)
    if scheme not in {"Bearer", "Basic"} or not hmac.compare_digest(given.encode(), api_key.encode()):
        raise Refused("Invalid API Key provided: ****", status=401)
    version = request.headers.get("Stripe-Version", contract.version)
    if version != contract.version:
        raise Refused(f"Invalid Stripe API version: {version}. This peer speaks {contract.version}.")


def _handle(peer: Peer) -> tuple[int, Thing, bool]:
    operation = peer.contract.find(request.method, request.path)
    if operation is None:
        message = f"Unrecognized request URL ({request.method}: {request.path})."
        raise Refused(message, status=404)
    act = answer_for(operation.method, operation.template)
    params = _read_params(peer.contract, operation)
    key = request.headers.get("Idempotency-Key") if request.method == "POST" else None
    if key is not None and not 0 < len(key) <= LONGEST_KEY:
        raise Refused(f"Idempotency keys must be between 1 and {LONGEST_KEY} characters.", kind="idempotency_error")

    fingerprint = hashlib.sha256(json.dumps([request.path, params], sort_keys=True).encode()).hexdigest()
    with peer.store.transaction():
        kept = peer.store.kept_answer(key) if key else None
        if kept is not None:
            return _replay(kept, fingerprint)
        try:
            thing = act(peer, params, **operation.path)
            body = expanded(peer, thing, params.get("expand", []))
            peer.contract.check(body, operation.answer)
            status = 200
        except Refused as refusal:
            # A decline leaves a failed payment behind, so what was written stays.
            status, body = refusal.status, {"error": refusal.error}
        if key:
            peer.store.keep_answer(key, KeptAnswer(fingerprint=fingerprint, status=status, body=body))
    return status, body, False


def _read_params(contract: Contract, operation: Operation) -> dict[str, Any]:
    text = request.query_string if request.method == "GET" else request.get_data()
    try:
        pairs = parse_qsl(text.decode(), keep_blank_values=True, strict_parsing=bool(text))
        return read_body(pairs, operation.body, contract)
    except BreaksContract as error:
        code = {"additionalProperties": "parameter_unknown", "required": "parameter_missing"}.get(error.rule)
        facts: dict[str, Any] = {"code": code} if code else {}
        raise Refused(f"Stripe's document does not allow this. {error}", param=error.param, **facts) from None
    except (Unreadable, ValueError) as error:
        raise Refused(str(error)) from None


def _replay(kept: KeptAnswer, fingerprint: str) -> tuple[int, Thing, bool]:
    if kept.fingerprint != fingerprint:
        raise Refused(
            "Keys for idempotent requests can only be used with the same parameters they were first used with.",
            kind="idempotency_error",
        )
    return kept.status, kept.body, True


def _as_response(contract: Contract, status: int, body: Thing, *, replayed: bool) -> Response:
    if status != 200:
        contract.check_component(body, "error")
    response = Response(json.dumps(body), status, mimetype="application/json")
    response.headers["Request-Id"] = new_id("req")
    response.headers["Stripe-Version"] = contract.version
    if replayed:
        response.headers["Idempotent-Replayed"] = "true"
    return response
