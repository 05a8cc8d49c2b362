# SPDX-License-Identifier: EUPL-1.2
"""Sessions kept in the database: the browser holds 256 random bits, we hold their digest.

A copied cookie is dead once the person signs out, and whoever ends a person's rows ends that person everywhere.
Reading a session writes nothing, but once in five minutes that it was seen.
"""

import json
import re
import secrets
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID

from flask import Flask, Request, Response
from flask.globals import request_ctx
from flask.json.tag import TaggedJSONSerializer
from flask.sessions import SessionInterface, SessionMixin
from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from heitje.clock import now
from heitje.config import Settings
from heitje.db.request import databases
from heitje.db.scope import know
from heitje.identity.models import SessionRow

SEEN_EVERY = timedelta(minutes=5)
_TAGS = TaggedJSONSerializer()
"""Keeps what JSON does not know, such as the markup of a flashed message."""
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Person:
    """Who a session belongs to: a member of a tenant, a citizen, a shop's staff, or nobody yet."""

    tenant_id: UUID | None = None
    member_id: UUID | None = None
    citizen_id: UUID | None = None
    shop_id: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How long a session lasts without use, and at all."""

    idle: timedelta
    absolute: timedelta


VISITOR_LIMITS = Limits(idle=timedelta(hours=12), absolute=timedelta(days=1))
CITIZEN_LIMITS = Limits(idle=timedelta(hours=12), absolute=timedelta(days=30))
"""Also those of a till: a tablet on a counter is used all day."""
MEMBER_LIMITS = Limits(idle=timedelta(hours=2), absolute=timedelta(hours=12))


def limits_of(person: Person) -> Limits:
    """Return how long this person's session may last."""
    if person.member_id is not None:
        return MEMBER_LIMITS
    return VISITOR_LIMITS if person == Person() else CITIZEN_LIMITS


class ServerSession(SessionMixin):
    """A mapping that is read from the database when first looked into."""

    def __init__(self, token: str = "") -> None:
        self.old_sha256 = _digest(token) if token else ""
        self.is_stale = False
        """The browser showed a token that is no longer good."""
        self.new_token = ""
        self.modified = False
        self._loaded = not token
        self._person = Person()
        self._content: dict[str, Any] = {}

    @property
    def person(self) -> Person:
        """Who is signed in."""
        self._load()
        return self._person

    def start_over(self, person: Person, **content: Any) -> None:
        """Forget what was there, under a new token: at sign-in and at sign-out."""
        self._loaded, self._person, self._content = True, person, content
        self.is_stale = bool(self.old_sha256)
        self.new_token = secrets.token_urlsafe(32) if person != Person() or content else ""
        self.modified = True

    def __getitem__(self, key: str) -> Any:
        self._load()
        return self._content[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self._load()
        self._content[key] = value
        self.modified = True

    def __delitem__(self, key: str) -> None:
        self._load()
        del self._content[key]
        self.modified = True

    def __iter__(self) -> Iterator[str]:
        self._load()
        return iter(self._content)

    def __len__(self) -> int:
        self._load()
        return len(self._content)

    def _load(self) -> None:
        if self._loaded:
            return
        self._loaded = True
        at = now()
        with databases().as_visitor(knows=f"session:{self.old_sha256}") as db:
            row = db.scalar(select(SessionRow).where(SessionRow.token_sha256 == self.old_sha256))
            if row is None or not _is_alive(row, at):
                self.old_sha256, self.is_stale = "", True
                return
            if at - row.seen_at > SEEN_EVERY:
                row.seen_at = at
        self._person, self._content = _person_of(row), _TAGS.loads(json.dumps(row.content))


class ServerSessions(SessionInterface):
    """Opens and saves sessions for Flask. Saving follows the request's commit."""

    def __init__(self, settings: Settings) -> None:
        self.is_secure = settings.public_url.startswith("https://")
        # The prefix makes browsers refuse this name from a subdomain or over plain http.
        self.cookie_name = "__Host-heitje" if self.is_secure else "heitje"

    def open_session(self, app: Flask, request: Request) -> ServerSession:  # noqa: ARG002 - Flask's signature
        """Return the session; nothing is read before somebody looks into it."""
        token = request.cookies.get(self.cookie_name, "")
        return ServerSession(token if _TOKEN.fullmatch(token) else "")

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:  # noqa: ARG002
        """Write what changed and tell the browser of a new token."""
        assert isinstance(session, ServerSession)  # noqa: S101 - opened above
        if session.accessed:
            response.vary.add("Cookie")
        if session.modified:
            self._write(session)
        if session.new_token:
            self._set_cookie(response, session)
        elif session.is_stale:
            response.delete_cookie(self.cookie_name, secure=self.is_secure, httponly=True, samesite="Lax")

    def _write(self, session: ServerSession) -> None:
        at = now()
        content = json.loads(_TAGS.dumps(dict(session)))
        with databases().as_visitor(knows=f"session:{session.old_sha256}") as db:
            if session.old_sha256 and not session.is_stale:
                # A row that was ended meanwhile stays ended: this changes nothing then.
                db.execute(
                    update(SessionRow).where(SessionRow.token_sha256 == session.old_sha256).values(content=content)
                )
                return
            if session.old_sha256:
                db.execute(delete(SessionRow).where(SessionRow.token_sha256 == session.old_sha256))
            if not content and session.person == Person():
                return
            session.new_token = session.new_token or secrets.token_urlsafe(32)
            _insert(db, session, content, at)

    def _set_cookie(self, response: Response, session: ServerSession) -> None:
        # A member's cookie ends with the browser: offices share computers.
        is_lasting = session.person.member_id is None and session.person != Person()
        response.set_cookie(
            self.cookie_name,
            session.new_token,
            max_age=limits_of(session.person).absolute if is_lasting else None,
            secure=self.is_secure,
            httponly=True,
            samesite="Lax",
        )


def init_sessions(app: Flask, settings: Settings) -> None:
    """Keep this app's sessions in the database."""
    app.session_interface = ServerSessions(settings)


def current_browser() -> ServerSession:
    """Return this request's session."""
    session = request_ctx.session
    assert isinstance(session, ServerSession)  # noqa: S101 - init_sessions
    return session


def sign_in(person: Person, **content: Any) -> None:
    """Let this browser be `person` from now on, under a new token."""
    current_browser().start_over(person, **content)


def sign_out() -> None:
    """End this browser's session; its token is dead, also where it was copied to."""
    current_browser().start_over(Person())


def end_sessions_of_member(session: Session, member_id: UUID) -> None:
    """Sign a member out everywhere; in the scope of the tenant."""
    session.execute(delete(SessionRow).where(SessionRow.member_id == member_id))


def end_sessions_of_citizen(session: Session, citizen_id: UUID) -> None:
    """Sign a citizen out everywhere; in the scope of that citizen."""
    session.execute(delete(SessionRow).where(SessionRow.citizen_id == citizen_id))


def end_sessions_of_shop(session: Session, shop_id: UUID) -> None:
    """Sign all tills and staff of a shop out; in the scope of that shop."""
    session.execute(delete(SessionRow).where(SessionRow.shop_id == shop_id))


def _insert(db: Session, session: ServerSession, content: dict[str, Any], at: datetime) -> None:
    token_sha256 = _digest(session.new_token)
    know(db, f"session:{token_sha256}")
    db.execute(
        insert(SessionRow).values(
            token_sha256=token_sha256,
            created_at=at,
            seen_at=at,
            expires_at=at + limits_of(session.person).absolute,
            content=content,
            **asdict(session.person),
        )
    )


def _is_alive(row: SessionRow, at: datetime) -> bool:
    return at < row.expires_at and at - row.seen_at < limits_of(_person_of(row)).idle


def _person_of(row: SessionRow) -> Person:
    return Person(tenant_id=row.tenant_id, member_id=row.member_id, citizen_id=row.citizen_id, shop_id=row.shop_id)


def _digest(token: str) -> str:
    return sha256(token.encode()).hexdigest()
