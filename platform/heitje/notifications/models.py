# SPDX-License-Identifier: EUPL-1.2
"""Messages: to one citizen, one member or one shop."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import FetchedValue
from sqlalchemy.orm import Mapped, mapped_column

from heitje.db.base import Base


class Message(Base):
    """What was told, as a kind and facts; `texts.py` has the words. `sent_at` is when the mail left."""

    __tablename__ = "messages"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    from_tenant_id: Mapped[UUID | None]
    citizen_id: Mapped[UUID | None]
    to_tenant_id: Mapped[UUID | None]
    member_id: Mapped[UUID | None]
    shop_id: Mapped[UUID | None]
    kind: Mapped[str]
    facts: Mapped[dict[str, Any]]
    language: Mapped[str] = mapped_column(default="nl")
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    read_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
