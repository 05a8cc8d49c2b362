# SPDX-License-Identifier: EUPL-1.2
"""What a running `heitje run` tells other commands on the same machine: its settings."""

import fcntl
import json
import os
from collections.abc import Mapping, MutableMapping
from pathlib import Path

LOCK = "run.lock"
SETTINGS = "running.json"


def tell_settings(home: Path, environment: Mapping[str, str]) -> None:
    """Leave the settings, secrets among them, in a file that only its owner reads."""
    file = home / SETTINGS
    with os.fdopen(os.open(file, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as handle:
        json.dump(dict(environment), handle, indent=1)


def adopt_settings(environment: MutableMapping[str, str]) -> None:
    """Add to `environment` what a `heitje run` in this HEITJE_HOME told, where nothing is set.

    An environment that names its own database gets nothing: it is another platform.
    """
    home = Path(environment.get("HEITJE_HOME", ".heitje"))
    if "DATABASE_URL" in environment or not is_running(home):
        return
    for name, value in json.loads((home / SETTINGS).read_text()).items():
        environment.setdefault(name, value)


def is_running(home: Path) -> bool:
    """Say whether a `heitje run` holds this home now and has told its settings."""
    if not (home / SETTINGS).exists():
        return False
    with (home / LOCK).open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
