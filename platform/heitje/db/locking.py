# SPDX-License-Identifier: EUPL-1.2
"""One row at a time: whoever changes it reads it as it is now, and nobody else changes it meanwhile."""

from typing import TypeVar

from sqlalchemy import Select
from sqlalchemy.orm import Session

from heitje.db.base import Base
from heitje.errors import NotFound

Row = TypeVar("Row")


def find_locked(session: Session, query: Select[Row], *, of: type[Base] | None = None) -> Row | None:
    """Return the row, locked until the transaction ends and fresh; None where the query finds none.

    `of` locks this table only, where the query joins others.
    """
    return session.scalar(query.with_for_update(of=of).execution_options(populate_existing=True))


def lock(session: Session, query: Select[Row], *, kind: str, of: type[Base] | None = None) -> Row:
    """Return the row as `find_locked` does; raises `NotFound`, which names its `kind`."""
    row = find_locked(session, query, of=of)
    if row is None:
        raise NotFound(kind=kind)
    return row
