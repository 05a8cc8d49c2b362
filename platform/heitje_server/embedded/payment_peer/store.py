# SPDX-License-Identifier: EUPL-1.2
"""What the peer was told, in one SQLite file that survives its end."""

import json
import secrets
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Thing = dict[str, Any]
"""An object of Stripe's API, as its JSON has it."""

TABLES = """
create table if not exists objects (
  id text primary key, kind text not null, body text not null, position integer not null
);
create index if not exists objects_by_kind on objects (kind, position);
create table if not exists keys (
  key text primary key, fingerprint text not null, status integer not null, body text not null
);
create table if not exists deliveries (
  event_id text primary key, attempts integer not null, due_at real not null, answered_at real
);
"""


@dataclass(frozen=True, kw_only=True)
class KeptAnswer:
    """What was answered to the first request with an idempotency key."""

    fingerprint: str
    status: int
    body: Thing


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """An event on its way to the webhook address."""

    event_id: str
    attempts: int
    due_at: float
    """Seconds since 1970."""


class Store:
    """One file, one writer at a time: `with store.transaction():` keeps all of it or nothing."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        self._connection.executescript("pragma journal_mode = wal; pragma synchronous = full;" + TABLES)

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with self._lock:
            self._connection.execute("begin immediate")
            try:
                yield
            except BaseException:
                self._connection.execute("rollback")
                raise
            self._connection.execute("commit")

    def get(self, thing_id: str) -> Thing | None:
        """Return an object as it is now, to change and `put` back."""
        with self._lock:
            row = self._connection.execute("select body from objects where id = ?", (thing_id,)).fetchone()
        return None if row is None else dict(json.loads(row[0]))

    def put(self, thing: Thing) -> None:
        """Keep an object under its id and kind (its `object`)."""
        self._connection.execute(
            "insert into objects (id, kind, body, position) "
            "values (?, ?, ?, (select coalesce(max(position), 0) + 1 from objects)) "
            "on conflict (id) do update set body = excluded.body",
            (thing["id"], thing["object"], json.dumps(thing)),
        )

    def all_of(self, kind: str) -> list[Thing]:
        """List the objects of a kind, oldest first."""
        with self._lock:
            rows = self._connection.execute("select body from objects where kind = ? order by position", (kind,))
            return [json.loads(body) for (body,) in rows]

    def kept_answer(self, key: str) -> KeptAnswer | None:
        row = self._connection.execute("select fingerprint, status, body from keys where key = ?", (key,)).fetchone()
        return row and KeptAnswer(fingerprint=row[0], status=row[1], body=json.loads(row[2]))

    def keep_answer(self, key: str, answer: KeptAnswer) -> None:
        values = (key, answer.fingerprint, answer.status, json.dumps(answer.body))
        self._connection.execute("insert into keys (key, fingerprint, status, body) values (?, ?, ?, ?)", values)

    def send(self, event_id: str) -> None:
        """Put an event on its way, due now."""
        self._connection.execute(
            "insert into deliveries (event_id, attempts, due_at) values (?, 0, ?) "
            "on conflict (event_id) do update set attempts = 0, due_at = excluded.due_at, answered_at = null",
            (event_id, time.time()),
        )

    def next_delivery(self) -> Delivery | None:
        """Return the unanswered delivery that is due first."""
        with self._lock:
            row = self._connection.execute(
                "select event_id, attempts, due_at from deliveries where answered_at is null order by due_at, rowid"
            ).fetchone()
        return row and Delivery(event_id=row[0], attempts=row[1], due_at=row[2])

    def delivered(self, event_id: str) -> None:
        with self._lock:
            self._connection.execute(
                "update deliveries set answered_at = ? where event_id = ?", (time.time(), event_id)
            )

    def try_again(self, event_id: str, *, after_s: float) -> None:
        with self._lock:
            self._connection.execute(
                "update deliveries set attempts = attempts + 1, due_at = ? where event_id = ?",
                (time.time() + after_s, event_id),
            )


def new_id(prefix: str) -> str:
    """Make an id such as in_0Hq3... that nobody can guess."""
    return f"{prefix}_{secrets.token_urlsafe(18).replace('-', 'x').replace('_', 'y')}"
