# SPDX-License-Identifier: EUPL-1.2
"""What everything hangs on: schemes, the neighbourhoods they cover, and the kinds of chores. Everybody reads them."""

from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Boolean, Double, FetchedValue, ForeignKey, Integer, SmallInteger, select
from sqlalchemy.orm import Mapped, Session, defer, mapped_column

from heitje.db.base import Base
from heitje.errors import NotFound


class Scheme(Base):
    """One token with its rules, area and shops. Play money is a scheme of its own."""

    __tablename__ = "schemes"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    slug: Mapped[str]
    name: Mapped[str]
    area_name: Mapped[str]
    play_money: Mapped[bool] = mapped_column(Boolean, default=False)
    guaranteed_until: Mapped[date]
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())


class Neighbourhood(Base):
    """A CBS neighbourhood (code BU...): the smallest area that is reported on."""

    __tablename__ = "neighbourhoods"

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    district_code: Mapped[str]
    district_name: Mapped[str]
    municipality_code: Mapped[str]
    municipality_name: Mapped[str]
    residents: Mapped[int] = mapped_column(Integer)
    lat: Mapped[float] = mapped_column(Double)
    lon: Mapped[float] = mapped_column(Double)
    shape: Mapped[dict[str, Any]]
    is_demo: Mapped[bool] = mapped_column(Boolean, default=False)


class SchemeArea(Base):
    """A neighbourhood in which a scheme holds."""

    __tablename__ = "scheme_areas"

    scheme_id: Mapped[UUID] = mapped_column(ForeignKey("schemes.id"), primary_key=True)
    neighbourhood_code: Mapped[str] = mapped_column(ForeignKey("neighbourhoods.code"), primary_key=True)


class Category(Base):
    """A kind of chore: what evidence it wants, from which age, and whether people are vetted for it."""

    __tablename__ = "categories"

    code: Mapped[str] = mapped_column(primary_key=True)
    name_nl: Mapped[str]
    name_en: Mapped[str]
    icon: Mapped[str]
    evidence_default: Mapped[str]
    needs_vetting: Mapped[bool] = mapped_column(Boolean, default=False)
    min_age: Mapped[int] = mapped_column(SmallInteger, default=16)
    position: Mapped[int] = mapped_column(SmallInteger, default=0)


def main_scheme(session: Session) -> Scheme:
    """Return the scheme of this installation: the oldest that is not play money. Raises `NotFound` before there is one."""
    scheme = session.scalar(select(Scheme).order_by(Scheme.play_money, Scheme.created_at, Scheme.id).limit(1))
    if scheme is None:
        raise NotFound(kind="scheme")
    return scheme


def neighbourhoods_of(session: Session, scheme_id: UUID) -> list[Neighbourhood]:
    """List the neighbourhoods in which a scheme holds, by name; without their shapes."""
    query = (
        select(Neighbourhood)
        .join(SchemeArea, SchemeArea.neighbourhood_code == Neighbourhood.code)
        .where(SchemeArea.scheme_id == scheme_id)
        .order_by(Neighbourhood.name, Neighbourhood.code)
        .options(defer(Neighbourhood.shape))
    )
    return list(session.scalars(query))


def all_categories(session: Session) -> list[Category]:
    """List the kinds of chores in the order in which they are shown."""
    return list(session.scalars(select(Category).order_by(Category.position, Category.code)))
