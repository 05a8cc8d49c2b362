# SPDX-License-Identifier: EUPL-1.2
"""What every test may ask for. Each subject has its own file in `tests/fixtures/`."""

pytest_plugins = [
    "tests.fixtures.browser",
    "tests.fixtures.servers",
    "tests.fixtures.databases",
    "tests.fixtures.given",
]
