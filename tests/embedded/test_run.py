# SPDX-License-Identifier: EUPL-1.2
"""`heitje run`, whole: one command that starts everything, and leaves nothing behind."""

import os
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from time import monotonic

import psycopg
import pytest
import requests

from heitje.identity.portal_sign_in import PLATFORM_CALLBACK
from heitje_server.commands.run import DEMO_LOADED
from heitje_server.embedded import fill
from heitje_server.running import adopt_settings
from tests.fixtures.processes import descendants, living_with, watching

pytestmark = pytest.mark.node

PARTS = (
    "valkey",
    "mail",
    "identity provider",
    "payment peer",
    "chain",
    "database",
    "worker",
    "schedule",
    "bridge",
    "web",
)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """One home for all starts of this module: the first loads the demo."""
    return tmp_path_factory.mktemp("run") / "home"


@contextmanager
def heitje_run(home, *options):
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "heitje_server.cli", "run", *options],
        env=kept | {"HEITJE_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def until_it_runs(process):
    """Read what it says until it has said everything."""
    said = []
    for line in process.stdout:
        said.append(line)
        if line.startswith("Heitje runs"):
            return "".join(said)
    pytest.fail("heitje run ended:\n" + "".join(said))


def settings_of(home):
    environment = {"HEITJE_HOME": str(home)}
    adopt_settings(environment)
    return environment


def count_of(home, table):
    with psycopg.connect(settings_of(home)["MIGRATION_DATABASE_URL"]) as connection:
        return connection.execute(f"select count(*) from {table}").fetchone()[0]


def stop(process, by=signal.SIGINT):
    process.send_signal(by)
    return process.communicate(timeout=60)[0]


@pytest.fixture(scope="module")
def running(home):
    """A first start: it loads the demo."""
    with heitje_run(home) as process:
        yield process, until_it_runs(process)


def test_it_starts_everything_and_says_where_and_as_whom(running, home):
    _, said = running
    settings = settings_of(home)

    assert requests.get(settings["PUBLIC_URL"] + "/health/ready", timeout=10).json()["status"] == "ready"
    assert [part for part in (*PARTS, "demo town") if f"✓ {part}\n" not in said] == []
    assert count_of(home, "chores") >= 40


def test_the_doctor_beside_it_looks_at_its_services(running, home):
    doctor = subprocess.run(
        [sys.executable, "-m", "heitje_server.cli", "doctor"],
        env={"PATH": os.environ["PATH"], "HEITJE_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert doctor.returncode == 0, doctor.stdout
    assert "✓ queue: 1 worker(s)" in doctor.stdout


def test_a_second_one_on_the_same_home_is_refused(running, home):
    with heitje_run(home) as second:
        said = second.communicate(timeout=60)[0]

    assert second.returncode == 1
    assert re.search(r"Heitje already runs on .*Stop it there, or set HEITJE_HOME", said)


def test_ctrl_c_stops_everything_in_order(running, home):
    process, _ = running
    with watching(descendants(process.pid)) as watch:
        said = stop(process)

        assert process.returncode == 0, said
        assert watch.all_end(within_s=0)

    assert "Stopped. Everything is kept for the next start." in said
    assert "database system is shut down" in (home / "logs" / "postgres.log").read_text()


def test_killed_it_leaves_nothing_behind_loses_nothing_and_starts_again_in_ten_seconds(running, home):
    with heitje_run(home) as process:
        until_it_runs(process)
        entries = count_of(home, "ledger_entries")
        family = descendants(process.pid)
        assert entries > 0
        assert len(living_with(f"HEITJE_HOME={home}")) > len(PARTS)
        assert len(family) > len(PARTS)

        with watching(family) as watch:
            process.kill()
            assert watch.all_end(within_s=20)
        assert living_with(f"HEITJE_HOME={home}") == []

    with heitje_run(home) as process:
        started_at = monotonic()
        said = until_it_runs(process)
        seconds = monotonic() - started_at
        assert count_of(home, "ledger_entries") >= entries
        stop(process, signal.SIGTERM)

    assert "demo town" not in said
    assert seconds < 10 * slowness()


def test_a_run_killed_while_loading_the_demo_starts_that_over(home):
    (home / DEMO_LOADED).unlink()
    (home / fill.DEMO_LOADING).touch()

    with heitje_run(home) as process:
        said = until_it_runs(process)
        schemes = count_of(home, "schemes")
        stop(process)

    assert "✓ demo town" in said
    assert schemes == 1
    assert not (home / fill.DEMO_LOADING).exists()


def test_the_way_back_from_signing_in_is_known_to_the_identity_provider():
    assert fill.PLATFORM_CALLBACK == PLATFORM_CALLBACK


def slowness():
    """How much slower than alone: others may be using the machine, and so may the other half of this run."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
