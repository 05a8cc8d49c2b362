# SPDX-License-Identifier: EUPL-1.2
"""Jobs of the tests: they leave a row in `effects`."""

from datetime import date
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from heitje.errors import Conflict
from heitje.jobs.queue import enqueue
from heitje.jobs.registry import fleeting_job, job

GATE = 4_711_001


@job("tests.leave")
def leave(session: Session, *, name: str) -> None:
    scope = session.scalar(text("select concat(scope_tenant(), scope_citizen(), scope_shop())"))
    session.execute(text("insert into effects values (:name, :scope)"), {"name": name, "scope": str(scope)})


@job("tests.typed")
def typed(session: Session, *, claim_id: UUID, on: date, room_cents: int) -> None:
    leave(session, name=f"{claim_id.hex} {on.year} {room_cents + 1}")


@job("tests.poison")
def poison(session: Session, *, name: str) -> None:
    leave(session, name=name)
    raise Conflict(address="secret@home.example")


@job("tests.chain")
def chain(session: Session, *, name: str) -> None:
    leave(session, name=name)
    enqueue(session, "tests.leave", name=f"{name}, then")


@job("tests.gated", timeout_s=5)
def gated(session: Session, *, name: str) -> None:
    """Leaves its effect, then waits for a lock that a test holds, before the commit."""
    leave(session, name=name)
    session.execute(text("select pg_advisory_xact_lock(:gate)"), {"gate": GATE})


@fleeting_job("tests.fleeting")
def fleeting(*, name: str) -> None:
    from heitje.jobs.process import process_databases

    with process_databases().across_tenants() as session:
        session.execute(text("insert into effects values (:name, '')"), {"name": name})
