# SPDX-License-Identifier: EUPL-1.2
"""Work on background jobs."""

import click

from heitje.config import Settings


@click.command()
@click.option("--burst", is_flag=True, help="Stop when the queues are empty.")
@click.argument("queues", nargs=-1)
def command(queues: tuple[str, ...], *, burst: bool) -> None:
    """Take jobs from QUEUES (all, if none is named) until told to stop. Start as many workers as you like."""
    from heitje_server import worker

    worker.work(Settings.from_environment(), queues or worker.QUEUE_NAMES, burst=burst)
