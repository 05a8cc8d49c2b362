# SPDX-License-Identifier: EUPL-1.2
"""Read neighbourhoods (CBS/PDOK GeoJSON) into the database."""

import json
from pathlib import Path

import click
from sqlalchemy import select

from heitje.config import Settings
from heitje.errors import InvalidInput
from heitje.neighbourhoods import import_neighbourhoods
from heitje.schemes import Scheme
from heitje_server.connections import operator_session


@click.group(name="neighbourhoods")
def command() -> None:
    """Neighbourhoods are data: read them from the file that CBS and PDOK publish."""


@command.command(name="import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--scheme", "slug", help="Short name of the scheme that holds in these neighbourhoods.")
def import_file(file: Path, slug: str | None) -> None:
    """Add or renew the neighbourhoods of FILE (GeoJSON, WGS 84)."""
    settings = Settings.from_environment()
    try:
        collection = json.loads(file.read_text(encoding="utf-8"))
        with operator_session(settings) as session:
            scheme = None if slug is None else session.scalar(select(Scheme).where(Scheme.slug == slug))
            if slug is not None and scheme is None:
                raise click.ClickException(f"There is no scheme {slug!r}.")
            count = import_neighbourhoods(session, collection, scheme_id=scheme.id if scheme else None)
    except ValueError as error:
        raise click.ClickException(f"{file} is not JSON: {error}") from error
    except InvalidInput as refused:
        lines = [f"  {where}: {' '.join(said)}" for where, said in list(refused.errors.items())[:20]]
        raise click.ClickException("Nothing was changed. What is wrong:\n" + "\n".join(lines)) from refused
    click.echo(f"{count} neighbourhoods are in the database.")
