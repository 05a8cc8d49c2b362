# SPDX-License-Identifier: EUPL-1.2
"""The organisation's chores as a list: searched, filtered, sorted, a page at a time (keyset)."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select, tuple_
from sqlalchemy.orm import InstrumentedAttribute, Session

from heitje.chores.models import Chore
from heitje.errors import NotFound
from heitje.web.links import id_or_none

Sortable = ColumnElement[Any] | InstrumentedAttribute[Any]

SORTS: Mapping[str, Sortable] = {
    "title": func.lower(Chore.title),
    "created": Chore.created_at,
    "closes": Chore.closes_at,
    "reward": Chore.reward_cents,
    "free": Chore.slots_free,
}
NEWEST = "-created"
STATES = ("draft", "open", "on_hold", "closing", "completed", "cancelled", "expired")


@dataclass(frozen=True, kw_only=True)
class ChoreFilter:
    """What somebody wants to see; unknown words of an address count as not said."""

    text: str = ""
    state: str = ""
    department_id: UUID | None = None
    category_code: str = ""
    sort: str = NEWEST

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> "ChoreFilter":
        """Read the filter from a page's address."""
        sort = query.get("sort", NEWEST)
        state = query.get("state", "")
        return cls(
            text=query.get("q", "").strip()[:80],
            state=state if state in STATES else "",
            department_id=id_or_none(query.get("department", "")),
            category_code=query.get("category", "")[:30],
            sort=sort if sort.removeprefix("-") in SORTS else NEWEST,
        )

    @property
    def is_narrow(self) -> bool:
        """Tell whether anything is left out."""
        return bool(self.text or self.state or self.department_id or self.category_code)


@dataclass(frozen=True, kw_only=True)
class ChorePage:
    """Some chores and the cursor of the next page, empty on the last."""

    chores: Sequence[Chore]
    next_cursor: str


def chores_page(session: Session, wanted: ChoreFilter, *, after: str = "", limit: int = 25) -> ChorePage:
    """List a page of chores; raises `NotFound` for a cursor that is none of ours."""
    is_falling = wanted.sort.startswith("-")
    name = wanted.sort.removeprefix("-")
    column = SORTS[name]
    query = select(Chore, column.label("sort_key")).where(*_conditions(wanted)).limit(limit + 1)
    query = query.order_by(column.desc(), Chore.id.desc()) if is_falling else query.order_by(column, Chore.id)
    if after:
        value, chore_id = _read_cursor(after, name)
        here, seen = tuple_(column, Chore.id), tuple_(value, chore_id)
        query = query.where(here < seen if is_falling else here > seen)
    rows = session.execute(query).all()
    shown = rows[:limit]
    cursor = _cursor(shown[-1][1], shown[-1][0].id) if len(rows) > limit else ""
    return ChorePage(chores=[row[0] for row in shown], next_cursor=cursor)


def count_chores(session: Session, wanted: ChoreFilter) -> int:
    """Count what all pages together show."""
    return session.scalar(select(func.count()).select_from(Chore).where(*_conditions(wanted))) or 0


def _conditions(wanted: ChoreFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.state:
        conditions.append(Chore.state == wanted.state)
    if wanted.department_id is not None:
        conditions.append(Chore.department_id == wanted.department_id)
    if wanted.category_code:
        conditions.append(Chore.category_code == wanted.category_code)
    words = wanted.text.split()[:6]
    if words:
        conditions.append(and_(*(_has_word(word) for word in words)))
    return conditions


def _has_word(word: str) -> ColumnElement[bool]:
    columns = (Chore.title, Chore.description, Chore.place_name, Chore.address)
    return or_(*(column.icontains(word, autoescape=True) for column in columns))


def _cursor(value: object, chore_id: UUID) -> str:
    plain = value.isoformat() if isinstance(value, datetime) else value
    return base64.urlsafe_b64encode(json.dumps([plain, str(chore_id)]).encode()).decode()


def _read_cursor(cursor: str, name: str) -> tuple[Any, UUID]:
    try:
        value, chore_id = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        if name in {"created", "closes"}:
            value = datetime.fromisoformat(value)
        elif name == "title":
            value = str(value)
        else:
            value = int(value)
        return value, UUID(chore_id)
    except (ValueError, TypeError, AttributeError):
        raise NotFound(kind="page") from None
