# SPDX-License-Identifier: EUPL-1.2
"""What went in and out of an account, newest first, a page at a time."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from heitje.cents import Cents
from heitje.ledger.models import Entry


def entries_of(session: Session, account_id: int, *, before_seq: int | None = None, limit: int = 30) -> Sequence[Entry]:
    """List entries of an account, newest first, those older than `before_seq` (keyset: the last `seq` you have)."""
    query = select(Entry).where(Entry.account_id == account_id).order_by(Entry.seq.desc()).limit(limit)
    if before_seq is not None:
        query = query.where(Entry.seq < before_seq)
    return session.scalars(query).all()


def sums_of(session: Session, account_id: int) -> dict[str, Cents]:
    """Add up what went in (above zero) and out (below zero) of an account over all time, by kind of transfer."""
    query = select(Entry.kind, func.sum(Entry.amount_cents)).where(Entry.account_id == account_id).group_by(Entry.kind)
    return {kind: int(total) for kind, total in session.execute(query)}
