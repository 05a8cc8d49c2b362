# SPDX-License-Identifier: EUPL-1.2
"""Serve the embedded chain as a node on this machine."""

import signal
import threading
from pathlib import Path

import click

from heitje.config import Settings


@click.command()
@click.option("--home", type=click.Path(path_type=Path), help="Folder that holds it; HEITJE_HOME if not given.")
@click.option("--port", default=0, show_default="any", help="Port on 127.0.0.1 to answer on.")
def command(home: Path | None, port: int) -> None:
    """Answer JSON-RPC until told to stop. Its address goes to HEITJE_HOME/chain.url.

    Every block is on the disk before it is reported, so it may be ended in any way. A folder has one owner.
    """
    from token_bridge.embedded_chain import EmbeddedChain
    from token_bridge.embedded_rpc import NodeServer
    from token_bridge.embedded_store import ChainInUse
    from token_bridge.keys import home_keys, settler_key

    settings = Settings.from_environment()
    home = (home or settings.heitje_home).resolve()
    rich = [settler_key(settings.chain_key_file, home).address, home_keys(home)[1].address]
    try:
        server = NodeServer(EmbeddedChain(home / "chain", rich=rich), port=port)
    except ChainInUse as error:
        raise click.ClickException(str(error)) from error
    address = home / "chain.url"
    address.write_text(server.url + "\n")
    click.echo(f"The embedded chain answers on {server.url}")

    told_to_stop = threading.Event()
    for wish in (signal.SIGTERM, signal.SIGINT):
        signal.signal(wish, lambda *_: told_to_stop.set())
    told_to_stop.wait()
    address.unlink(missing_ok=True)
    server.close()
