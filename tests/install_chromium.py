# SPDX-License-Identifier: EUPL-1.2
"""Sees to it that the tests have a Chromium: `python -m tests.install_chromium`.

Found on the machine, else fetched by Playwright, else by the package manager. HEITJE_CHROMIUM names one outright.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


def find_chromium() -> Path | None:
    """Return a Chromium that starts, or None."""
    chosen = os.environ.get("HEITJE_CHROMIUM", "")
    on_the_path = [shutil.which(name) for name in NAMES]
    candidates = [chosen] if chosen else [*on_the_path, _playwrights_own()]
    return next((Path(candidate) for candidate in candidates if candidate and _starts(candidate)), None)


def _playwrights_own() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        program = playwright.chromium.executable_path
    return program if Path(program).exists() else None


def _starts(program: str) -> bool:
    try:
        return subprocess.run([program, "--version"], capture_output=True, timeout=60, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _install() -> None:
    fetch = [sys.executable, "-m", "playwright", "install", "chromium"]
    if subprocess.run(fetch, check=False).returncode == 0 and find_chromium():
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        print("Playwright could not bring a Chromium that starts here; asking the package manager.")
        subprocess.run(["apt-get", "update", "-q"], check=False)
        subprocess.run(["apt-get", "install", "-y", "-q", "--no-install-recommends", "chromium"], check=False)


def main() -> None:
    """Say which Chromium the tests will use; exit 1 with what to do when there is none."""
    if find_chromium() is None:
        _install()
    found = find_chromium()
    if found is None:
        sys.exit("The browser tests need Chromium. Install it, or set HEITJE_CHROMIUM to its program.")
    print(f"Browser tests use {found}.")


if __name__ == "__main__":
    main()
