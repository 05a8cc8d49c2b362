# SPDX-License-Identifier: EUPL-1.2
"""Forgets what is over: sessions and sign-in codes."""

from datetime import timedelta

from sqlalchemy import delete
from sqlalchemy.orm import Session

from heitje.clock import now
from heitje.identity.models import SessionRow, SignInCode
from heitje.jobs.periodic import every

CODES_KEPT = timedelta(hours=1)
"""After their end: as long as they count for the pace."""


@every(seconds=3600, name="identity.clear")
def clear(session: Session) -> None:
    """Delete sessions past their end and old codes."""
    session.execute(delete(SessionRow).where(SessionRow.expires_at < now()))
    session.execute(delete(SignInCode).where(SignInCode.expires_at < now() - CODES_KEPT))
