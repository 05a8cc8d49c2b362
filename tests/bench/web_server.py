# SPDX-License-Identifier: EUPL-1.2
"""`make bench-web`: gunicorn (threads) against granian on the real app, demo town loaded; ratios of one run.

Each round asks both servers in turn for the same pages over kept-alive connections, so that a busy machine slows
both. Prints requests per second and their ratio, the median of the rounds.
"""

import argparse
import http.client
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

from heitje.config import Settings
from heitje_server.demo.load import load_if_empty
from heitje_server.embedded import postgres
from heitje_server.migrate import migrate

PAGES = {"list of chores": "/", "small page": "/about", "health": "/health/live"}
WORKERS, THREADS, CLIENTS = 2, 4, 8


def main() -> int:
    """Start both servers on one database, measure, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="heitje-bench-") as folder:
        server = postgres.start(Path(folder), durable=False)
        try:
            environment = prepare(server, Path(folder))
            with started(gunicorn_command, environment) as one, started(granian_command, environment) as other:
                compare(one, other, rounds=options.rounds, seconds=options.seconds)
        finally:
            server.stop()
    return 0


def compare(gunicorn_port: int, granian_port: int, *, rounds: int, seconds: float) -> None:
    """Print requests per second for each kind of page."""
    print(f"{'':>16} {'gunicorn/s':>10} {'granian/s':>10} {'granian : gunicorn':>19}")
    for name, path in PAGES.items():
        pairs = [
            (per_second(gunicorn_port, path, seconds), per_second(granian_port, path, seconds)) for _ in range(rounds)
        ]
        ratio = statistics.median(other / one for one, other in pairs)
        one, other = (statistics.median(column) for column in zip(*pairs, strict=True))
        print(f"{name:>16} {one:>10.0f} {other:>10.0f} {ratio:>19.2f}")


def per_second(port: int, path: str, seconds: float) -> float:
    """Return answered requests per second over 8 kept-alive connections from a process of its own."""
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(_ask, (port, path, seconds))


def _ask(port: int, path: str, seconds: float) -> float:
    deadline = time.perf_counter() + seconds

    def one_client(_number: int) -> int:
        connection, done = http.client.HTTPConnection("127.0.0.1", port, timeout=30), 0
        while time.perf_counter() < deadline:
            connection.request("GET", path, headers={"Accept-Language": "nl"})
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                raise RuntimeError(f"{path} answered {answer.status}")
            done += 1
        connection.close()
        return done

    with ThreadPoolExecutor(CLIENTS) as clients:
        return sum(clients.map(one_client, range(CLIENTS))) / seconds


@contextmanager
def started(command: Callable[[int], list[str]], environment: dict[str, str]) -> Iterator[int]:
    """Run a server for the time of a block; gives its port."""
    port = _free_port()
    process = subprocess.Popen(command(port), env=environment, stderr=subprocess.DEVNULL)
    try:
        for _ in range(300):
            if _answers(port):
                break
            time.sleep(0.1)
        else:
            raise RuntimeError(f"{command.__name__} does not answer")
        yield port
    finally:
        process.terminate()
        process.wait(timeout=30)


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/health/live")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def gunicorn_command(port: int) -> list[str]:
    """As `heitje web` starts it."""
    settings = ["--config", "python:heitje_server.gunicorn_settings", "--log-level", "warning"]
    return [
        sys.executable,
        "-m",
        "gunicorn",
        "--bind",
        f"127.0.0.1:{port}",
        *settings,
        "heitje_server.app:create_app()",
    ]


def granian_command(port: int) -> list[str]:
    """With as many processes and threads."""
    size = ["--workers", str(WORKERS), "--blocking-threads", str(THREADS), "--log-level", "warning"]
    where = ["--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port)]
    return [sys.executable, "-m", "granian", *where, *size, "--factory", "heitje_server.app:create_app"]


def prepare(server: postgres.PostgresServer, folder: Path) -> dict[str, str]:
    """Load the demo town; return the environment of the servers."""
    server.make_database("town")
    migrate(server.url(dbname="town"), app_password="bench-app", operator_password="bench-operator")
    own = {
        "SECRET_KEY": "x" * 40,
        "DATABASE_URL": server.url("heitje_app", "bench-app", "town"),
        "OPERATOR_DATABASE_URL": server.url("heitje_operator", "bench-operator", "town"),
        "HEITJE_HOME": str(folder),
        "FILES_DIR": str(folder / "files"),
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "WEB_WORKERS": str(WORKERS),
        "WEB_THREADS": str(THREADS),
    }
    load_if_empty(Settings.from_environment(own))
    return {**os.environ, **own}


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    sys.exit(main())
