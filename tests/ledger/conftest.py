# SPDX-License-Identifier: EUPL-1.2
"""Books of each module's own."""

from collections.abc import Iterator

import pytest

from heitje.db.session import Databases
from tests.fixtures.databases import Database
from tests.ledger.books import Books


@pytest.fixture(scope="module")
def databases(database: Database) -> Iterator[Databases]:
    made = Databases(database.app_url, database.operator_url, pool_size=8)
    yield made
    made.dispose()


@pytest.fixture
def books(databases: Databases) -> Books:
    return Books(databases)
