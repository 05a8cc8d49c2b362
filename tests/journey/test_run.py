# SPDX-License-Identifier: EUPL-1.2
"""What a machine that dies leaves of the platform, and what the next start makes of it.

`tests/embedded/test_run.py` has the rest: the order of stopping, what starting says, how long it takes.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.journey.town import RunningTown, Town

pytestmark = pytest.mark.node


@contextmanager
def started(home: Path) -> Iterator[RunningTown]:
    running = RunningTown(home)
    try:
        yield running
    finally:
        running.abandon()


def books_of(town: Town) -> dict[str, Any]:
    scene = town.scene()
    scheme = scene.api("GET", "/schemes")[0]
    proof = scene.api("GET", "/books/proof")
    assert proof["holds"], proof
    coverage: dict[str, Any] = scene.api("GET", f"/schemes/{scheme['id']}/coverage")
    return coverage


def test_killed_while_the_bridge_carries_all_is_kept_and_the_rest_crosses_after_the_next_start(tmp_path) -> None:
    home = tmp_path / "home"
    with started(home) as first:
        before = books_of(first.town)
        first.kill()

    with started(home) as second:
        assert books_of(second.town) == before
        compared = second.town.heitje("reconcile", "--wait", "120")
        assert compared.returncode == 0, compared.stdout
        assert "Ledger and chain agree." in compared.stdout
        second.stop()
