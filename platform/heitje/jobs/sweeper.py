# SPDX-License-Identifier: EUPL-1.2
"""Brings back what the queue server lost: rows that should have run by now and that it does not hold."""

from datetime import timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from heitje.jobs.models import OutboxJob
from heitje.jobs.periodic import daily, every
from heitje.jobs.queue import push, waiting_in_queue
from heitje.jobs.registry import REGISTRY

GRACE = timedelta(seconds=30)
"""How long a fresh row is left to the push that followed its commit."""
SWEEP_EVERY_S = 15
AT_ONCE = 2_000
KEPT_FOR = timedelta(days=30)


@every(seconds=SWEEP_EVERY_S, name="jobs.sweep")
def sweep(session: Session) -> None:
    """Push every row that is due; with its grace and this rhythm a lost one starts within a minute."""
    bring_back(session, grace=GRACE)


def bring_back(session: Session, *, grace: timedelta) -> int:
    """Push rows that have been due for `grace` and are not in the queue; return how many."""
    # A row that failed or was put off was never pushed: it need not wait for the grace.
    due = select(OutboxJob.id, OutboxJob.job, OutboxJob.scope_kind, OutboxJob.scope_id).where(
        OutboxJob.done_at.is_(None),
        OutboxJob.dead_at.is_(None),
        OutboxJob.run_after <= func.now(),
        (OutboxJob.run_after <= func.now() - grace) | (OutboxJob.run_after > OutboxJob.created_at),
    )
    rows = session.execute(due.order_by(OutboxJob.run_after).limit(AT_ONCE)).all()
    held = waiting_in_queue(row.id for row in rows)
    return sum(
        push(
            [row.id],
            timeout_s=REGISTRY.jobs[row.job].timeout_s if row.job in REGISTRY.jobs else 60,
            cause="operator" if row.scope_id is None else f"{row.scope_kind}:{row.scope_id}",
        )
        for row in rows
        if row.id not in held
    )


@daily(hour=3, minute=40, name="jobs.clear")
def clear(session: Session) -> None:
    """Forget jobs that were done a month ago; dead ones stay until somebody looked."""
    session.execute(delete(OutboxJob).where(OutboxJob.done_at < func.now() - KEPT_FOR))
