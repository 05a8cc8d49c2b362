# SPDX-License-Identifier: EUPL-1.2
"""One web request, one transaction: opened at first use, committed before the answer leaves, if it is below 400."""

from flask import Flask, Response, current_app, g
from sqlalchemy.orm import Session

from heitje.config import Settings
from heitje.db.scope import VISITOR, Scope
from heitje.db.session import Databases, commit


def init_db(app: Flask, settings: Settings) -> None:
    """Give the app its engines and the transaction of each request."""
    app.extensions["databases"] = Databases(
        settings.database_url, settings.operator_database_url, pool_size=settings.web_threads + 2
    )
    # First registered runs last: everything that still writes has done so when the commit comes.
    app.after_request(_commit_if_good)
    app.teardown_request(_close)


def databases() -> Databases:
    """Return the engines of the current app."""
    found = current_app.extensions["databases"]
    assert isinstance(found, Databases)  # noqa: S101 - set in one place, init_db
    return found


def enter_scope(scope: Scope) -> None:
    """Say in whose name this request works. Guards call it, once, before anything is read."""
    if "db_session" in g and g.db_scope != scope:
        raise RuntimeError("this request already reads in another scope")
    g.db_scope = scope


def current_session() -> Session:
    """Return this request's session; a visitor's when no guard entered a scope."""
    if "db_session" not in g:
        g.db_scope = g.get("db_scope", VISITOR)
        g.db_session = databases().open(g.db_scope)
    session = g.db_session
    assert isinstance(session, Session)  # noqa: S101 - set two lines up
    return session


def keep_changes() -> None:
    """Commit although the answer is a refusal: for what must be remembered of it, such as a counted attempt."""
    g.db_keep = True


def _commit_if_good(response: Response) -> Response:
    session = g.get("db_session")
    if session is not None:
        if response.status_code < 400 or g.get("db_keep", False):
            commit(session)
        else:
            session.rollback()
    return response


def _close(_error: BaseException | None) -> None:
    session = g.pop("db_session", None)
    if session is not None:
        session.close()
