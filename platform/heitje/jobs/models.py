# SPDX-License-Identifier: EUPL-1.2
"""The outbox of jobs: a row per job, written in the transaction that causes it. Valkey holds only copies of ids."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from heitje.db.base import Base


class OutboxJob(Base):
    """One job. It waits until `run_after`, which is also the lease of whoever runs it."""

    __tablename__ = "job_outbox"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    job: Mapped[str]
    scope_kind: Mapped[str]
    scope_id: Mapped[UUID | None]
    arguments: Mapped[dict[str, Any]]
    key: Mapped[str | None]
    created_at: Mapped[datetime]
    run_after: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(SmallInteger)
    done_at: Mapped[datetime | None]
    dead_at: Mapped[datetime | None]
    last_error: Mapped[str | None]
