# SPDX-License-Identifier: EUPL-1.2
"""Requests that count once: the first answer is kept in PostgreSQL, in the transaction of the act itself.

    @pages.post("/chores/<uuid:chore_id>/claim")
    @citizens_only
    @counts_once
    def claim(chore_id: UUID) -> ResponseReturnValue: ...

Stands below the guard, so that keys belong to who is signed in. A form sends the key as `idempotency_key`, a system
as the header `Idempotency-Key`. The same key with the same content gets the same answer; with other content it is
refused. A refusal is not kept: with the input mended the same key works. Keys live a day at least.
"""

import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from hashlib import sha256
from typing import Any

from flask import Response, make_response, request
from flask.typing import ResponseReturnValue
from sqlalchemy import CursorResult, delete, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Mapped, Session, mapped_column

from heitje.clock import now
from heitje.db.base import Base
from heitje.db.locking import find_locked
from heitje.db.request import current_session
from heitje.db.scope import scope_of
from heitje.errors import Conflict, HeitjeError, InvalidInput, SignInNeeded
from heitje.identity.guards import actor
from heitje.jobs.periodic import every

HEADER = "Idempotency-Key"
FIELD = "idempotency_key"
KEPT_FOR = timedelta(hours=48)
_KEY = re.compile(r"[\x21-\x7e]{8,120}", re.ASCII)
_LOCK_NOT_AVAILABLE = "55P03"

View = Callable[..., ResponseReturnValue]


class IdempotencyKeyMissing(InvalidInput):
    """A request that moves money or state came without a key, or with one that cannot be used."""

    code = "idempotency-key-missing"
    title = "This was sent without a usable key against doing it twice. Open the page again."


class IdempotencyKeyReused(Conflict):
    """The same key came before with other content."""

    code = "idempotency-key-reused"
    title = "This was already sent with other details. Open the page again."


class StillAtWork(HeitjeError):
    """The first request with this key is not done yet. Facts: retry_after_s."""

    code = "still-at-work"
    status = 503
    title = "We are still working on this. Try again in a moment."


class KeptAnswer(Base):
    """The answer to a request that was handled. `status` is empty while the request runs."""

    __tablename__ = "idempotency_keys"

    owner: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_sha256: Mapped[bytes]
    status: Mapped[int | None]
    body: Mapped[bytes | None]
    media_type: Mapped[str | None]
    location: Mapped[str | None]
    created_at: Mapped[datetime]


def counts_once(view: View) -> View:
    """Run the view once per key and owner; a repeated request gets the first answer, byte for byte."""

    @wraps(view)
    def once(*args: Any, **kwargs: Any) -> ResponseReturnValue:
        session = current_session()
        key = _key_of_request()
        digest = _digest_of_request()
        kept = _take_or_find(session, key, digest)
        if kept is not None:
            return _as_response(kept)
        answer = make_response(view(*args, **kwargs))
        if answer.status_code < 400:
            _keep(session, key, answer)
        return answer

    return once


def forget_old_keys(session: Session, *, at: datetime) -> int:
    """Delete keys older than `KEPT_FOR`; for the schedule, on the operator's session. Returns how many."""
    gone = session.execute(delete(KeptAnswer).where(KeptAnswer.created_at < at - KEPT_FOR))
    assert isinstance(gone, CursorResult)  # noqa: S101 - a DELETE without RETURNING
    return gone.rowcount


@every(seconds=3600, name="idempotency.clear")
def clear(session: Session) -> None:
    """Forget keys that nobody will send again."""
    forget_old_keys(session, at=now())


def _key_of_request() -> str:
    key = request.headers.get(HEADER) or request.form.get(FIELD, "")
    # The draft of the header's standard puts the key in quotes.
    key = key.strip().strip('"')
    if _KEY.fullmatch(key) is None:
        raise IdempotencyKeyMissing({FIELD: ["Send a key of 8 to 120 characters, a new one for every new act."]})
    return f"{_person()}{key}"


def _person() -> str:
    """Within one organisation or shop, keys of two people are two keys."""
    try:
        who = actor()
    except SignInNeeded:
        return ""
    return "" if who.kind == "citizen" else f"{who.id.rpartition(':')[2]}:"


def _digest_of_request() -> bytes:
    """Digest what was asked. Of a form its values and files: a browser draws new boundaries and tokens each time."""
    content: Any
    if request.mimetype in {"multipart/form-data", "application/x-www-form-urlencoded"}:
        values = sorted(
            (name, value) for name, value in request.form.items(multi=True) if name not in {FIELD, "csrf_token"}
        )
        files = []
        for name, file in request.files.items(multi=True):
            files.append((name, sha256(file.read()).hexdigest()))
            file.seek(0)
        content = [values, sorted(files)]
    else:
        content = sha256(request.get_data(cache=True)).hexdigest()
    said = json.dumps([request.method, request.path, content])
    return sha256(said.encode()).digest()


def _take_or_find(session: Session, key: str, digest: bytes) -> KeptAnswer | None:
    """Take the key and return None, or return the kept answer. A key that is being taken is waited for."""
    owner = scope_of(session).owner
    try:
        session.execute(
            text(
                "insert into idempotency_keys (owner, key, request_sha256) values (:owner, :key, :digest)"
                " on conflict (owner, key) do nothing"
            ),
            {"owner": owner, "key": key, "digest": digest},
        )
        found = find_locked(session, select(KeptAnswer).where(KeptAnswer.owner == owner, KeptAnswer.key == key))
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", "") == _LOCK_NOT_AVAILABLE:
            raise StillAtWork(retry_after_s=5) from error
        raise
    assert found is not None  # noqa: S101 - written two statements up, in this very scope
    if bytes(found.request_sha256) != digest:
        raise IdempotencyKeyReused
    return None if found.status is None else found


def _keep(session: Session, key: str, answer: Response) -> None:
    answer.direct_passthrough = False
    session.execute(
        update(KeptAnswer)
        .where(KeptAnswer.owner == scope_of(session).owner, KeptAnswer.key == key)
        .values(
            status=answer.status_code,
            body=answer.get_data(),
            media_type=answer.content_type,
            location=answer.headers.get("Location"),
        )
        .execution_options(synchronize_session=False)
    )


def _as_response(kept: KeptAnswer) -> Response:
    answer = Response(kept.body, status=kept.status, content_type=kept.media_type)
    if kept.location is not None:
        answer.headers["Location"] = kept.location
    return answer
