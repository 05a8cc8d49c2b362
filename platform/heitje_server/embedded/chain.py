# SPDX-License-Identifier: EUPL-1.2
"""Starts the chain that `heitje run` and the tests bring: the embedded one, or anvil as a real node.

The keys of settler and administrator are made on first use, in `home`/secrets. On both chains they have gas enough.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import requests

from heitje_server.embedded.remembered import remembered_port
from heitje_server.embedded.supervisor import CannotStart, Child, start_child, wait_until_ready
from token_bridge.keys import LocalKey, home_keys

ANVIL = Path("node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil")
GAS_MONEY_WEI = 10**24


@dataclass(frozen=True, kw_only=True)
class ChainServer:
    """A running node."""

    url: str
    """What `CHAIN_URL` wants."""
    settler: LocalKey
    admin: LocalKey
    child: Child

    def stop(self) -> None:
        self.child.stop()


def start(home: Path) -> ChainServer:
    """Start the embedded chain, which keeps its blocks in `home`/chain."""
    home = home.resolve()
    port = remembered_port(home, "chain")
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "heitje_server.cli",
        "chain",
        "--port",
        str(port),
        "--home",
        home,
    ]
    return _started(home, "chain", port, command)


def start_anvil(home: Path, *, program: Path = ANVIL, options: Sequence[str] = ()) -> ChainServer:
    """Start anvil with these options. It forgets everything when it stops, unless told to keep its state."""
    if not program.exists():
        raise CannotStart(f"{program} is not there: run `npm ci` (anvil comes for Linux on x86-64)")
    home = home.resolve()
    port = remembered_port(home, "anvil")
    command: list[str | Path] = [program, "--host", "127.0.0.1", "--port", str(port), "--hardfork", "prague", *options]
    server = _started(home, "anvil", port, command)
    for key in (server.settler, server.admin):
        _ask(server.url, "anvil_setBalance", "0x" + key.address.hex(), hex(GAS_MONEY_WEI))
    return server


def _started(home: Path, name: str, port: int, command: Sequence[str | Path]) -> ChainServer:
    settler, admin = home_keys(home)
    child = start_child(name, command, home=home)
    server = ChainServer(url=f"http://127.0.0.1:{port}", settler=settler, admin=admin, child=child)
    wait_until_ready(child, lambda: _answers(server.url))
    return server


def _answers(url: str) -> bool:
    try:
        return bool(_ask(url, "eth_chainId"))
    except requests.RequestException:
        return False


def _ask(url: str, method: str, *params: object) -> object:
    reply = requests.post(url, json={"jsonrpc": "2.0", "id": 1, "method": method, "params": params}, timeout=5)
    reply.raise_for_status()
    return reply.json()["result"]
