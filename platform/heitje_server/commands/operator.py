# SPDX-License-Identifier: EUPL-1.2
"""Add or block the people who operate the platform."""

import click

from heitje.audit import CONSOLE
from heitje.clock import now
from heitje.config import Settings
from heitje.errors import Conflict, NotFound
from heitje.identity.operators import add_operator, block_operator
from heitje_server.connections import operator_session


@click.group(name="operator")
def command() -> None:
    """Operators use the admin API with a token. Admitting and paying out take two of them."""


@command.command(name="add")
@click.argument("name")
@click.argument("email")
def add(name: str, email: str) -> None:
    """Add an operator and print the token: it is shown this once."""
    try:
        with operator_session(Settings.from_environment()) as session:
            _, token = add_operator(session, name=name, email=email, by=CONSOLE, at=now())
    except Conflict as refused:
        raise click.ClickException(f"{email} is an operator already. Block that one first.") from refused
    click.echo(token)


@command.command(name="block")
@click.argument("email")
def block(email: str) -> None:
    """Let an operator in no more."""
    try:
        with operator_session(Settings.from_environment()) as session:
            block_operator(session, email, by=CONSOLE, at=now())
    except NotFound as refused:
        raise click.ClickException(f"There is no operator {email}.") from refused
    click.echo(f"{email} is blocked.")
