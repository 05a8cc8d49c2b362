# SPDX-License-Identifier: EUPL-1.2
"""What went in and out of an account, newest first, a page at a time."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from heitje.ledger.models import Entry


def entries_of(session: Session, account_id: int, *, before_seq: int | None = None, limit: int = 30) -> Sequence[Entry]:
    """List entries of an account, newest first, those older than `before_seq` (keyset: the last `seq` you have)."""
    query = select(Entry).where(Entry.account_id == account_id).order_by(Entry.seq.desc()).limit(limit)
    if before_seq is not None:
        query = query.where(Entry.seq < before_seq)
    return session.scalars(query).all()
