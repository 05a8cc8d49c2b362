# SPDX-License-Identifier: EUPL-1.2
"""What Heitjes do for the town's shops: spending per shopping centre (R17, R18). Operator's session.

No figure speaks of a few: a centre with fewer than three shops or ten payments is added up with the smallest others,
so that neither it nor what is left of the whole can be told from the rest.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from heitje.cents import Cents
from heitje.shops.models import PAID, Payment, Shop
from heitje.shops.takings import day_bounds

FEWEST_SHOPS = 3
FEWEST_PAYMENTS = 10


@dataclass(frozen=True, kw_only=True)
class CentreSpending:
    """What was spent in one centre, less what was given back; the empty name stands for all smaller places."""

    centre: str
    shops: int
    payments: int
    spent_cents: Cents

    @property
    def speaks_of_enough(self) -> bool:
        """Whether nobody's own turnover can be read from it."""
        return self.shops >= FEWEST_SHOPS and self.payments >= FEWEST_PAYMENTS


def spending_by_centre(session: Session, *, scheme_id: UUID, first: date, before: date) -> list[CentreSpending]:
    """List what was spent from day `first` until `before`, most payments first; empty when it speaks of too few."""
    start, end = day_bounds(first)[0], day_bounds(before)[0]
    payments = func.count()
    query = (
        select(
            Shop.centre,
            func.count(Shop.id.distinct()),
            payments,
            func.sum(Payment.amount_cents - Payment.refunded_cents),
        )
        .select_from(Payment)
        .join(Shop, Shop.id == Payment.shop_id)
        .where(
            Payment.scheme_id == scheme_id,
            Payment.state.in_(PAID),
            Payment.created_at >= start - timedelta(hours=1),
            Payment.completed_at >= start,
            Payment.completed_at < end,
        )
        .group_by(Shop.centre)
        .order_by(payments.desc(), Shop.centre)
    )
    rows = [
        CentreSpending(centre=centre, shops=shops, payments=count, spent_cents=int(spent))
        for centre, shops, count, spent in session.execute(query)
    ]
    return without_few(rows)


def without_few(rows: Sequence[CentreSpending]) -> list[CentreSpending]:
    """Add up what speaks of too few, with the smallest that does not as long as the sum still does."""
    told = [row for row in rows if row.speaks_of_enough and row.centre]
    hidden = [row for row in rows if row not in told]
    while hidden and told and not _sum(hidden).speaks_of_enough:
        hidden.append(told.pop())
    rest = _sum(hidden)
    return [*told, *([rest] if rest.speaks_of_enough else [])]


def _sum(rows: Sequence[CentreSpending]) -> CentreSpending:
    return CentreSpending(
        centre="",
        shops=sum(row.shops for row in rows),
        payments=sum(row.payments for row in rows),
        spent_cents=sum(row.spent_cents for row in rows),
    )
