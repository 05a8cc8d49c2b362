# SPDX-License-Identifier: EUPL-1.2
"""Put recurring jobs on the queue when they are due."""

import logging

import click

from heitje.config import Settings


@click.command()
def command() -> None:
    """Run the timetable until told to stop. A second one does no harm: each slot is put once."""
    from heitje_server import schedule
    from heitje_server.timetable import timetable
    from heitje_server.worker import connect

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    schedule.run(connect(Settings.from_environment()), timetable())
