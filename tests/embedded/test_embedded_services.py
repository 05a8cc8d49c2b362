# SPDX-License-Identifier: EUPL-1.2
"""Database and queue of our own: they die with us, and lose nothing."""

import json
import os
import signal
import stat
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
import redis

from heitje_server.embedded import postgres, valkey
from heitje_server.embedded.supervisor import CannotStart, HomeInUse
from tests.fixtures.processes import descendants, watching

KEEPER = Path(__file__).with_name("keeper.py")
AS_ORDINARY_USER = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]


@contextmanager
def keeper(home, *before):
    """A process that keeps a database and a queue; gives the process and what it says."""
    command = [*before, sys.executable, "-W", "error", KEEPER, home]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process, json.loads(process.stdout.readline())
        finally:
            process.kill()


def put_row(url):
    with psycopg.connect(url) as connection:
        connection.execute("create table if not exists kept (n int)")
        connection.execute("insert into kept values (1)")


def rows(url):
    with psycopg.connect(url) as connection:
        return connection.execute("select count(*) from kept").fetchone()[0]


def test_a_killed_owner_leaves_no_process_and_loses_no_committed_row(tmp_path):
    with keeper(tmp_path) as (process, said):
        put_row(said["database"])
        with redis.Redis.from_url(said["queue"]) as queue:
            queue.set("kept", "1")
            queue.execute_command("WAITAOF", 1, 0, 5000)
        family = descendants(process.pid)
        assert len(family) > 5

        with watching(family) as watch:
            process.kill()
            assert watch.all_end(within_s=10)

    with keeper(tmp_path) as (_, said):
        assert rows(said["database"]) == 1
        with redis.Redis.from_url(said["queue"]) as queue:
            assert queue.get("kept") == b"1"


def test_a_killed_database_server_recovers_every_committed_row(tmp_path):
    server = postgres.start(tmp_path)
    put_row(server.url())
    with watching(descendants(server.child.pid)) as watch:
        os.kill(server.child.pid, signal.SIGKILL)
        server.stop()
        assert watch.all_end(within_s=10)

    again = postgres.start(tmp_path)

    assert again.port == server.port
    assert rows(again.url()) == 1
    again.stop()


def test_stopping_ends_every_process_in_order(tmp_path):
    with keeper(tmp_path) as (process, _), watching(descendants(process.pid)) as watch:
        process.stdin.close()
        assert process.wait(20) == 0
        assert watch.all_end(within_s=0)

    assert "database system is shut down" in (tmp_path / "logs" / "postgres.log").read_text()
    assert "bye bye" in (tmp_path / "logs" / "valkey.log").read_text()


@pytest.mark.skipif(os.geteuid() != 0, reason="this run is an ordinary user's already")
def test_an_ordinary_user_has_the_same(tmp_path):
    with keeper(tmp_path, *AS_ORDINARY_USER) as (_, said):
        assert said["uid"] == 1000
        put_row(said["database"])
        assert rows(said["database"]) == 1


def test_a_second_start_on_the_same_home_is_refused_and_disturbs_nobody(tmp_path):
    server, queue = postgres.start(tmp_path), valkey.start(tmp_path)

    with pytest.raises(HomeInUse, match="Another process runs the database"):
        postgres.start(tmp_path)
    with pytest.raises(HomeInUse, match="Another process runs the queue"):
        valkey.start(tmp_path)

    put_row(server.url())
    queue.stop()
    server.stop()


def test_a_stale_note_with_the_number_of_a_living_stranger_does_not_stand_in_the_way(tmp_path):
    server = postgres.start(tmp_path)
    server.stop()
    note = tmp_path / "postgres" / "postmaster.pid"
    note.write_text(f"{os.getpid()}\n{tmp_path / 'postgres'}\n")

    postgres.start(tmp_path).stop()

    assert not note.exists()


def test_a_half_made_data_folder_is_never_used(tmp_path):
    (tmp_path / "postgres.new").mkdir()
    (tmp_path / "postgres.new" / "PG_VERSION").write_text("18")

    server = postgres.start(tmp_path)

    put_row(server.url())
    server.stop()


def test_by_default_an_acknowledged_commit_is_on_disk(tmp_path):
    server = postgres.start(tmp_path)

    with psycopg.connect(server.url()) as connection:
        settings = {
            name: connection.execute(f"show {name}").fetchone()[0]
            for name in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums", "listen_addresses")
        }

    server.stop()
    assert settings == {
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "data_checksums": "on",
        "listen_addresses": "127.0.0.1",
    }


def test_only_who_knows_the_password_comes_in_and_it_stands_in_no_command_line(tmp_path):
    server, queue = postgres.start(tmp_path), valkey.start(tmp_path)

    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(server.url(password="guessed"))
    with redis.Redis(port=queue.port, retry=None) as stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()
    for child in (server.child, queue.child):
        assert server.password not in Path(f"/proc/{child.pid}/cmdline").read_text()
        assert queue.password not in Path(f"/proc/{child.pid}/cmdline").read_text()
    for secret in [*(tmp_path / "secrets").iterdir(), tmp_path / "valkey" / "valkey.conf"]:
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600

    queue.stop()
    server.stop()


def test_a_folder_without_server_programs_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("HEITJE_PG_BINDIR", str(tmp_path))

    with pytest.raises(CannotStart, match=r"There is no program postgres in .* Set HEITJE_PG_BINDIR"):
        postgres.start(tmp_path / "home")


def test_data_of_another_version_are_left_alone(tmp_path):
    postgres.start(tmp_path).stop()
    (tmp_path / "postgres" / "PG_VERSION").write_text("15\n")

    with pytest.raises(CannotStart, match="belong to PostgreSQL 15"):
        postgres.start(tmp_path)


def test_a_server_that_does_not_start_says_why(tmp_path):
    postgres.start(tmp_path).stop()
    (tmp_path / "postgres" / "global" / "pg_control").unlink()

    with pytest.raises(CannotStart, match=r"(?s)postgres ended with status .* could not find the database system"):
        postgres.start(tmp_path)
