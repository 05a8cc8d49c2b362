# SPDX-License-Identifier: EUPL-1.2
"""Figures of the overview: few queries, whole organisation; only what waits is counted for one's own departments."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from babel.dates import format_date
from sqlalchemy import ColumnElement, Row, case, func, select
from sqlalchemy.orm import Session

from heitje.cents import Cents
from heitje.chores.models import DONE, Chore, ChoreState, Claim, ClaimState, Vetting, VettingState
from heitje.clock import AMSTERDAM, local_day
from heitje.i18n.language import current_language
from heitje.schemes import all_categories
from heitje.web.words import category_name

MONTHS = 6
SHORT_MINUTES = 60
SOON = timedelta(days=7)


@dataclass(frozen=True, kw_only=True)
class Figures:
    """How things stand. `months` and `kinds` are rows of a chart: (label, value, text)."""

    waiting: int
    oldest_waiting_days: int
    drafts: int
    open_chores: int
    free_slots: int
    short_share: int
    """Per cent of the open chores that take an hour at most (R36)."""
    closing_soon: int
    busy: int
    """Claims under way that nobody handed in yet."""
    approved_this_month: int
    paid_this_month_cents: Cents
    people_this_month: int
    months: Sequence[tuple[str, int, str]]
    kinds: Sequence[tuple[str, int, str]]


def read_figures(session: Session, *, approves_for: Sequence[UUID] | None, at: datetime) -> Figures:
    """Read them in six queries. `approves_for` are the departments whose claims wait for this member; None is all."""
    waiting, oldest = _waiting(session, approves_for)
    chores = _chores(session, at)
    first_day = _months_back(local_day(at), MONTHS - 1)
    by_month = _approved_by_month(session, first_day)
    this_month = by_month.get(local_day(at).replace(day=1), (0, 0, 0))
    return Figures(
        waiting=waiting,
        oldest_waiting_days=(at - oldest).days if oldest is not None else 0,
        drafts=chores.drafts,
        open_chores=chores.open,
        free_slots=chores.free,
        short_share=round(100 * chores.short / chores.open) if chores.open else 0,
        closing_soon=chores.soon,
        busy=_busy(session),
        approved_this_month=this_month[0],
        paid_this_month_cents=this_month[1],
        people_this_month=this_month[2],
        months=[
            (_month(day), by_month.get(day, (0, 0, 0))[0], str(by_month.get(day, (0, 0, 0))[0]))
            for day in (_months_back(local_day(at), back) for back in range(MONTHS - 1, -1, -1))
        ],
        kinds=_kinds(session),
    )


def people_asking(session: Session) -> int:
    """Count the requests for a vetting that wait, of all kinds."""
    query = select(func.count()).select_from(Vetting).where(Vetting.state == VettingState.REQUESTED.value)
    return session.scalar(query) or 0


def _waiting(session: Session, approves_for: Sequence[UUID] | None) -> tuple[int, datetime | None]:
    query = select(func.count(), func.min(Claim.submitted_at)).where(Claim.state == ClaimState.SUBMITTED.value)
    if approves_for is not None:
        query = query.join(Claim.chore).where(Chore.department_id.in_(approves_for))
    count, oldest = session.execute(query).one()
    return count, oldest


def _chores(session: Session, at: datetime) -> Row[tuple[int, int, int, int, int]]:
    is_open = (Chore.state == ChoreState.OPEN.value) & (Chore.closes_at > at)
    query = select(
        _count(Chore.state == ChoreState.DRAFT.value).label("drafts"),
        _count(is_open).label("open"),
        func.coalesce(func.sum(case((is_open, Chore.slots_free), else_=0)), 0).label("free"),
        _count(is_open & (Chore.duration_minutes <= SHORT_MINUTES)).label("short"),
        _count(is_open & (Chore.closes_at < at + SOON) & (Chore.slots_free > 0)).label("soon"),
    )
    return session.execute(query).one()


def _busy(session: Session) -> int:
    states = (ClaimState.HELD.value, ClaimState.IN_PROGRESS.value, ClaimState.NEEDS_MORE.value)
    return session.scalar(select(func.count()).select_from(Claim).where(Claim.state.in_(states))) or 0


def _approved_by_month(session: Session, first_day: date) -> dict[date, tuple[int, Cents, int]]:
    month = func.date_trunc("month", func.timezone(AMSTERDAM.key, Claim.decided_at))
    query = (
        select(month, func.count(), func.sum(Claim.reward_cents), func.count(func.distinct(Claim.citizen_id)))
        .where(
            Claim.state.in_(DONE), Claim.decided_at >= datetime(first_day.year, first_day.month, 1, tzinfo=AMSTERDAM)
        )
        .group_by(month)
    )
    return {first.date(): (count, int(cents or 0), people) for first, count, cents, people in session.execute(query)}


def _kinds(session: Session) -> list[tuple[str, int, str]]:
    """Count open chores by kind, the most first (R33)."""
    query = (
        select(Chore.category_code, func.count())
        .where(Chore.state == ChoreState.OPEN.value)
        .group_by(Chore.category_code)
        .order_by(func.count().desc(), Chore.category_code)
    )
    names = {category.code: category_name(category) for category in all_categories(session)}
    return [(names.get(code, code), count, str(count)) for code, count in session.execute(query)]


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count().filter(condition)


def _months_back(day: date, months: int) -> date:
    number = day.year * 12 + day.month - 1 - months
    return date(number // 12, number % 12 + 1, 1)


def _month(day: date) -> str:
    return format_date(day, "LLL", locale="en_GB" if current_language() == "en" else "nl").rstrip(".")
