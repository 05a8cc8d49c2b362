# SPDX-License-Identifier: EUPL-1.2
"""The people who operate the platform: added by who has the machine, known by a token that is shown once."""

import secrets
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session

from heitje import audit
from heitje.audit import Actor
from heitje.db.locking import lock
from heitje.errors import Conflict
from heitje.identity.models import Operator

TOKEN_LASTS = timedelta(days=365)


def add_operator(
    session: Session, *, name: str, email: str, by: Actor, at: datetime, token: str = ""
) -> tuple[Operator, str]:
    """Add an operator; returns the person and the token, of which only a digest is kept. Raises `Conflict`."""
    email = email.strip().lower()
    if session.scalar(select(Operator.id).where(Operator.email == email)) is not None:
        raise Conflict(email=email)
    token = token or secrets.token_urlsafe(32)
    operator = Operator(
        id=uuid4(),
        name=name,
        email=email,
        token_sha256=sha256(token.encode()).digest(),
        token_expires_at=at + TOKEN_LASTS,
    )
    session.add(operator)
    session.flush()
    audit.record(session, "operator.added", by=by, subject=f"operator:{operator.id}", at=at)
    return operator, token


def block_operator(session: Session, email: str, *, by: Actor, at: datetime) -> Operator:
    """Let an operator in no more, from the next request on. Raises `NotFound`."""
    operator = lock(session, select(Operator).where(Operator.email == email.strip().lower()), kind="operator")
    operator.state = "blocked"
    session.flush()
    audit.record(session, "operator.blocked", by=by, subject=f"operator:{operator.id}", at=at)
    return operator
