# SPDX-License-Identifier: EUPL-1.2
"""Jobs are rows: written with what causes them, run by a real worker, each once in its scope."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

import heitje.jobs.queue as line
import tests.jobs.sample_jobs  # noqa: F401 - registers them
from heitje.clock import now
from heitje.db.scope import Scope
from heitje.jobs.process import init_jobs
from heitje.jobs.queue import enqueue, push_fleeting
from heitje.jobs.registry import JobUnknown
from heitje.jobs.run import MAX_ATTEMPTS
from heitje.jobs.sweeper import bring_back, clear

AT_ONCE = timedelta(0)


def swept(databases) -> int:
    with databases.across_tenants() as session:
        return bring_back(session, grace=AT_ONCE)


def let_time_pass(superuser) -> None:
    """Leases and waits end now."""
    superuser.execute("update job_outbox set run_after = created_at + interval '1 us' where done_at is null")


def test_a_job_runs_after_the_commit_in_its_own_scope(
    databases, tenant_id, connected, work_off_with_processes, effects, superuser, queue
):
    with databases.as_tenant(tenant_id) as session:
        enqueue(session, "tests.leave", name="one")
        assert queue.count == 0
    assert queue.count == 1
    work_off_with_processes()
    assert superuser.execute("select name, scope from effects").fetchall() == [("one", str(tenant_id))]
    assert superuser.execute("select attempts from job_outbox where done_at is not null").fetchall() == [(1,)]


def test_a_rollback_leaves_no_job(databases, tenant_id, connected, superuser, queue):
    with pytest.raises(ZeroDivisionError), databases.as_tenant(tenant_id) as session:
        enqueue(session, "tests.leave", name="never")
        raise ZeroDivisionError
    assert queue.count == 0
    assert superuser.execute("select count(*) from job_outbox").fetchone() == (0,)


def test_arguments_arrive_as_what_they_were(databases, tenant_id, connected, work_off, effects, queue):
    claim_id = uuid4()
    with databases.as_tenant(tenant_id) as session:
        enqueue(session, "tests.typed", claim_id=claim_id, on=date(2026, 11, 23), room_cents=41)
    work_off()
    assert effects() == [f"{claim_id.hex} 2026 42"]


def test_an_object_is_no_argument(databases, tenant_id):
    with pytest.raises(TypeError), databases.as_tenant(tenant_id) as session:
        enqueue(session, "tests.leave", name=object())


def test_a_job_nobody_has_is_refused_when_it_is_written(databases, tenant_id):
    with pytest.raises(JobUnknown), databases.as_tenant(tenant_id) as session:
        enqueue(session, "tests.unheard")


def test_a_key_counts_once_per_scope(databases, tenant_id, superuser):
    for _ in range(2):
        with databases.as_tenant(tenant_id) as session:
            enqueue(session, "tests.leave", key="same", name="once")
    with databases.as_tenant(uuid4()) as session:
        enqueue(session, "tests.leave", key="same", name="another tenant")
    assert superuser.execute("select count(*) from job_outbox").fetchone() == (2,)


def test_nobody_writes_a_job_in_anothers_name(databases, tenant_id):
    with pytest.raises(Exception, match="row-level security"), databases.as_tenant(tenant_id) as session:
        enqueue(session, "tests.leave", Scope(tenant_id=uuid4()), name="theirs")


def test_nobody_sees_or_finishes_the_job_of_another(databases, tenant_id, superuser):
    with databases.as_tenant(tenant_id) as session:
        enqueue(session, "tests.leave", name="mine")
    with databases.as_tenant(uuid4()) as session:
        assert session.scalar(text("select count(id) from job_outbox")) == 0
        session.execute(text("update job_outbox set done_at = now()"))
    assert superuser.execute("select count(*) from job_outbox where done_at is null").fetchone() == (1,)


def test_a_visitor_leaves_no_job_of_their_own_but_one_for_the_operator(databases, connected, work_off, effects, queue):
    with databases.as_visitor() as session:
        with pytest.raises(ValueError, match="operator"):
            enqueue(session, "tests.leave", name="mine")
        enqueue(session, "tests.leave", Scope(operator=True), name="for the operator")
    work_off()
    assert effects() == ["for the operator"]


def test_a_job_that_waits_runs_when_it_is_due(databases, tenant_id, connected, work_off, effects, queue, superuser):
    with databases.as_tenant(tenant_id) as session:
        enqueue(session, "tests.leave", run_after=now() + timedelta(hours=1), name="later")
    assert (queue.count, swept(databases)) == (0, 0)
    superuser.execute("update job_outbox set run_after = now()")
    assert swept(databases) == 1
    work_off()
    assert effects() == ["later"]


def test_a_job_may_cause_another(databases, tenant_id, connected, work_off, effects, queue):
    with databases.as_tenant(tenant_id) as session:
        enqueue(session, "tests.chain", name="first")
    work_off()
    assert effects() == ["first", "first, then"]


def test_what_the_queue_holds_is_not_swept_into_it_again(databases, tenant_id, connected, queue):
    with databases.as_tenant(tenant_id) as session:
        enqueue(session, "tests.leave", name="one")
    assert queue.count == 1
    assert swept(databases) == 0
    assert queue.count == 1


def test_an_id_that_is_in_the_queue_twice_runs_once(databases, tenant_id, connected, work_off, effects, queue):
    with databases.as_tenant(tenant_id) as session:
        enqueue(session, "tests.leave", name="one")
    queue.connection.rpush(queue.key, *queue.connection.lrange(queue.key, 0, -1))
    work_off()
    assert effects() == ["one"]


def test_a_poisonous_job_dies_after_five_attempts_without_effect_and_others_go_on(
    databases, tenant_id, connected, work_off, effects, queue, superuser
):
    """J3."""
    with databases.as_tenant(tenant_id) as session:
        enqueue(session, "tests.poison", name="poison")
    for attempt in range(1, MAX_ATTEMPTS + 1):
        with databases.as_tenant(tenant_id) as session:
            enqueue(session, "tests.leave", name=f"good {attempt}")
        work_off()
        let_time_pass(superuser)
        swept(databases)
    work_off()
    assert effects() == [f"good {attempt}" for attempt in range(1, MAX_ATTEMPTS + 1)]
    (row,) = superuser.execute("select attempts, last_error from job_outbox where dead_at is not null").fetchall()
    assert row[0] == MAX_ATTEMPTS
    assert row[1].startswith("Conflict conflict at sample_jobs.py:")
    assert "secret" not in row[1]
    assert swept(databases) == 0


def test_a_job_for_which_there_is_no_code_is_dead_at_once(databases, tenant_id, connected, work_off, superuser, queue):
    superuser.execute(
        "insert into job_outbox (job, scope_kind, scope_id, arguments, run_after)"
        " values ('tests.gone', 'tenant', %s, '{}', now() - interval '1 minute')",
        [tenant_id],
    )
    assert swept(databases) == 1
    work_off()
    assert superuser.execute("select last_error from job_outbox where dead_at is not null").fetchall()


def test_a_fleeting_job_runs_in_the_worker_and_leaves_nothing(connected, work_off, effects, queue, superuser):
    push_fleeting("tests.fleeting", name="123456")
    work_off()
    assert effects() == ["123456"]
    assert superuser.execute("select count(*) from job_outbox").fetchone() == (0,)
    held = [
        key for key in queue.connection.scan_iter("rq:job:*") if b"123456" in str(queue.connection.type(key)).encode()
    ]
    assert held == []


def test_without_a_queue_server_the_row_is_there_and_nothing_fails(
    databases, tenant_id, settings, work_off, effects, queue, queue_name, superuser
):
    """J4: and it runs once the server is back."""
    init_jobs(replace(settings, redis_url="redis://127.0.0.1:1/0"), queue_name=queue_name)
    with databases.as_tenant(tenant_id) as session:
        enqueue(session, "tests.leave", name="patient")
    init_jobs(settings, queue_name=queue_name)
    assert swept(databases) == 1
    work_off()
    assert effects() == ["patient"]
    init_jobs(replace(settings, redis_url=""))


def test_who_leaves_very_much_work_waits_behind_the_others(
    databases, tenant_id, connected, work_off, queue, superuser, monkeypatch
):
    """J6, with a share of five a minute."""
    monkeypatch.setattr(line, "FAIR_SHARE", 5)
    other = uuid4()
    with databases.as_tenant(tenant_id) as session:
        for number in range(9):
            enqueue(session, "tests.leave", name=f"flood {number:03}")
    with databases.as_tenant(other) as session:
        enqueue(session, "tests.leave", name="the other's only one")
    assert queue.count == 5 + 1
    work_off()
    order = [row[0] for row in superuser.execute("select scope_id from job_outbox order by done_at").fetchall()]
    assert len(order) == 10
    assert order.index(other) == 5


def test_what_was_done_a_month_ago_is_forgotten_and_what_died_is_kept(databases, superuser):
    superuser.execute(
        "insert into job_outbox (job, scope_kind, done_at, dead_at) values"
        " ('old', 'operator', now() - interval '31 days', null), ('new', 'operator', now(), null),"
        " ('dead', 'operator', null, now() - interval '31 days')"
    )
    with databases.across_tenants() as session:
        clear(session)
    assert superuser.execute("select job from job_outbox order by job").fetchall() == [("dead",), ("new",)]
