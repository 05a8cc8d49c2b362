# SPDX-License-Identifier: EUPL-1.2
"""The real app on this module's database."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from heitje.config import Settings
from heitje_server.app import create_app
from tests.fixtures.client import Browser
from tests.fixtures.databases import Database
from tests.fixtures.given import Given


@pytest.fixture(scope="module")
def app(database: Database, given: Given, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The app as it is served."""
    _ = given.scheme_id
    folder: Path = tmp_path_factory.mktemp("files")
    made = create_app(
        Settings(
            secret_key="secret-of-the-portals-tests-0123456789",
            database_url=database.app_url,
            operator_database_url=database.operator_url,
            files_dir=str(folder),
            oidc_issuer="https://accounts.example.org",
            oidc_client_id="heitje",
        )
    )
    made.test_client_class = Browser
    yield made
    made.extensions["databases"].dispose()
