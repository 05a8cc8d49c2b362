# SPDX-License-Identifier: EUPL-1.2
"""How the mirror is doing, for operators: nothing of it is needed to pay in a shop."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from token_bridge.models import Alarm

STATE = text("""
    select s.id as scheme_id, s.slug, d.id as deployment_id, d.chain_id, d.address, d.halted_at, d.halted_code,
      (select count(*) from ledger_outbox o where o.scheme_id = s.id) as waiting,
      (select min(t.at) from ledger_outbox o join ledger_transfers t on t.id = o.transfer_id
        where o.scheme_id = s.id) as waiting_since,
      (select count(*) from chain_batches b where b.deployment_id = d.id and b.state <> 'confirmed') as under_way,
      (select max(b.sequence) from chain_batches b where b.deployment_id = d.id and b.state = 'confirmed') as sequence,
      (select max(b.confirmed_at) from chain_batches b where b.deployment_id = d.id) as confirmed_at
    from schemes s left join chain_deployments d on d.scheme_id = s.id and d.retired_at is null
    order by s.slug""")
CROSSING = text("""
    select exists (select from ledger_outbox)
        or exists (select from chain_batches b join chain_deployments d on d.id = b.deployment_id
                   where d.retired_at is null and b.state <> 'confirmed')""")


@dataclass(frozen=True, kw_only=True)
class SchemeMirror:
    """One scheme's mirror. `waiting_since` is the age of the backlog; `alarms` are the codes a person must look at."""

    scheme_id: UUID
    scheme: str
    chain_id: int | None
    address: str | None
    waiting: int
    waiting_since: datetime | None
    under_way: int
    confirmed_operations: int
    confirmed_at: datetime | None
    halted_code: str | None
    alarms: Sequence[str]

    def as_text(self) -> str:
        """Return it in one line."""
        state = f"HALTED ({self.halted_code})" if self.halted_code else "working"
        return (
            f"{self.scheme}: {state}, contract {self.address or 'not made yet'}, {self.waiting} transfers wait,"
            f" {self.under_way} operations under way, {self.confirmed_operations} confirmed,"
            f" alarms: {', '.join(self.alarms) or 'none'}"
        )


def bridge_state(session: Session) -> list[SchemeMirror]:
    """List every scheme's mirror. Needs an operator's session."""
    alarms: dict[int, list[str]] = {}
    for alarm in session.scalars(select(Alarm).where(Alarm.cleared_at.is_(None)).order_by(Alarm.id)):
        alarms.setdefault(alarm.deployment_id, []).append(alarm.code)
    return [
        SchemeMirror(
            scheme_id=row.scheme_id,
            scheme=row.slug,
            chain_id=row.chain_id,
            address=f"0x{bytes(row.address).hex()}" if row.address is not None else None,
            waiting=row.waiting,
            waiting_since=row.waiting_since,
            under_way=row.under_way,
            confirmed_operations=0 if row.sequence is None else row.sequence + 1,
            confirmed_at=row.confirmed_at,
            halted_code=row.halted_code,
            alarms=alarms.get(row.deployment_id, []),
        )
        for row in session.execute(STATE)
    ]


def wait_until_crossed(session: Session, *, timeout_s: float) -> bool:
    """Return whether everything in the outbox has been confirmed on the chain, waiting for it if need be."""
    deadline = time.monotonic() + timeout_s
    while session.execute(CROSSING).scalar_one():
        session.rollback()
        if time.monotonic() >= deadline:
            return False
        time.sleep(0.5)
    session.rollback()
    return True
