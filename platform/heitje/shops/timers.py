# SPDX-License-Identifier: EUPL-1.2
"""What happens by itself: payment requests that nobody paid expire."""

from sqlalchemy.orm import Session

from heitje.clock import now
from heitje.jobs.periodic import every
from heitje.shops.payments import expire_requests


@every(seconds=60, name="payments.expire")
def expire_payment_requests(session: Session) -> None:
    """Free the codes of requests whose five minutes are over."""
    expire_requests(session, at=now())
