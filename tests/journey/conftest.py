# SPDX-License-Identifier: EUPL-1.2
"""One platform for all of these tests, started as a newcomer starts it, and stopped by Ctrl-C."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fixtures.sharing import Stoppable, run_folder, shared
from tests.journey.town import RunningTown, Town, town_at


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """The platform with its demo town; HEITJE_TOWN names the home of one that runs already, while working on pages."""
    if "HEITJE_TOWN" in os.environ:
        yield town_at(Path(os.environ["HEITJE_TOWN"]))
        return

    def start(home: Path) -> tuple[Stoppable, dict[str, Any]]:
        running = RunningTown(home)
        return running, {"home": str(running.home)}

    with shared(run_folder(tmp_path_factory) / "town", start) as said:
        yield town_at(Path(said["home"]))
