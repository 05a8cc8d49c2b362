# SPDX-License-Identifier: EUPL-1.2
"""Workers and queue servers die; no effect is lost or doubled (J1, J2)."""

import os
import signal
import threading
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest

from heitje.db.session import Databases
from heitje.jobs.process import init_jobs
from heitje.jobs.queue import enqueue
from heitje.jobs.run import run_outbox
from heitje.jobs.sweeper import bring_back
from heitje_server.embedded import valkey
from tests.jobs.conftest import worker
from tests.jobs.sample_jobs import GATE


@pytest.fixture
def gate(database):
    """While held, a gated job has done its work and not committed it."""
    with psycopg.connect(database.superuser_url, autocommit=True) as connection:
        connection.execute("select pg_advisory_lock(%s)", [GATE])
        yield connection


def wait_for(superuser, query: str) -> None:
    """Ask until true; the deadline is the test's."""
    pause = threading.Event()
    for _ in range(2_400):
        if superuser.execute(query).fetchone()[0]:
            return
        pause.wait(0.05)
    raise AssertionError(f"never true: {query}")


AT_THE_GATE = "select exists (select from pg_locks where locktype = 'advisory' and not granted)"
LEASE_ENDS = "update job_outbox set run_after = created_at + interval '1 us'"
ALL_DONE = "select count(*) > 0 and bool_and(done_at is not null) from job_outbox"


def swept(databases: Databases) -> int:
    with databases.across_tenants() as session:
        return bring_back(session, grace=timedelta(0))


def test_a_worker_killed_in_mid_job_leaves_no_half_effect_and_another_does_it_once(
    databases, tenant_id, settings, queue_name, connected, queue, superuser, effects, gate, work_off
):
    """J2."""
    with databases.as_tenant(tenant_id) as session:
        enqueue(session, "tests.gated", name="once")
    with worker(settings, queue_name) as process:
        wait_for(superuser, AT_THE_GATE)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    gate.execute("select pg_advisory_unlock_all()")
    wait_for(superuser, f"select not ({AT_THE_GATE[7:]})")
    assert effects() == []
    assert swept(databases) == 0, "its lease still holds"
    superuser.execute(LEASE_ENDS)
    assert swept(databases) == 1
    work_off()
    assert effects() == ["once"]


def test_a_second_run_of_the_same_row_waits_for_the_first_and_then_does_nothing(
    databases, tenant_id, settings, superuser, effects, gate
):
    init_jobs(replace(settings, redis_url=""), databases=databases)
    with databases.as_tenant(tenant_id) as session:
        enqueue(session, "tests.gated", name="once")
    (job_id,) = superuser.execute("select id::text from job_outbox").fetchone()
    runs = [threading.Thread(target=run_outbox, args=(job_id,)) for _ in range(2)]
    runs[0].start()
    wait_for(superuser, AT_THE_GATE)
    superuser.execute(LEASE_ENDS)
    runs[1].start()
    wait_for(superuser, "select max(attempts) = 2 from job_outbox")
    gate.execute("select pg_advisory_unlock_all()")
    for run in runs:
        run.join()
    assert superuser.execute(ALL_DONE).fetchone() == (True,)
    assert effects() == ["once"]


def test_a_job_that_hangs_is_stopped_and_tried_again(
    databases, tenant_id, settings, queue_name, connected, queue, superuser, effects, gate, monkeypatch
):
    import heitje.jobs.queue as line

    monkeypatch.setattr(line, "QUEUE_SLACK_S", -4)
    with databases.as_tenant(tenant_id) as session:
        enqueue(session, "tests.gated", name="once")
    with worker(settings, queue_name):
        wait_for(superuser, "select count(*) > 0 and bool_and(last_error like '%JobTimeout%') from job_outbox")
    assert effects() == []


def test_a_flushed_queue_loses_nothing(databases, tenant_id, connected, queue, superuser, effects, work_off):
    """J1, first half."""
    with databases.as_tenant(tenant_id) as session:
        for number in range(6):
            enqueue(session, "tests.leave", name=f"{number:02}")
    queue.connection.delete(queue.key, *queue.connection.scan_iter("rq:job:*"))
    assert queue.count == 0
    assert swept(databases) == 6
    work_off()
    assert effects() == [f"{number:02}" for number in range(6)]


def test_a_queue_server_killed_in_mid_run_loses_and_doubles_nothing(
    tmp_path, databases, tenant_id, settings, queue_name, superuser, effects
):
    """J1, second half: kill -9 of the server while a worker works, then a new, empty one."""
    server = valkey.start(tmp_path / "first")
    mine = replace(settings, redis_url=server.url)
    init_jobs(mine, queue_name=queue_name)
    names = [f"{number:03}" for number in range(16)]
    with worker(mine, queue_name):
        for name in names:
            with databases.as_tenant(tenant_id) as session:
                enqueue(session, "tests.leave", name=name)
            if name == "008":
                wait_for(superuser, "select count(*) > 2 from effects")
                os.kill(server.child.pid, signal.SIGKILL)
    server.stop()
    second = valkey.start(tmp_path / "second")
    mine = replace(settings, redis_url=second.url)
    init_jobs(mine, queue_name=queue_name)
    superuser.execute(
        "update job_outbox set run_after = created_at + interval '1 us' where done_at is null and attempts > 0"
    )
    assert swept(databases) > 0
    with worker(mine, queue_name):
        wait_for(superuser, ALL_DONE)
    second.stop()
    init_jobs(replace(settings, redis_url=""))
    assert effects() == names
