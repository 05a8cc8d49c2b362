# SPDX-License-Identifier: EUPL-1.2
"""Mirror the ledger on the chain; see how that goes; go on after a halt."""

import logging
import resource
import signal
import threading
from pathlib import Path

import click

from heitje.config import Settings


@click.group(invoke_without_command=True)
@click.option("--admin", help="Address (0x...) that may pause contracts yet to be made and give out their roles.")
@click.option("--batch-lines", default=250, show_default=True, help="Close a batch with so many transfers,")
@click.option("--batch-seconds", default=5.0, show_default=True, help="or when the oldest has waited so long.")
@click.option("--gross", is_flag=True, help="New contracts show who paid whom, not just each account's difference.")
@click.option("--max-fee-gwei", default=500, show_default=True, help="Never offer more for a unit of gas.")
@click.pass_context
def command(
    context: click.Context,
    *,
    admin: str | None,
    batch_lines: int,
    batch_seconds: float,
    gross: bool,
    max_fee_gwei: int,
) -> None:
    """Take transfers from the ledger's outbox to the chain until told to stop. A second bridge waits.

    Wants OPERATOR_DATABASE_URL (a direct connection, not through PgBouncer), CHAIN_URL and SECRET_KEY. Signs with
    CHAIN_KEY_FILE, or with a key of HEITJE_HOME that is made at first use.
    """
    if context.invoked_subcommand is not None:
        return
    from heitje.db.session import make_engine
    from heitje_server.chain_settings import orders_from
    from token_bridge.bridge import Rules
    from token_bridge.run import run

    settings = Settings.from_environment()
    rules = Rules(
        lines=batch_lines,
        seconds=batch_seconds,
        net=not gross,
        confirmations=settings.chain_confirmations,
        max_fee_wei=max_fee_gwei * 10**9,
    )
    orders = orders_from(settings, rules=rules, admin=admin)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    # A key in memory belongs into no core dump.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    stop = threading.Event()
    for wish in (signal.SIGTERM, signal.SIGINT):
        signal.signal(wish, lambda *_: stop.set())
    click.echo(f"The bridge signs as 0x{orders.signer.address.hex()}")
    engine = make_engine(settings.operator_database_url, pool_size=1)
    try:
        run(engine, orders, stop)
    finally:
        engine.dispose()


@command.command()
def state() -> None:
    """Show each contract: what waits, what is on its way, what needs a person."""
    from heitje_server.connections import operator_session
    from token_bridge.state import bridge_state

    with operator_session(Settings.from_environment()) as session:
        for one in bridge_state(session):
            click.echo(one.as_text())


@command.command()
@click.argument("scheme")
def resume(scheme: str) -> None:
    """Go on with SCHEME (its slug) after the cause of a halt is mended. The running bridge takes it up."""
    from heitje.clock import now
    from heitje_server.chain_settings import orders_from
    from heitje_server.connections import operator_session
    from token_bridge.resume import resume_scheme

    settings = Settings.from_environment()
    with operator_session(settings) as session:
        orders = orders_from(settings)
        taken_back = resume_scheme(orders.bridge(session), scheme, at=now())
    click.echo(f"Resumed. {taken_back} operations were confirmed in blocks that are gone; they are sent again.")


@command.command()
@click.option("--admin", help="Address (0x...) of the new contract's administrator; default: the home's.")
@click.argument("scheme")
def redeploy(scheme: str, admin: str | None) -> None:
    """Replace SCHEME's contract by a new one that opens with everything the old one held."""
    from heitje.clock import now
    from heitje_server.chain_settings import orders_from
    from heitje_server.connections import operator_session
    from token_bridge.redeploy import redeploy as take_over
    from token_bridge.resume import deployment_of

    settings = Settings.from_environment()
    orders = orders_from(settings, admin=admin)
    if orders.admin is None:
        raise click.ClickException("Name the administrator with --admin.")
    with operator_session(settings) as session:
        bridge = orders.bridge(session)
        take_over(bridge, deployment_of(bridge, scheme), admin=orders.admin, at=now())
    click.echo("Queued. The running bridge makes the contract and its opening.")


@command.command()
@click.option("--key-file", type=click.Path(exists=True, path_type=Path), help="The pauser's key; default: the home's.")
@click.argument("scheme")
def pause(scheme: str, key_file: Path | None) -> None:
    """Pause SCHEME's contract: nothing is minted, moved or burned on the chain. Shops go on."""
    _switch(scheme, "pause", key_file)


@command.command()
@click.option("--key-file", type=click.Path(exists=True, path_type=Path), help="The pauser's key; default: the home's.")
@click.argument("scheme")
def unpause(scheme: str, key_file: Path | None) -> None:
    """End the pause of SCHEME's contract. Then `heitje bridge resume`, if the bridge halted meanwhile."""
    _switch(scheme, "unpause", key_file)


def _switch(scheme: str, which: str, key_file: Path | None) -> None:
    from heitje_server.chain_settings import orders_from
    from heitje_server.connections import operator_session
    from token_bridge.keys import LocalKey, home_keys
    from token_bridge.resume import call_as_admin

    settings = Settings.from_environment()
    key = LocalKey(key_file) if key_file else home_keys(settings.heitje_home)[1]
    with operator_session(settings) as session:
        transaction_hash = call_as_admin(orders_from(settings).bridge(session), scheme, which, key=key)
    click.echo(f"Sent: 0x{transaction_hash.hex()}")
