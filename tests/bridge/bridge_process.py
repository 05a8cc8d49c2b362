# SPDX-License-Identifier: EUPL-1.2
"""`heitje bridge` in a process of its own that can be killed, without the two seconds that loading web3 takes."""

import os
from multiprocessing import get_context

_processes = get_context("forkserver")
_processes.set_forkserver_preload(["heitje_server.commands.bridge", "heitje_server.chain_settings", "token_bridge.run"])


def start_bridge(environment):
    """Start it; the caller kills or ends it by its pid."""
    process = _processes.Process(target=_be_the_bridge, args=(dict(environment),))
    process.start()
    return process


def _be_the_bridge(environment):
    os.environ.clear()
    os.environ.update(environment)
    from heitje_server.commands.bridge import command

    command.main(["--batch-seconds", "0"], standalone_mode=False)
