# SPDX-License-Identifier: EUPL-1.2
"""How much a tenant used in a month, by one function of the database for tenant and operator alike."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from heitje.clock import local_day
from heitje.errors import Conflict
from tenants.billing.models import Metric, UsageMeter

USAGE = text("select metric, quantity from billing_usage(:tenant_id, :month)")

Usage = dict[Metric, int]


class MonthNotOver(Conflict):
    """The month still runs; its figures can be looked at, not closed. Facts: month."""

    code = "month-not-over"
    title = "This month is not over yet."


def measure(session: Session, *, tenant_id: UUID, month: date) -> Usage:
    """Count a month as it is now: `month` is any day in it, on Dutch clocks.

    A tenant may ask for itself, an operator for anybody; both get the same figures.
    """
    rows = session.execute(USAGE, {"tenant_id": tenant_id, "month": month.replace(day=1)})
    return {Metric(metric): quantity for metric, quantity in rows}


def close_month(session: Session, *, tenant_id: UUID, month: date, at: datetime, up_to_now: bool = False) -> Usage:
    """Write down what a month came to, once; later calls return what was written (operator's session).

    Raises `MonthNotOver`, unless `up_to_now` closes a month that still runs.
    """
    month = month.replace(day=1)
    written = metered(session, tenant_id=tenant_id, month=month)
    if written:
        return written
    if local_day(at) < (month if up_to_now else next_month(month)):
        raise MonthNotOver(month=month.isoformat())
    usage = measure(session, tenant_id=tenant_id, month=month)
    session.add_all(
        UsageMeter(tenant_id=tenant_id, month=month, metric=metric.value, quantity=quantity, measured_at=at)
        for metric, quantity in usage.items()
    )
    session.flush()
    return usage


def metered(session: Session, *, tenant_id: UUID, month: date) -> Usage:
    """Return what was written down for a month; empty if it was not closed."""
    rows = session.scalars(
        select(UsageMeter).where(UsageMeter.tenant_id == tenant_id, UsageMeter.month == month.replace(day=1))
    )
    return {Metric(row.metric): row.quantity for row in rows}


def meters(session: Session, *, tenant_id: UUID, limit: int = 24) -> Sequence[UsageMeter]:
    """List the closed months of a tenant, newest first; a row for each metric."""
    query = (
        select(UsageMeter)
        .where(UsageMeter.tenant_id == tenant_id)
        .order_by(UsageMeter.month.desc(), UsageMeter.metric)
        .limit(limit)
    )
    return session.scalars(query).all()


def next_month(month: date) -> date:
    """Return the first day of the month after this one."""
    first = month.replace(day=1)
    return first.replace(year=first.year + 1, month=1) if first.month == 12 else first.replace(month=first.month + 1)
