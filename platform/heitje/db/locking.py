# SPDX-License-Identifier: EUPL-1.2
"""One row at a time: whoever changes it reads it as it is now, and nobody else changes it meanwhile."""

from typing import TypeVar

from sqlalchemy import Select
from sqlalchemy.orm import Session

from heitje.errors import NotFound

Row = TypeVar("Row")


def find_locked(session: Session, query: Select[Row]) -> Row | None:
    """Return the row, locked until the transaction ends and fresh; None where the query finds none."""
    return session.scalar(query.with_for_update().execution_options(populate_existing=True))


def lock(session: Session, query: Select[Row], *, kind: str) -> Row:
    """Return the row, locked until the transaction ends and fresh; raises `NotFound`, which names its `kind`."""
    row = find_locked(session, query)
    if row is None:
        raise NotFound(kind=kind)
    return row
