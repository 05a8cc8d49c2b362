# SPDX-License-Identifier: EUPL-1.2
"""What a citizen was told, to read again. In the scope of that citizen."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, literal, select, tuple_
from sqlalchemy.orm import Session

from heitje.errors import NotFound
from heitje.notifications.models import Message


def messages_of(session: Session, citizen_id: UUID, *, after: str = "", limit: int = 30) -> list[Message]:
    """List messages to a citizen, newest first; `after` is "<created_at>~<id>" of the last one seen (keyset)."""
    query = (
        select(Message)
        .where(Message.citizen_id == citizen_id)
        .order_by(Message.created_at.desc(), Message.id.desc())
        .limit(limit)
    )
    if after:
        moment, _, message_id = after.partition("~")
        try:
            last = tuple_(literal(datetime.fromisoformat(moment)), literal(UUID(message_id)))
        except ValueError:
            raise NotFound(kind="page") from None
        query = query.where(tuple_(Message.created_at, Message.id) < last)
    return list(session.scalars(query))


def own_message(session: Session, message_id: UUID, citizen_id: UUID) -> Message:
    """Return one message to this citizen; raises `NotFound`."""
    message = session.scalar(select(Message).where(Message.id == message_id, Message.citizen_id == citizen_id))
    if message is None:
        raise NotFound(kind="message")
    return message


def count_unread(session: Session, citizen_id: UUID) -> int:
    """Count the messages that a citizen has not opened."""
    query = select(func.count()).select_from(Message).where(Message.citizen_id == citizen_id, Message.read_at.is_(None))
    return session.scalar(query) or 0
