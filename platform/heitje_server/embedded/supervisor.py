# SPDX-License-Identifier: EUPL-1.2
"""Children that never outlive us: start in the foreground, wait until ready, stop in order.

The kernel sends a child its death signal when the *thread* that started it ends. Start children from a thread
that lives as long as they should: the main one.
"""

import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import ClassVar, Self

from heitje_server import launcher

LAUNCHER = Path(launcher.__file__)
LOG_LIMIT_BYTES = 10_000_000
POLL_S = 0.02


class CannotStart(RuntimeError):
    """An embedded service does not start; the message says why and what to do."""


class HomeInUse(CannotStart):
    """Another process runs on this folder."""


@dataclass(kw_only=True)
class Child:
    """A running program that dies with us."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    stop_signal: signal.Signals
    _is_asked: bool = False

    @property
    def pid(self) -> int:
        return self.process.pid

    def is_running(self) -> bool:
        return self.process.poll() is None

    def ask_to_stop(self) -> None:
        """Tell it to stop, once: many programs take a second time for impatience."""
        if self.is_running() and not self._is_asked:
            self.process.send_signal(self.stop_signal)
        self._is_asked = True

    def stop(self, *, patience_s: float = 20) -> None:
        """Ask it to stop and wait; after `patience_s` end it and everything it started."""
        self.ask_to_stop()
        try:
            self.process.wait(patience_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        _end_group(self.pid)

    def last_words(self, lines: int = 15) -> str:
        """Return the end of its log."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


def start_child(
    name: str,
    command: Sequence[str | Path],
    *,
    home: Path,
    stop_signal: signal.Signals = signal.SIGTERM,
    death_signal: signal.Signals = signal.SIGTERM,
    environment: Mapping[str, str] | None = None,
    appear_as_uid: int | None = None,
) -> Child:
    """Start `command` with its output in `home`/logs/`name`.log.

    `death_signal` is what it gets if we are killed. A terminal's Ctrl-C does not reach it: we stop it in our order.
    """
    log = _open_log(home, name)
    uid = "-" if appear_as_uid is None else str(appear_as_uid)
    launch: list[str | Path] = [sys.executable, "-I", "-S", LAUNCHER, str(os.getpid()), str(int(death_signal)), uid]
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*launch, *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=None if environment is None else dict(environment),
            start_new_session=True,
        )
    return Child(name=name, process=process, log=log, stop_signal=stop_signal)


class Gathering:
    """Children that start side by side. Inside its `with` block nothing waits; `wait` then waits for all of them."""

    _open: ClassVar["Gathering | None"] = None

    def __init__(self) -> None:
        self._starting: list[tuple[Child, Callable[[], bool], float]] = []

    def __enter__(self) -> Self:
        Gathering._open = self
        return self

    def __exit__(self, *_: object) -> None:
        Gathering._open = None

    def wait(self, say: Callable[[str], None]) -> None:
        """Return when all are ready, saying the name of each."""
        while self._starting:
            child, is_ready, timeout_s = self._starting.pop(0)
            wait_until_ready(child, is_ready, timeout_s=timeout_s)
            say(child.name.replace("_", " "))

    @classmethod
    def takes(cls, child: Child, is_ready: Callable[[], bool], timeout_s: float) -> bool:
        """Whether a gathering is open, which then waits for this child later."""
        if cls._open is None:
            return False
        cls._open._starting.append((child, is_ready, timeout_s))  # noqa: SLF001 - its own
        return True


def wait_until_ready(child: Child, is_ready: Callable[[], bool], *, timeout_s: float = 60) -> None:
    """Return when `is_ready` does; raise `CannotStart` with the child's last words when it dies or takes too long."""
    if Gathering.takes(child, is_ready, timeout_s):
        return
    deadline = monotonic() + timeout_s
    while not is_ready():
        try:
            status = child.process.wait(POLL_S)
        except subprocess.TimeoutExpired:
            if monotonic() < deadline:
                continue
            child.stop(patience_s=1)
            raise CannotStart(
                f"{child.name} did not answer in {timeout_s:.0f} seconds. Its log, {child.log}, ends with:\n"
                + child.last_words()
            ) from None
        raise CannotStart(
            f"{child.name} ended with status {status} instead of starting. Its log, {child.log}, ends with:\n"
            + child.last_words()
        )


@contextmanager
def only_one(lock: Path, refusal: str) -> Iterator[None]:
    """Hold the file `lock` while inside; raise `HomeInUse(refusal)` if another process holds it.

    The kernel lets go of it when we die, however we die.
    """
    lock.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with lock.open("a+") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise HomeInUse(refusal) from None
        yield


def _open_log(home: Path, name: str) -> Path:
    logs = home / "logs"
    logs.mkdir(mode=0o700, parents=True, exist_ok=True)
    log = logs / f"{name}.log"
    if log.exists() and log.stat().st_size > LOG_LIMIT_BYTES:
        log.replace(log.with_suffix(".log.1"))
    return log


def _end_group(leader: int) -> None:
    try:
        os.killpg(leader, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return
