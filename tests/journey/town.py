# SPDX-License-Identifier: EUPL-1.2
"""The whole platform as a newcomer starts it: `heitje run`, with the demo town in it."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from heitje_server.running import adopt_settings
from heitje_server.story.scene import Scene
from tests.fixtures.processes import descendants, living_with, watching

STOPS_WITHIN_S = 60
COMMAND = (sys.executable, "-u", "-m", "heitje_server.cli")


@dataclass(frozen=True, kw_only=True)
class Town:
    """Where a running platform is to be found."""

    home: Path
    url: str
    mail_url: str
    chain_url: str

    @property
    def operator_tokens(self) -> Path:
        """A file with the tokens of the demo's two operators, a line each, as `heitje story` takes it."""
        file = self.home / "operator-tokens"
        tokens = [(self.home / "secrets" / f"operator-token-{number}").read_text() for number in (1, 2)]
        file.write_text("\n".join(tokens))
        return file

    def scene(self) -> Scene:
        """Return the same as the story knows it: the mail that came, the operators' API."""
        first, second = self.operator_tokens.read_text().split()
        return Scene(
            base_url=self.url, mail_url=self.mail_url, operator_tokens=(first, second), chain_url=self.chain_url
        )

    def heitje(self, *arguments: str, timeout_s: float = 300) -> "subprocess.CompletedProcess[str]":
        """Run a command of the platform beside it, in a second terminal so to say."""
        return subprocess.run(
            [*COMMAND, *arguments],
            env=_environment(self.home),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=timeout_s,
        )


class RunningTown:
    """A `heitje run` in a home of its own."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.said = ""
        self._process = subprocess.Popen(
            [*COMMAND, "run", "--port", "0"],
            env=_environment(home),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._until_it_runs()

    def _until_it_runs(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.said += line
            if line.startswith("Heitje runs"):
                return
        raise AssertionError(f"heitje run ended:\n{self.said}")

    @property
    def town(self) -> Town:
        return town_at(self.home)

    def stop(self) -> None:
        """Press Ctrl-C; all of it must end, and well."""
        with watching([self._process.pid, *descendants(self._process.pid)]) as watch:
            self._process.send_signal(signal.SIGINT)
            said = self._process.communicate(timeout=STOPS_WITHIN_S)[0]
            assert self._process.returncode == 0, said
            assert watch.all_end(within_s=0)
        assert living_with(f"HEITJE_HOME={self.home}") == []

    def kill(self) -> None:
        """Take its life as a machine without memory does; whatever it started must end by itself."""
        with watching([self._process.pid, *descendants(self._process.pid)]) as watch:
            self._process.kill()
            self._process.communicate(timeout=STOPS_WITHIN_S)
            assert watch.all_end(within_s=STOPS_WITHIN_S)
        assert living_with(f"HEITJE_HOME={self.home}") == []

    def abandon(self) -> None:
        """Leave nothing behind after a test that failed."""
        self._process.kill()
        self._process.communicate(timeout=STOPS_WITHIN_S)


def town_at(home: Path) -> Town:
    """Return the platform that runs on this home, by what it told about itself."""
    told: dict[str, Any] = {"HEITJE_HOME": str(home)}
    adopt_settings(told)
    return Town(
        home=home, url=told["PUBLIC_URL"], mail_url=told["MAIL_CATCHER_URL"].rstrip("/"), chain_url=told["CHAIN_URL"]
    )


def _environment(home: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return kept | {"HEITJE_HOME": str(home)}
