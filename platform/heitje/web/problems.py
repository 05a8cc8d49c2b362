# SPDX-License-Identifier: EUPL-1.2
"""Refusals and faults: a page in the person's language, or an RFC 9457 problem document for systems."""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from flask import Flask, Response, current_app, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import CSRFError
from markupsafe import escape
from werkzeug.exceptions import HTTPException

from heitje.db.session import DATABASE_AWAY
from heitje.errors import HeitjeError, InvalidInput

PROBLEM_TYPE = "application/problem+json"
AWAY_RETRY_S = 60
KEPT_HEADERS = ("Allow", "Retry-After", "WWW-Authenticate")

TITLES = {
    400: _l("We could not read this."),
    401: _l("Sign in first."),
    403: _l("You have no right to do this."),
    404: _l("We cannot find this page."),
    405: _l("This is not possible here."),
    409: _l("This has changed in the meantime. Look at it again."),
    410: _l("This has expired."),
    413: _l("This file is too large."),
    415: _l("We cannot read this kind of file."),
    429: _l("Too many attempts. Wait a moment and try again."),
    500: _l("Something went wrong on our side."),
    503: _l("The platform is not available for a moment."),
}
ADVICE = {
    400: _l("Go back, look at what you filled in and try again."),
    401: _l("After signing in you come back to where you were."),
    403: _l("Are you signed in with the right account? Else ask someone in your organisation."),
    404: _l("The address may be wrong, or it is no longer there."),
    413: _l("Choose a smaller file: 20 MB at most."),
    500: _l("Nothing was lost. Try again in a few minutes."),
    503: _l("Try again in a few minutes."),
}


def init_problems(app: Flask) -> None:
    """Answer every refusal and every fault; never with a stack trace, a version or a statement of the database."""
    app.register_error_handler(HeitjeError, _refused)
    app.register_error_handler(CSRFError, _form_too_old)
    app.register_error_handler(HTTPException, _http_error)
    for away in DATABASE_AWAY:
        app.register_error_handler(away, _database_away)
    app.register_error_handler(Exception, _fault)


def wants_problem_document() -> bool:
    """Tell whether a system asks: a path of the API, or JSON preferred over HTML."""
    if request.path == "/api" or request.path.startswith("/api/"):
        return True
    accepted = request.accept_mimetypes
    best = accepted.best_match(["text/html", "application/json", PROBLEM_TYPE], default="text/html")
    return best != "text/html" and accepted[best] > accepted["text/html"]


def problem_title(error: HeitjeError) -> str:
    """Return the sentence a person reads for this refusal, in their language."""
    title: str = _(error.title)
    return title


def problem_document(error: HeitjeError) -> dict[str, Any]:
    """Return the members of the problem document for a refusal; names of facts in camelCase."""
    facts = {_camel(name): value for name, value in error.facts.items() if name != "errors"}
    document = {"type": f"/problems/{error.code}", "title": problem_title(error), "status": error.status} | facts
    if isinstance(error, InvalidInput):
        document["errors"] = [
            {"in": "body", "pointer": f"/{_camel(name)}", "detail": _(str(text))}
            for name, texts in error.errors.items()
            for text in texts
        ]
    return document


def problem_response(document: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    """Return the answer that carries a problem document; its status is that of the document."""
    answer = jsonify(document)
    answer.status_code = int(document["status"])
    answer.content_type = PROBLEM_TYPE
    for name, value in (headers or {}).items():
        answer.headers[name] = value
    return answer


def problem_page(
    status: int,
    title: str,
    *,
    advice: str = "",
    details: tuple[str, ...] = (),
    headers: Mapping[str, str] | None = None,
    template: str = "web/problem.html",
) -> Response:
    """Return the error page: what is the matter, what to do, and a way on."""
    try:
        page = render_template(template, status=status, title=title, advice=advice, details=details)
    except Exception:
        # Even the frame of the page may be what is broken; the person still gets a sentence.
        current_app.logger.exception("the error page cannot be drawn")
        page = str(escape(title))
    return Response(page, status=status, headers=dict(headers or {}))


def _refused(error: HeitjeError) -> Response:
    headers = {"Retry-After": str(error.facts["retry_after_s"])} if "retry_after_s" in error.facts else {}
    if wants_problem_document():
        return problem_response(problem_document(error), headers)
    details: tuple[str, ...] = ()
    if isinstance(error, InvalidInput):
        details = tuple(_(str(text)) for texts in error.errors.values() for text in texts)
    advice = str(ADVICE[error.status]) if error.status in {401, 404} else ""
    return problem_page(error.status, problem_title(error), advice=advice, details=details, headers=headers)


def _form_too_old(_error: CSRFError) -> Response:
    title = _("This form is too old.")
    if wants_problem_document():
        return problem_response({"type": "/problems/form-too-old", "title": title, "status": 400})
    return problem_page(400, title, advice=_("Open the page again and send the form once more."))


def _http_error(error: HTTPException) -> ResponseReturnValue:
    if error.response is not None:
        return error.response
    fault = getattr(error, "original_exception", None)
    if isinstance(fault, DATABASE_AWAY):  # only noticed at the commit, or when the session was written
        return _database_away(fault)
    status = error.code or 500
    if status < 400:
        return error.get_response()
    given = dict(error.get_headers(request.environ))
    headers = {name: given[name] for name in KEPT_HEADERS if name in given}
    title = str(TITLES.get(status, TITLES[400 if status < 500 else 500]))
    if wants_problem_document():
        code = re.sub(r"[^a-z]+", "-", HTTPStatus(status).phrase.lower())
        return problem_response({"type": f"/problems/{code}", "title": title, "status": status}, headers)
    return problem_page(status, title, advice=str(ADVICE.get(status, "")), headers=headers)


def _database_away(error: Exception) -> Response:
    """Say that nothing was lost and when to come back; asks the database for nothing, not even for a session."""
    current_app.logger.error("the database is away at %s %s", request.method, request.path, exc_info=error)
    title, advice = str(TITLES[503]), _("Nothing was lost. Try again in a minute.")
    headers = {"Retry-After": str(AWAY_RETRY_S)}
    if wants_problem_document():
        document = {"type": "/problems/service-unavailable", "title": title, "status": 503, "detail": advice}
        return problem_response(document, headers)
    if request.method not in {"GET", "HEAD"}:
        advice = _("Nothing was lost, but what you just sent may not have arrived. Go back in a minute and look.")
    return problem_page(503, title, advice=advice, headers=headers, template="web/away.html")


def _fault(error: Exception) -> Response:
    if current_app.config.get("PROPAGATE_EXCEPTIONS"):
        raise error
    current_app.logger.error("fault at %s %s", request.method, request.path, exc_info=error)
    title = str(TITLES[500])
    if wants_problem_document():
        return problem_response({"type": "/problems/fault", "title": title, "status": 500})
    return problem_page(500, title, advice=str(ADVICE[500]))


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
