# SPDX-License-Identifier: EUPL-1.2
"""What a worker runs: one row of the outbox, in its scope, in one transaction, with effect once.

The row is marked done in the transaction of the job itself, so a crash undoes both or neither, and a second run
waits for the first and then finds nothing to do.
"""

import logging
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import CursorResult, case, func, literal, update
from sqlalchemy.orm import Session

from heitje.db.scope import Scope
from heitje.db.session import Databases
from heitje.errors import HeitjeError
from heitje.jobs.models import OutboxJob
from heitje.jobs.periodic import find_periodic
from heitje.jobs.process import process_databases
from heitje.jobs.queue import QUEUE_SLACK_S
from heitje.jobs.registry import REGISTRY, JobUnknown, find_job

MAX_ATTEMPTS = 5
BACKOFF_S = (10, 60, 600, 3600)
"""Waits after the first, second... failure; after the fifth the job is dead and wants a person."""
LEASE_SLACK_S = QUEUE_SLACK_S + 15

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class _Taken:
    id: UUID
    name: str
    scope: Scope
    arguments: Mapping[str, Any]
    attempts: int


def run_outbox(job_id: str) -> None:
    """Run the job of this row, unless it was done, is dead, or somebody else has it."""
    databases = process_databases()
    taken = _take(databases, UUID(job_id))
    if taken is None:
        return
    try:
        _run(databases, taken)
    except Exception as error:  # noqa: BLE001 - whatever a job does wrong, the others go on
        _write_failure(databases, taken, error)


def run_fleeting(name: str, facts: Mapping[str, Any]) -> None:
    """Run a fleeting job with what the queue carried."""
    REGISTRY.fleeting[name].function(**facts)


def run_periodic(name: str) -> None:
    """Run a periodic job, as the operator, in one transaction."""
    with process_databases().across_tenants() as session:
        find_periodic(name).function(session)


def _take(databases: Databases, job_id: UUID) -> _Taken | None:
    """Count the attempt and hold the lease: until it ends nobody else takes the row."""
    with databases.across_tenants() as session:
        row = session.execute(
            update(OutboxJob)
            .where(
                OutboxJob.id == job_id,
                OutboxJob.done_at.is_(None),
                OutboxJob.dead_at.is_(None),
                OutboxJob.run_after <= func.now(),
            )
            .values(attempts=OutboxJob.attempts + 1, run_after=func.now() + timedelta(seconds=LEASE_SLACK_S))
            .returning(OutboxJob.job, OutboxJob.scope_kind, OutboxJob.scope_id, OutboxJob.arguments, OutboxJob.attempts)
        ).one_or_none()
        if row is None:
            return None
        taken = _Taken(
            id=job_id,
            name=row.job,
            scope=_scope(row.scope_kind, row.scope_id),
            arguments=row.arguments,
            attempts=row.attempts,
        )
        if row.job in REGISTRY.jobs:
            lease = timedelta(seconds=find_job(row.job).timeout_s + LEASE_SLACK_S)
            session.execute(update(OutboxJob).where(OutboxJob.id == job_id).values(run_after=func.now() + lease))
        return taken


def _run(databases: Databases, taken: _Taken) -> None:
    job = find_job(taken.name)
    with databases.scoped(taken.scope) as session:
        if _mark_done(session, taken.id):
            job.function(session, **job.arguments(taken.arguments))


def _mark_done(session: Session, job_id: UUID) -> bool:
    marked = session.execute(
        update(OutboxJob)
        .where(OutboxJob.id == job_id, OutboxJob.done_at.is_(None))
        .values(done_at=func.now())
        .execution_options(synchronize_session=False)
    )
    assert isinstance(marked, CursorResult)  # noqa: S101 - an update answers with a cursor
    return marked.rowcount == 1


def _write_failure(databases: Databases, taken: _Taken, error: Exception) -> None:
    said = describe(error)
    is_last = taken.attempts >= MAX_ATTEMPTS or isinstance(error, JobUnknown)
    wait_s = BACKOFF_S[min(taken.attempts, len(BACKOFF_S)) - 1]
    with databases.across_tenants() as session:
        session.execute(
            update(OutboxJob)
            .where(OutboxJob.id == taken.id, OutboxJob.done_at.is_(None))
            .values(
                last_error=said,
                run_after=func.now() + timedelta(seconds=wait_s),
                dead_at=case((literal(is_last), func.now()), else_=None),
            )
        )
    level = logging.ERROR if is_last else logging.WARNING
    what = "is dead" if is_last else f"failed and runs again in {wait_s} s"
    log.log(level, "job %s (%s) %s after %d attempts: %s", taken.id, taken.name, what, taken.attempts, said)


def describe(error: Exception) -> str:
    """Say what went wrong without what a message may hold of people: kind, code and place."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    code = f" {error.code}" if isinstance(error, HeitjeError) else ""
    cause = getattr(error, "orig", None)
    kind = type(error).__name__ + (f" ({type(cause).__name__})" if cause is not None else "")
    said = f"{kind}{code} at {place.filename.rpartition('/')[2]}:{place.lineno} in {place.name}"
    earlier = error.__context__
    while earlier is not None:
        said += f", after {type(earlier).__name__}"
        earlier = earlier.__context__
    return said[:500]


def _scope(kind: str, scope_id: UUID | None) -> Scope:
    return Scope(
        tenant_id=scope_id if kind == "tenant" else None,
        citizen_id=scope_id if kind == "citizen" else None,
        shop_id=scope_id if kind == "shop" else None,
        operator=kind == "operator",
    )
