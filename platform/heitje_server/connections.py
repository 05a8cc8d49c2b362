# SPDX-License-Identifier: EUPL-1.2
"""From settings to the database, for commands: connections that are closed when the work is done."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import click
from sqlalchemy.orm import Session

from heitje.config import Settings
from heitje.db.session import Databases


@contextmanager
def databases_of(settings: Settings) -> Iterator[Databases]:
    """Give the databases of these settings, and close all connections at the end."""
    databases = Databases(settings.database_url, settings.operator_database_url)
    try:
        yield databases
    finally:
        databases.dispose()


@contextmanager
def operator_session(settings: Settings) -> Iterator[Session]:
    """Work in the operator's name, in one transaction. Raises `click.ClickException` where no address is set."""
    if not settings.operator_database_url:
        raise click.ClickException("Set OPERATOR_DATABASE_URL.")
    # Whoever is only ever the operator need not know the application's own address.
    alone = replace(settings, database_url=settings.operator_database_url)
    with databases_of(alone) as databases, databases.across_tenants() as session:
        yield session
