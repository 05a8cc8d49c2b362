# SPDX-License-Identifier: EUPL-1.2
"""Bring the database to the newest schema; safe to run again."""

import click
from sqlalchemy.engine import make_url

from heitje.config import Settings


@click.command()
def command() -> None:
    """Create or update roles and tables.

    Wants MIGRATION_DATABASE_URL, a role that may create roles. The passwords in DATABASE_URL and
    OPERATOR_DATABASE_URL become those of heitje_app and heitje_operator.
    """
    migrate_by(Settings.from_environment())
    click.echo("The database is up to date.")


def migrate_by(settings: Settings) -> None:
    """Migrate the database that these settings name."""
    from heitje_server.migrate import migrate

    for name in ("database_url", "operator_database_url", "migration_database_url"):
        if not getattr(settings, name):
            raise click.ClickException(f"Set {name.upper()}.")
    migrate(
        settings.migration_database_url,
        app_password=make_url(settings.database_url).password or "",
        operator_password=make_url(settings.operator_database_url).password or "",
    )
