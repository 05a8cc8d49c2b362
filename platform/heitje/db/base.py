# SPDX-License-Identifier: EUPL-1.2
"""What all tables share. Money is `bigint` cents; moments are aware; ids are random UUIDs but in the ledger."""

from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, Date, DateTime, ForeignKey, Text
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """The root of all models. The database keeps the rules; a model names the columns that code uses."""

    type_annotation_map: ClassVar[dict[Any, Any]] = {
        int: BigInteger,
        str: Text,
        datetime: DateTime(timezone=True),
        date: Date,
        UUID: postgresql.UUID(as_uuid=True),
        dict[str, Any]: JSONB,
    }


class TenantOwned:
    """A row of one tenant. `tenant_id` is part of every key, so no row can point into another tenant's."""

    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenants.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
