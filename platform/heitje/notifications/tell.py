# SPDX-License-Identifier: EUPL-1.2
"""Tells somebody: a message row in the same transaction, and a job that mails it.

Works from every scope. Who may not write to the addressee (a shop to a citizen) or not send in their name leaves
that to jobs of the operator and of the addressee.
"""

import json
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from heitje.db.scope import Scope, scope_of
from heitje.jobs.queue import enqueue
from heitje.jobs.registry import job
from heitje.notifications.models import Message
from heitje.notifications.texts import TEXTS

MAIL_JOB = "notifications.mail"


def tell_citizen(session: Session, citizen_id: UUID, kind: str, /, **facts: Any) -> None:
    """Tell a citizen. `facts` hold no more than the words of this kind need; they are JSON."""
    _tell(session, Scope(citizen_id=citizen_id), kind, facts, citizen_id=citizen_id)


def tell_member(session: Session, tenant_id: UUID, member_id: UUID, kind: str, /, **facts: Any) -> None:
    """Tell a member of a tenant, also one who is only invited."""
    _tell(session, Scope(tenant_id=tenant_id), kind, facts, to_tenant_id=tenant_id, member_id=member_id)


def tell_shop(session: Session, shop_id: UUID, kind: str, /, **facts: Any) -> None:
    """Tell a shop; the mail goes to its owners."""
    _tell(session, Scope(shop_id=shop_id), kind, facts, shop_id=shop_id)


def unread_messages(session: Session, *, limit: int = 20) -> Sequence[Message]:
    """List what the citizen of this scope has not read yet, newest first."""
    query = select(Message).where(Message.citizen_id.is_not(None), Message.read_at.is_(None))
    return session.scalars(query.order_by(Message.created_at.desc(), Message.id).limit(limit)).all()


def mark_read(session: Session, message_ids: Sequence[UUID]) -> None:
    """Remember that the addressee, whose scope this is, has read them."""
    session.execute(
        update(Message).where(Message.id.in_(message_ids), Message.read_at.is_(None)).values(read_at=func.now())
    )


def _tell(session: Session, to: Scope, kind: str, facts: dict[str, Any], **addressee: UUID) -> None:
    text = TEXTS[kind]
    here = scope_of(session)
    facts = json.loads(json.dumps(facts, default=str))
    if not (here.operator or here.tenant_id is not None or here.owner == to.owner):
        as_text = {name: str(value) for name, value in addressee.items()}
        enqueue(session, "notifications.tell", Scope(operator=True), kind=kind, facts=facts, addressee=as_text)
        return
    message_id = uuid4()
    session.execute(
        insert(Message).values(id=message_id, kind=kind, facts=facts, from_tenant_id=here.tenant_id, **addressee)
    )
    if text.by_mail:
        _mail(session, to, message_id)


def _mail(session: Session, to: Scope, message_id: UUID) -> None:
    here = scope_of(session)
    if here.operator or here.owner == to.owner:
        enqueue(session, MAIL_JOB, to, key=str(message_id), message_id=message_id)
    else:
        # Only the operator may leave work in another's scope.
        kind, _, owner_id = to.owner.partition(":")
        enqueue(session, "notifications.relay", Scope(operator=True), message_id=message_id, to={kind: owner_id})


@job("notifications.tell")
def tell(session: Session, *, kind: str, facts: dict[str, Any], addressee: dict[str, str]) -> None:
    """Write the message in the operator's scope, for somebody who may not."""
    ids = {name: UUID(value) for name, value in addressee.items()}
    to = Scope(citizen_id=ids.get("citizen_id"), tenant_id=ids.get("to_tenant_id"), shop_id=ids.get("shop_id"))
    _tell(session, to, kind, facts, **ids)


@job("notifications.relay")
def relay(session: Session, *, message_id: UUID, to: dict[str, str]) -> None:
    """Let the mail be sent in the scope of the addressee, where address and language are known."""
    ((kind, owner_id),) = to.items()
    _mail(session, Scope(**{f"{kind}_id": UUID(owner_id)}), message_id)  # type: ignore[arg-type]
