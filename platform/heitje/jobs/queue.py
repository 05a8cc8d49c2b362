# SPDX-License-Identifier: EUPL-1.2
"""Puts work on the queue: a row now, its id to the queue server once the transaction is safe.

When the queue server is away nothing fails: the row is there, and the sweeper brings it back.
"""

import json
import logging
from collections.abc import Iterable
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from redis import RedisError
from rq import Queue
from sqlalchemy import CursorResult, func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from heitje.clock import now
from heitje.db.scope import Scope, scope_of
from heitje.db.session import after_commit
from heitje.jobs.models import OutboxJob
from heitje.jobs.process import process_bulk_queue, process_queue
from heitje.jobs.registry import REGISTRY, find_job

RUN_OUTBOX = "heitje.jobs.run.run_outbox"
RUN_FLEETING = "heitje.jobs.run.run_fleeting"
FLEETING_TTL_S = 600
QUEUE_SLACK_S = 15
"""The queue stops a job this much later than the job's own time-out, which is not reached but by a hang."""

FAIR_SHARE = 50
FAIR_SHARE_S = 60
"""Whoever leaves more jobs than this in a minute waits behind all others with the rest."""

log = logging.getLogger(__name__)


def enqueue(
    session: Session,
    name: str,
    /,
    scope: Scope | None = None,
    *,
    key: str | None = None,
    run_after: datetime | None = None,
    **ids: Any,
) -> None:
    """Write down that the job `name` runs with `ids`, in `scope` (the session's own unless said), after the commit.

    With a `key` the job is written once per scope, however often this is called; `run_after` lets it wait.
    """
    find_job(name)
    scope = scope or scope_of(session)
    kind, scope_id = scope_columns(scope)
    job_id = uuid4()
    written = session.execute(
        insert(OutboxJob.__table__)  # type: ignore[arg-type]
        .values(
            id=job_id,
            job=name,
            scope_kind=kind,
            scope_id=scope_id,
            arguments=_as_json(ids),
            key=None if key is None else f"{scope.owner}:{name}:{key}",
            run_after=run_after if run_after is not None else func.now(),
        )
        .on_conflict_do_nothing()
    )
    assert isinstance(written, CursorResult)  # noqa: S101 - an insert answers with a cursor
    if written.rowcount and (run_after is None or run_after <= now()):
        # Who causes the work answers for it; what the operator passes on counts for whom it is.
        here = scope_of(session)
        cause = scope.owner if here.operator else here.owner
        after_commit(session, lambda: push([job_id], timeout_s=find_job(name).timeout_s, cause=cause))


def push(job_ids: Iterable[UUID], *, timeout_s: int, cause: str) -> int:
    """Give ids of rows to the queue server; return how many it took, which may be none."""
    pushed = 0
    try:
        for job_id in job_ids:
            queue = _fair_queue(cause)
            if queue is None:
                return 0
            queue.enqueue_call(
                RUN_OUTBOX,
                args=(str(job_id),),
                job_id=str(job_id),
                timeout=timeout_s + QUEUE_SLACK_S,
                result_ttl=0,
                failure_ttl=FLEETING_TTL_S,
                description=f"outbox {job_id}",
            )
            pushed += 1
    except RedisError as error:
        log.warning("the queue server is away (%s): the sweeper brings the job back", type(error).__name__)
    return pushed


def _fair_queue(cause: str) -> Queue | None:
    queue = process_queue()
    if queue is None or cause == "operator":
        return queue
    key = f"{queue.key}:share:{cause}"
    with queue.connection.pipeline() as pipeline:
        pipeline.incr(key)
        pipeline.expire(key, FAIR_SHARE_S, nx=True)
        taken, _ = pipeline.execute()
    return queue if taken <= FAIR_SHARE else process_bulk_queue()


def waiting_in_queue(job_ids: Iterable[UUID]) -> set[UUID]:
    """Return those of the ids that the queue server already holds; raises `RedisError` while it is away."""
    queues = [queue for queue in (process_queue(), process_bulk_queue()) if queue is not None]
    held = {UUID(text) for queue in queues for text in queue.get_job_ids() if len(text) == 36}
    return set(job_ids) & held


def push_fleeting(name: str, /, **facts: Any) -> None:
    """Run a fleeting job soon, before what waits; here and now when the queue server is away."""
    queue = process_queue()
    if queue is not None:
        try:
            queue.enqueue_call(
                RUN_FLEETING,
                args=(name, facts),
                at_front=True,
                ttl=FLEETING_TTL_S,
                timeout=60,
                result_ttl=0,
                failure_ttl=0,
                # Not RQ's own text, which would show the facts in logs.
                description=name,
            )
        except RedisError as error:
            log.warning("the queue server is away (%s): running %s here", type(error).__name__, name)
        else:
            return
    REGISTRY.fleeting[name].function(**facts)


def scope_columns(scope: Scope) -> tuple[str, UUID | None]:
    """Return what a row says of its scope. Raises `ValueError` for a visitor's: nobody would answer for the job."""
    for kind, value in (("tenant", scope.tenant_id), ("citizen", scope.citizen_id), ("shop", scope.shop_id)):
        if value is not None:
            return kind, value
    if not scope.operator:
        raise ValueError("a job works as a tenant, a citizen, a shop or the operator")
    return "operator", None


def _as_json(ids: dict[str, Any]) -> dict[str, Any]:
    readable: dict[str, Any] = json.loads(json.dumps(ids, default=_plain))
    return readable


def _plain(value: object) -> str:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"a job carries ids, not a {type(value).__name__}")
