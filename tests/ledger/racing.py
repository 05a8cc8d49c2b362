# SPDX-License-Identifier: EUPL-1.2
"""Many at once, from processes of their own: what they do, and how it ended for each."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import UTC, date, datetime
from multiprocessing import get_context
from typing import Any
from uuid import UUID, uuid4

from heitje.allowance.cap import hold_room
from heitje.db.scope import Scope
from heitje.db.session import Databases
from heitje.errors import HeitjeError
from heitje.ledger.models import TransferKind
from heitje.ledger.transfers import post
from tests.fixtures.databases import Database

THREADS = 8
AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def race(database: Database, act: Callable[[Databases, Any], None], jobs: Sequence[Any], processes: int = 2) -> Counter:
    """Run `act` for each job, spread over processes with 8 threads each; count the endings by error code or `done`."""
    endings: Counter[str] = Counter()
    share = -(-len(jobs) // processes)
    parts = [jobs[start : start + share] for start in range(0, len(jobs), share)]
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        for part in pool.map(_run_part, [(database.app_url, database.operator_url, act, part) for part in parts]):
            endings.update(part)
    return endings


def _run_part(work: tuple[str, str, Callable[[Databases, Any], None], Iterable[Any]]) -> list[str]:
    app_url, operator_url, act, jobs = work
    databases = Databases(app_url, operator_url, pool_size=THREADS)

    def ending(job: Any) -> str:
        try:
            act(databases, job)
        except HeitjeError as refused:
            return refused.code
        return "done"

    with ThreadPoolExecutor(THREADS) as threads:
        found = list(threads.map(ending, jobs))
    databases.dispose()
    return found


def move(databases: Databases, job: tuple[Scope, UUID, str, int, int, int, str]) -> None:
    scope, scheme_id, kind, source_id, target_id, cents, key = job
    with databases.scoped(scope) as session:
        post(
            session,
            TransferKind(kind),
            scheme_id=scheme_id,
            source_id=source_id,
            target_id=target_id,
            amount_cents=cents,
            key=key or f"race:{uuid4()}",
            at=AT,
        )


def hold(databases: Databases, job: tuple[UUID, UUID, UUID, int, date]) -> None:
    citizen_id, scheme_id, tenant_id, cents, on = job
    with databases.as_citizen(citizen_id) as session:
        hold_room(session, scheme_id=scheme_id, claim_id=uuid4(), tenant_id=tenant_id, reward_cents=cents, on=on)
