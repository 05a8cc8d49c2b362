# SPDX-License-Identifier: EUPL-1.2
"""Where the embedded chain keeps its blocks and state: one SQLite file, one owner, one transaction a block."""

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from eth.db.backends.base import BaseDB


class ChainInUse(RuntimeError):
    """Another process owns the embedded chain of this folder."""


class SqliteStore(BaseDB):
    """A key-value store for py-evm. What is written inside `one_block` is kept whole or not at all."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = (folder / "lock").open("a")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.close()
            raise ChainInUse(f"{folder} is in use by another `heitje chain`") from None
        self._sqlite = sqlite3.connect(folder / "chain.sqlite3", isolation_level=None, check_same_thread=False)
        self._sqlite.execute("pragma journal_mode = wal")
        # A block that was reported is on the disk.
        self._sqlite.execute("pragma synchronous = full")
        self._sqlite.execute("create table if not exists pairs (key blob primary key, value blob) without rowid")
        self._sqlite.execute("create table if not exists filled (number integer primary key)")
        self._sqlite.execute("create table if not exists identity (chain_id integer not null)")

    def chain_id(self, fresh: int) -> int:
        """Return the id that this chain was born with: `fresh`, if it is only born now."""
        self._sqlite.execute("insert into identity select ? where not exists (select 1 from identity)", (fresh,))
        chain_id: int = self._sqlite.execute("select chain_id from identity").fetchone()[0]
        return chain_id

    @contextmanager
    def one_block(self) -> Iterator[None]:
        """Keep everything that is written inside, or nothing."""
        self._sqlite.execute("begin immediate")
        try:
            yield
        except BaseException:
            self._sqlite.execute("rollback")
            raise
        self._sqlite.execute("commit")

    def mark_filled(self, number: int) -> None:
        """Remember that block `number` holds transactions, so that a search for logs can skip the others."""
        self._sqlite.execute("insert or ignore into filled values (?)", (number,))

    def filled_between(self, first: int, last: int) -> list[int]:
        """Return the numbers of the blocks with transactions, both ends included."""
        rows = self._sqlite.execute(
            "select number from filled where number between ? and ? order by number", (first, last)
        )
        return [number for (number,) in rows]

    def last_filled(self) -> int:
        """Return the newest block with transactions; 0 if there is none."""
        number: int = self._sqlite.execute("select coalesce(max(number), 0) from filled").fetchone()[0]
        return number

    def close(self) -> None:
        """Let go of the file and the lock."""
        self._sqlite.close()
        self._lock.close()

    def __getitem__(self, key: bytes) -> bytes:
        row = self._sqlite.execute("select value from pairs where key = ?", (key,)).fetchone()
        if row is None:
            raise KeyError(key)
        value: bytes = row[0]
        return value

    def __setitem__(self, key: bytes, value: bytes) -> None:
        self._sqlite.execute("insert or replace into pairs values (?, ?)", (key, value))

    def __delitem__(self, key: bytes) -> None:
        if self._sqlite.execute("delete from pairs where key = ?", (key,)).rowcount == 0:
            raise KeyError(key)

    def _exists(self, key: bytes) -> bool:
        return self._sqlite.execute("select 1 from pairs where key = ?", (key,)).fetchone() is not None
