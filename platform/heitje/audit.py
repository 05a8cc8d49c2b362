# SPDX-License-Identifier: EUPL-1.2
"""The record of acts that matter: who did what, to what, and which transfer came of it. Append-only."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import insert
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column

from heitje.db.base import Base

ActorKind = Literal["member", "citizen", "shop", "operator", "system"]


class AuditEvent(Base):
    """One act. `facts` hold before and after in figures and codes, never names or addresses."""

    __tablename__ = "audit_events"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    action: Mapped[str]
    actor_kind: Mapped[str]
    actor_id: Mapped[str]
    tenant_id: Mapped[UUID | None]
    subject: Mapped[str]
    transfer_id: Mapped[int | None]
    request_id: Mapped[str]
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB)


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Who acts: a member, citizen, shop, operator, or the system itself (`timer`, `stripe`)."""

    kind: ActorKind
    id: str
    request_id: str = ""


TIMER = Actor(kind="system", id="timer")
"""What happens because its time has come."""
CONSOLE = Actor(kind="system", id="console")
"""Whoever has the machine, by `heitje ...`."""


def record(
    session: Session,
    action: str,
    *,
    by: Actor,
    subject: str,
    at: datetime,
    tenant_id: UUID | None = None,
    transfer_id: int | None = None,
    **facts: Any,
) -> None:
    """Write the act down in the same transaction. `action` as in `claim.approved`, `subject` as in `claim:<id>`."""
    session.execute(
        # Inline: asks for no id back, since a citizen may write here and not read.
        insert(AuditEvent.__table__)  # type: ignore[arg-type]
        .inline()
        .values(
            action=action,
            actor_kind=by.kind,
            actor_id=by.id,
            request_id=by.request_id,
            tenant_id=tenant_id,
            subject=subject,
            transfer_id=transfer_id,
            at=at,
            facts=facts,
        )
    )
