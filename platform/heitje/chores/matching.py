# SPDX-License-Identifier: EUPL-1.2
"""Finding a chore that fits: near, short, new, of a kind (R1, R34). Positions are used and never stored."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, and_, func, literal, or_, select, tuple_
from sqlalchemy.orm import Session, joinedload

from heitje.chores.models import DONE, UNDER_WAY, Chore, ChoreState, Claim, Kit
from heitje.errors import NotFound
from heitje.identity.models import Tenant

EARTH_RADIUS_M = 6_371_000
"""Mean radius; the haversine formula with it errs by less than 0.5 %."""


class Order(StrEnum):
    """How a list of chores is sorted."""

    NEAR = "near"
    SHORT = "short"
    NEW = "new"
    SOON = "soon"


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What somebody looks for. `lat`/`lon` come from the phone or a neighbourhood's centre."""

    text: str = ""
    category_code: str = ""
    neighbourhood_code: str = ""
    max_minutes: int | None = None
    lat: float | None = None
    lon: float | None = None
    order: Order = Order.SHORT
    new_to: UUID | None = None
    """Leave out what this citizen has under way or did already; the session is the citizen's own."""


@dataclass(frozen=True, kw_only=True)
class FoundChore:
    """A chore and how far it is; `distance_m` is `None` when no position was given."""

    chore: Chore
    distance_m: int | None
    cursor: str


def find_chores(
    session: Session, *, scheme_id: UUID, wish: Wish, at: datetime, after: str = "", limit: int = 30
) -> list[FoundChore]:
    """List open chores with a free slot; `after` is the `cursor` of the last one seen (keyset)."""
    distance = _distance_m(wish)
    sort = _sort_key(wish, distance)
    query = (
        select(Chore, distance.label("distance_m"), sort.label("sort_key"))
        .where(*_wanted(scheme_id, wish, at))
        .order_by(sort, Chore.id)
        .limit(limit)
    )
    if after:
        value, _, chore_id = after.partition("~")
        try:
            query = query.where(tuple_(sort, Chore.id) > tuple_(literal(_key(value)), literal(UUID(chore_id))))
        except ValueError:
            raise NotFound(kind="page") from None
    return [
        FoundChore(
            chore=chore,
            distance_m=None if metres is None else round(metres),
            cursor=f"{key}~{chore.id}",
        )
        for chore, metres, key in session.execute(query)
    ]


def count_chores(session: Session, *, scheme_id: UUID, wish: Wish, at: datetime) -> int:
    """Count what `find_chores` would find over all pages."""
    return session.scalar(select(func.count()).select_from(Chore).where(*_wanted(scheme_id, wish, at))) or 0


def published_chore(session: Session, chore_id: UUID) -> Chore:
    """Return a chore as everyone may see it, with its kit and pick-up point; raises `NotFound`."""
    chore = session.scalar(
        select(Chore)
        .where(Chore.id == chore_id, Chore.published_at.is_not(None))
        .options(joinedload(Chore.kit).joinedload(Kit.pickup_point))
    )
    if chore is None:
        raise NotFound(kind="chore")
    return chore


def issuers_of(session: Session, tenant_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return tenant id -> name of the organisations behind chores; those not admitted are missing."""
    query = select(Tenant.id, Tenant.name).where(Tenant.id.in_(set(tenant_ids)))
    return dict(session.execute(query).all())


def _key(text: str) -> int:
    """Read the first half of a cursor; raises `ValueError` for what no list ever gave out."""
    key = int(text)
    if abs(key) > 2**62:
        raise ValueError(text)
    return key


def _wanted(scheme_id: UUID, wish: Wish, at: datetime) -> list[ColumnElement[bool]]:
    wanted: list[ColumnElement[bool]] = [
        Chore.scheme_id == scheme_id,
        Chore.state == ChoreState.OPEN.value,
        Chore.closes_at > at,
        Chore.slots_free > 0,
        or_(Chore.starts_at.is_(None), Chore.starts_at > at),
    ]
    if wish.category_code:
        wanted.append(Chore.category_code == wish.category_code)
    if wish.neighbourhood_code:
        wanted.append(Chore.neighbourhood_code == wish.neighbourhood_code)
    if wish.max_minutes is not None:
        wanted.append(Chore.duration_minutes <= wish.max_minutes)
    if wish.new_to is not None:
        wanted.append(~_is_taken_by(wish.new_to))
    words = wish.text.split()[:6]
    if words:
        wanted.append(and_(*(_has_word(word) for word in words)))
    return wanted


def _is_taken_by(citizen_id: UUID) -> ColumnElement[bool]:
    own = select(Claim.id).where(
        Claim.tenant_id == Chore.tenant_id,
        Claim.chore_id == Chore.id,
        Claim.citizen_id == citizen_id,
        Claim.state.in_([*UNDER_WAY, *DONE]),
    )
    return own.exists()


def _has_word(word: str) -> ColumnElement[bool]:
    return or_(
        *(
            column.icontains(word, autoescape=True)
            for column in (Chore.title, Chore.description, Chore.place_name, Chore.address)
        )
    )


def _distance_m(wish: Wish) -> ColumnElement[Any]:
    if wish.lat is None or wish.lon is None:
        return literal(None)
    half_lat = func.radians(Chore.lat - wish.lat) / 2
    half_lon = func.radians(Chore.lon - wish.lon) / 2
    haversine = func.power(func.sin(half_lat), 2) + func.cos(func.radians(wish.lat)) * func.cos(
        func.radians(Chore.lat)
    ) * func.power(func.sin(half_lon), 2)
    metres: ColumnElement[Any] = 2 * EARTH_RADIUS_M * func.asin(func.sqrt(func.least(1.0, haversine)))
    return metres


def _sort_key(wish: Wish, distance: ColumnElement[Any]) -> ColumnElement[Any]:
    """A whole number in every order, so that a cursor means exactly one place in the list."""
    match wish.order:
        case Order.NEAR if wish.lat is not None and wish.lon is not None:
            return func.round(distance).cast(BigInteger)
        case Order.NEW:
            return (-func.extract("epoch", Chore.published_at)).cast(BigInteger)
        case Order.SOON:
            return func.extract("epoch", func.coalesce(Chore.starts_at, Chore.closes_at)).cast(BigInteger)
        case _:
            duration: ColumnElement[Any] = Chore.duration_minutes.cast(BigInteger)
            return duration
