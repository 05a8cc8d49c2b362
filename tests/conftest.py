# SPDX-License-Identifier: EUPL-1.2
"""What every test may ask for. Each subject has its own file in `tests/fixtures/`."""

import pytest

pytest_plugins = [
    "tests.fixtures.browser",
    "tests.fixtures.servers",
    "tests.fixtures.databases",
    "tests.fixtures.given",
    "tests.fixtures.signed_in",
]

LONGEST_FIRST = (
    "tests/ledger/test_state_machine.py",
    "tests/journey/test_every_page_in_the_browser.py",
    "tests/journey/test_way_round_in_the_browser.py",
    "tests/isolation/test_every_route.py",
    "tests/citizen/test_in_browser.py",
    "tests/portal/test_in_a_browser.py",
    "tests/web/test_in_browser.py",
    "tests/bridge/test_kills.py",
    "tests/journey/test_run.py",
    "tests/embedded/test_run.py",
)
"""Files that take minutes: begun last, one worker would wait for the other's."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest files, so that two workers end together."""
    rank = {name: number for number, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: rank.get(item.nodeid.partition("::")[0], len(rank)))
