# SPDX-License-Identifier: EUPL-1.2
"""The real app on this module's database."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from heitje.config import Settings
from heitje_server.app import create_app
from tests.fixtures.client import Browser
from tests.fixtures.databases import Database
from tests.fixtures.given import Given
from tests.fixtures.servers import MailAddress


@pytest.fixture(scope="module")
def app(
    database: Database, given: Given, mail_server: MailAddress, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Flask]:
    """The app as it is served."""
    _ = given.scheme_id
    folder: Path = tmp_path_factory.mktemp("files")
    made = create_app(
        Settings(
            secret_key="secret-of-the-citizens-tests-0123456789",
            database_url=database.app_url,
            operator_database_url=database.operator_url,
            smtp_url=mail_server.url,
            files_dir=str(folder),
        )
    )
    made.test_client_class = Browser
    yield made
    made.extensions["databases"].dispose()


@pytest.fixture
def statements(app: Flask) -> Iterator[list[str]]:
    """Every statement that the app sends to the database meanwhile."""
    seen: list[str] = []

    def listen(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    engine = app.extensions["databases"].app_engine
    event.listen(engine, "before_cursor_execute", listen)
    yield seen
    event.remove(engine, "before_cursor_execute", listen)
