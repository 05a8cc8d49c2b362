# SPDX-License-Identifier: EUPL-1.2
"""Opening a scheme: a token with its treasury, before anybody can fund, earn or pay in it."""

from datetime import date, datetime
from uuid import uuid4

from sqlalchemy.orm import Session

from heitje import audit
from heitje.audit import Actor
from heitje.ledger.accounts import open_account
from heitje.ledger.models import AccountKind
from heitje.schemes import Scheme


def open_scheme(  # noqa: PLR0913 - what a scheme is
    session: Session,
    *,
    slug: str,
    name: str,
    area_name: str,
    guaranteed_until: date,
    by: Actor,
    at: datetime,
    play_money: bool = False,
) -> Scheme:
    """Open a scheme with the two accounts that are nobody's: treasury and redeeming. Operator's session."""
    scheme = Scheme(
        id=uuid4(),
        slug=slug,
        name=name,
        area_name=area_name,
        guaranteed_until=guaranteed_until,
        play_money=play_money,
    )
    session.add(scheme)
    session.flush()
    for kind in (AccountKind.TREASURY, AccountKind.REDEEMING):
        open_account(session, kind, scheme_id=scheme.id)
    audit.record(session, "scheme.opened", by=by, subject=f"scheme:{scheme.id}", at=at, slug=slug)
    return scheme
