# SPDX-License-Identifier: EUPL-1.2
"""Looks after the books each night, and mails the operators what wants a person."""

import logging
from datetime import datetime, timedelta

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from heitje import audit
from heitje.audit import TIMER
from heitje.clock import local_day, now
from heitje.jobs.models import OutboxJob
from heitje.jobs.periodic import daily
from heitje.jobs.queue import enqueue
from heitje.jobs.registry import job
from heitje.ledger.proof import prove_books
from heitje.notifications.operators import tell_operators

WATCH = "operators.watch"
WATCH_LASTS_S = 900
MONTHS_WANTED = 3
"""So many months of entries must have a table of their own ahead of them; `heitje migrate` makes two years of them."""

log = logging.getLogger(__name__)


@daily(hour=3, minute=20, name="operators.night_watch")
def put_tonights_watch(session: Session) -> None:
    """Leave the rounds as a job, which is tried again should the database be away."""
    enqueue(session, WATCH, key=local_day(now()).isoformat())


@job(WATCH, timeout_s=WATCH_LASTS_S)
def watch_tonight(session: Session) -> None:
    """Run the rounds of this night."""
    watch(session, at=now())


def watch(session: Session, *, at: datetime) -> list[str]:
    """Prove the books and look for what was given up or runs out; return what wants a person.

    The proof is in the audit trail each night, right or not. Operators get a mail only when something is wrong.
    """
    session.execute(text("select set_config('statement_timeout', :most, true)"), {"most": f"{WATCH_LASTS_S}s"})
    differences = prove_books(session).differences
    audit.record(
        session,
        "books.differ" if differences else "books.proven",
        by=TIMER,
        subject="books:all",
        at=at,
        differences=differences,
    )
    findings = [*differences, *_months_run_out(session, at=at), *_jobs_given_up(session)]
    if findings:
        log.error("the night watch found %s", "; ".join(findings))
        tell_operators(session, findings, key=f"night-watch.{local_day(at).isoformat()}")
    return findings


def _months_run_out(session: Session, *, at: datetime) -> list[str]:
    last = session.scalar(text("select max(relname) from pg_class where relname ~ '^ledger_entries_[0-9]{6}$'"))
    soon = (at + timedelta(days=31 * MONTHS_WANTED)).strftime("ledger_entries_%Y%m")
    return [f"the last table for entries is {last}: run heitje migrate"] if last is None or last < soon else []


def _jobs_given_up(session: Session) -> list[str]:
    query = select(OutboxJob.job, func.count()).where(OutboxJob.dead_at.is_not(None)).group_by(OutboxJob.job)
    return [f"{count} x job {name} was given up after five failures" for name, count in session.execute(query)]
