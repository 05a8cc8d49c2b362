# SPDX-License-Identifier: EUPL-1.2
"""Compare ledger and chain to the cent; exit code 1 on any difference."""

import sys

import click

from heitje.config import Settings


@click.command()
@click.option("--wait", default=0, show_default=True, help="Seconds to wait until all transfers so far have crossed.")
def command(wait: int) -> None:
    """Rebuild the books from the contract's own events and compare them with the ledger.

    Works beside a running bridge. A difference pauses the mirror of its scheme and raises an alarm; shops go on.
    """
    from heitje.cents import in_heitjes
    from heitje.clock import now
    from heitje_server.chain_settings import orders_from
    from heitje_server.connections import operator_session
    from token_bridge.chain import NodeRefused, NodeUnavailable
    from token_bridge.reconcile import live_deployments, reconcile
    from token_bridge.state import wait_until_crossed

    settings = Settings.from_environment()
    orders = orders_from(settings)
    different = False
    with operator_session(settings) as session:
        crossed = wait_until_crossed(session, timeout_s=wait)
        for deployment in live_deployments(session):
            try:
                found = reconcile(session, orders.chain, deployment, at=now())
            except (NodeRefused, NodeUnavailable) as error:
                raise click.ClickException(f"The node does not answer: {error}") from error
            supply = in_heitjes(found.supply_cents, decimals=True)
            place = f"0x{deployment.address.hex()}" if deployment.address else "not on the chain yet"
            click.echo(f"{place}: {found.accounts} accounts, supply {supply}, closing {found.closing}")
            for difference in found.differences:
                different = True
                click.echo(f"  differs: {difference}", err=True)
    if wait and not crossed:
        click.echo("Not everything has crossed in time.", err=True)
    if different or (wait and not crossed):
        sys.exit(1)
    click.echo("Ledger and chain agree.")
