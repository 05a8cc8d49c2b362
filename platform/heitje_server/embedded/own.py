# SPDX-License-Identifier: EUPL-1.2
"""The platform's own processes, as `heitje run` starts them: web, worker, schedule, bridge."""

import shutil
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import requests

from heitje_server.embedded.supervisor import Child, start_child, wait_until_ready


@dataclass(frozen=True, kw_only=True)
class OwnProcess:
    """A running `heitje COMMAND`."""

    child: Child
    patience_s: float

    def stop(self) -> None:
        self.child.stop(patience_s=self.patience_s)


def start(
    name: str, *arguments: str, home: Path, environment: Mapping[str, str], patience_s: float = 20, niceness: int = 0
) -> OwnProcess:
    """Start `heitje NAME ARGUMENTS` with these settings. It gets `patience_s` seconds to end what it is doing.

    With `niceness` above 0 it lets others go first.
    """
    nice = shutil.which("nice")
    behind = [nice, "-n", str(niceness)] if nice and niceness else []
    child = start_child(
        name,
        [*behind, sys.executable, "-m", "heitje_server.cli", name, *arguments],
        home=home,
        environment=environment,
        death_signal=signal.SIGTERM,
    )
    return OwnProcess(child=child, patience_s=patience_s)


def wait_for_page(process: OwnProcess, url: str) -> None:
    """Return when `url` answers with success."""
    wait_until_ready(process.child, lambda: _answers(url), timeout_s=120)


def wait_for_port(process: OwnProcess, url: str) -> None:
    """Return when something at `url` answers, whatever it says."""
    wait_until_ready(process.child, lambda: _listens(url), timeout_s=120)


def _listens(url: str) -> bool:
    try:
        requests.get(url, timeout=10)
    except requests.RequestException:
        return False
    return True


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=10).ok
    except requests.RequestException:
        return False
