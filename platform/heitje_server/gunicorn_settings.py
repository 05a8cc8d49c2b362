# SPDX-License-Identifier: EUPL-1.2
"""How gunicorn serves the platform: processes with threads, few surprises. Read by `heitje web`."""

import gc
import os
import signal
from pathlib import Path
from typing import Any

from heitje.config import Settings
from heitje_server.launcher import die_with_parent

_settings = Settings.from_environment()

workers = _settings.web_workers
threads = _settings.web_threads
worker_class = "gthread"
timeout = 60
graceful_timeout = 15
keepalive = 5
max_requests = 10_000
max_requests_jitter = 1_000
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - heartbeats in memory, not on disk
control_socket_disable = True
preload_app = True  # imported once, before the processes part: a quicker start and shared memory


def pre_fork(server: Any, worker: Any) -> None:  # noqa: ARG001 - gunicorn's names
    """No two processes may share a connection; memory they may."""
    server.app.wsgi().extensions["databases"].dispose()
    gc.freeze()


def post_fork(server: Any, worker: Any) -> None:  # noqa: ARG001 - gunicorn's names
    """A web process ends when its arbiter is killed, instead of answering on."""
    die_with_parent(server.pid, signal.SIGTERM)


def worker_exit(server: Any, worker: Any) -> None:  # noqa: ARG001 - gunicorn's names
    """Everything is answered. To take the interpreter apart as well would only cost a second of processor time."""
    os._exit(0)
