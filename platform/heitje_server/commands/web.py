# SPDX-License-Identifier: EUPL-1.2
"""Serve pages and APIs."""

import os
import sys

import click


@click.command()
@click.option("--bind", default="127.0.0.1:8000", show_default=True, help="Address and port to listen on.")
def command(bind: str) -> None:
    """Become the web server, gunicorn, with WEB_WORKERS processes of WEB_THREADS threads."""
    settings = "python:heitje_server.gunicorn_settings"
    arguments = ["--bind", bind, "--config", settings, "heitje_server.app:create_app()"]
    os.execv(sys.executable, [sys.executable, "-m", "gunicorn", *arguments])  # noqa: S606 - becoming it is the point
