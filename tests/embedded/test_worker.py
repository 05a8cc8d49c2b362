# SPDX-License-Identifier: EUPL-1.2
"""The real worker, in a process of its own."""

import json
import os
import select
import signal
import subprocess
import sys
import zlib
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
import redis
from rq import Queue
from rq.serializers import JSONSerializer

from tests.fixtures.processes import descendants, watching


@pytest.fixture
def queue(valkey_server):
    with redis.Redis.from_url(valkey_server.url) as connection:
        yield Queue(f"test-{uuid4().hex}", connection=connection, serializer=JSONSerializer)


def somebody_writes(fifo, *, within_s):
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    poll = select.poll()
    poll.register(reader, select.POLLIN)
    try:
        return bool(poll.poll(within_s * 1000))
    finally:
        os.close(reader)


@contextmanager
def worker(valkey_server, queue, *options):
    command = [sys.executable, "-m", "heitje_server.cli", "worker", *options, queue.name]
    environment = os.environ | {"REDIS_URL": valkey_server.url, "DATABASE_URL": "none"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.kill()


def test_a_worker_does_a_job_and_stops_when_the_queue_is_empty(valkey_server, queue):
    job = queue.enqueue("math.factorial", 20)

    with worker(valkey_server, queue, "--burst") as process:
        assert process.wait(60) == 0

    assert job.return_value() == 2432902008176640000


def test_a_job_on_the_queue_is_plain_json(queue):
    job = queue.enqueue("math.factorial", 20)

    stored = queue.connection.hget(job.key, "data")

    assert json.loads(zlib.decompress(stored)) == ["math.factorial", None, [20], {}]


def test_a_killed_worker_takes_its_job_process_along(valkey_server, queue, tmp_path):
    started, never = tmp_path / "started", tmp_path / "never"
    os.mkfifo(started)
    os.mkfifo(never)
    # Waits without becoming another program: in that moment a process has no command line to know it by.
    queue.enqueue("subprocess.call", ["sh", "-c", f"echo > {started}; read _ < {never}"])

    with worker(valkey_server, queue) as process:
        assert somebody_writes(started, within_s=60)
        family = descendants(process.pid)
        horses = [pid for pid in family if b"never" not in Path(f"/proc/{pid}/cmdline").read_bytes()]
        waiting = set(family) - set(horses)
        assert len(horses) == 1
        try:
            with watching(horses) as watch:
                process.send_signal(signal.SIGKILL)
                assert watch.all_end(within_s=10)
        finally:
            for pid in waiting:
                os.kill(pid, signal.SIGKILL)
