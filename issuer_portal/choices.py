# SPDX-License-Identifier: EUPL-1.2
"""What an editor can choose from in a chore: own departments with their money, kinds, neighbourhoods and kits."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]

from heitje.cents import in_heitjes
from heitje.chores.models import Kit
from heitje.identity.models import Department
from heitje.purses.budgets import LineBalance, line_balances
from heitje.purses.models import LineState
from heitje.schemes import Category, Neighbourhood, SchemeArea
from heitje.web.words import category_name
from tenants.departments import departments_of

USABLE = {LineState.DRAFT.value, LineState.AWAITING_FUNDS.value, LineState.ACTIVE.value, LineState.FROZEN.value}


@dataclass(frozen=True)
class Choices:
    """All that the fields of a chore offer, read once per request."""

    departments: Sequence[Department]
    lines: Sequence[LineBalance]
    categories: Sequence[Category]
    neighbourhoods: Sequence[Neighbourhood]
    kits: Sequence[Kit]
    _names: dict[str, str] = field(default_factory=dict)

    @cached_property
    def department_names(self) -> dict[UUID, str]:
        """Return id -> name."""
        return {department.id: department.name for department in self.departments}

    def line_choices(self) -> list[SelectChoice]:
        """Lines by department, each with what it still has."""
        return [
            SelectChoice(
                str(balance.line.id),
                _(
                    "%(name)s · %(amount)s Heitjes available",
                    name=balance.line.name,
                    amount=in_heitjes(balance.available_cents),
                ),
                optgroup=self.department_names.get(balance.line.department_id, ""),
            )
            for balance in self.lines
        ]

    def category_choices(self) -> list[SelectChoice]:
        """Kinds of chores in the reader's language."""
        return [SelectChoice(category.code, category_name(category)) for category in self.categories]

    def neighbourhood_choices(self) -> list[SelectChoice]:
        """Neighbourhoods by district, after the choice to take it from the map."""
        return [
            SelectChoice("", _("Take it from the place on the map"), optgroup=""),
            *(
                SelectChoice(area.code, area.name, optgroup=area.district_name)
                for area in sorted(self.neighbourhoods, key=lambda area: (area.district_name, area.name))
            ),
        ]

    def kit_choices(self) -> list[SelectChoice]:
        """Kits with where they are, after none."""
        return [
            SelectChoice("", _("No kit needed")),
            *(SelectChoice(str(kit.id), f"{kit.name} · {kit.pickup_point.name}") for kit in self.kits),
        ]


def read_choices(session: Session, scheme_id: UUID, *, department_ids: Sequence[UUID] | None) -> Choices:
    """Read the choices; only of `department_ids`, or of all departments. Five queries."""
    departments = [
        department
        for department in departments_of(session)
        if department_ids is None or department.id in department_ids
    ]
    return Choices(
        departments=departments,
        lines=[
            balance for balance in line_balances(session, department_ids=department_ids) if balance.line.state in USABLE
        ],
        categories=session.scalars(select(Category).order_by(Category.position, Category.code)).all(),
        neighbourhoods=neighbourhoods_of(session, scheme_id),
        kits=kits_of(session),
    )


def neighbourhoods_of(session: Session, scheme_id: UUID) -> Sequence[Neighbourhood]:
    """List the neighbourhoods in which a scheme holds, by name."""
    query = (
        select(Neighbourhood)
        .join(SchemeArea, SchemeArea.neighbourhood_code == Neighbourhood.code)
        .where(SchemeArea.scheme_id == scheme_id)
        .order_by(Neighbourhood.name)
    )
    return session.scalars(query).all()


def kits_of(session: Session) -> Sequence[Kit]:
    """List the organisation's kits with their pick-up points."""
    return session.scalars(select(Kit).options(joinedload(Kit.pickup_point)).order_by(Kit.name)).all()


def middle_of(neighbourhoods: Sequence[Neighbourhood]) -> tuple[float, float]:
    """Return where a map of these begins: latitude and longitude. Without any, the middle of the Netherlands."""
    if not neighbourhoods:
        return 52.16, 5.39
    count = len(neighbourhoods)
    return sum(area.lat for area in neighbourhoods) / count, sum(area.lon for area in neighbourhoods) / count


def neighbourhood_at(neighbourhoods: Sequence[Neighbourhood], lat: float, lon: float) -> str:
    """Return the code of the neighbourhood around a point; outside all shapes the nearest within 2 km, else ""."""
    for area in neighbourhoods:
        if any(_is_inside(ring, lat, lon) for ring in _outlines(area.shape)):
            return area.code
    nearest = min(neighbourhoods, key=lambda area: _metres(area, lat, lon), default=None)
    return nearest.code if nearest is not None and _metres(nearest, lat, lon) <= 2_000 else ""


def _metres(area: Neighbourhood, lat: float, lon: float) -> float:
    # Flat is near enough for a town; a degree of longitude is 70 km at this latitude.
    return float((((area.lat - lat) * 111_200) ** 2 + ((area.lon - lon) * 70_000) ** 2) ** 0.5)


def _outlines(shape: dict[str, Any]) -> list[list[list[float]]]:
    """Return the outer rings of a GeoJSON polygon or multipolygon; holes do not matter for naming a place."""
    rings: Any = shape.get("coordinates") or []
    if shape.get("type") == "Polygon":
        return rings[:1]  # type: ignore[no-any-return]
    return [polygon[0] for polygon in rings if polygon] if shape.get("type") == "MultiPolygon" else []


def _is_inside(ring: list[list[float]], lat: float, lon: float) -> bool:
    """Count how often a ray to the east crosses the ring: odd is inside. Points are (longitude, latitude)."""
    inside = False
    for (lon_a, lat_a, *_a), (lon_b, lat_b, *_b) in zip(ring, ring[1:] + ring[:1], strict=True):
        if (lat_a > lat) != (lat_b > lat) and lon < (lon_b - lon_a) * (lat - lat_a) / (lat_b - lat_a) + lon_a:
            inside = not inside
    return inside
