# SPDX-License-Identifier: EUPL-1.2
"""What somebody looks for, read from the address of the page and written back into it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from werkzeug.datastructures import MultiDict

from heitje.chores.matching import Order, Wish
from heitje.identity.models import Citizen
from heitje.schemes import Category, Neighbourhood

MINUTES = (30, 60, 120)
NAMES = ("q", "kind", "area", "minutes", "order", "latitude", "longitude")

Position = Literal["phone", "area", "home", ""]


@dataclass(frozen=True, kw_only=True)
class Looking:
    """A wish, and where the distances are counted from."""

    wish: Wish
    position: Position
    kept: dict[str, Any]
    """What the address says, without what cannot be used: for links and hidden fields."""

    def without(self, *names: str, **changes: str) -> dict[str, Any]:
        """Return the address values with some left out and others set; empty ones are dropped."""
        values = {name: value for name, value in self.kept.items() if name not in names} | changes
        return {name: value for name, value in values.items() if value}

    @property
    def narrowed_by(self) -> int:
        """Count the folded filters in use."""
        return sum(bool(self.kept.get(name)) for name in ("area", "minutes", "order", "latitude"))


def read_wish(
    values: MultiDict[str, str],
    *,
    categories: Sequence[Category],
    neighbourhoods: Sequence[Neighbourhood],
    citizen: Citizen | None,
) -> Looking:
    """Read a wish. What cannot be used is left out, so an old or mistyped address still shows chores."""
    kinds = {category.code for category in categories}
    areas = {neighbourhood.code: neighbourhood for neighbourhood in neighbourhoods}
    text = "".join(character for character in values.get("q", "") if character.isprintable()).strip()[:80]
    kind = values.get("kind", "") if values.get("kind") in kinds else ""
    area = values.get("area", "") if values.get("area") in areas else ""
    minutes = values.get("minutes", "")
    max_minutes = int(minutes) if minutes in {str(choice) for choice in MINUTES} else None
    phone = _position(values)
    home = areas.get(citizen.neighbourhood_code or "") if citizen is not None else None

    position: Position = "phone" if phone else "area" if area else "home" if home else ""
    place = phone or _centre(areas.get(area)) or _centre(home)
    order = _order(values.get("order", ""), has_place=place is not None)
    wish = Wish(
        text=text,
        category_code=kind,
        neighbourhood_code=area,
        max_minutes=max_minutes,
        lat=place[0] if place else None,
        lon=place[1] if place else None,
        order=order,
        new_to=citizen.id if citizen is not None else None,
    )
    kept = {
        "q": text,
        "kind": kind,
        "area": area,
        "minutes": str(max_minutes or ""),
        # Empty means the usual order, which changes with "near me".
        "order": "" if order is usual_order(has_place=place is not None) else order.value,
        "latitude": f"{phone[0]:.3f}" if phone else "",
        "longitude": f"{phone[1]:.3f}" if phone else "",
    }
    return Looking(wish=wish, position=position, kept=kept)


def usual_order(*, has_place: bool) -> Order:
    """Near comes first where a place is known, else short: both make it easy to begin (R34)."""
    return Order.NEAR if has_place else Order.SHORT


def _order(text: str, *, has_place: bool) -> Order:
    usual = usual_order(has_place=has_place)
    try:
        order = Order(text)
    except ValueError:
        return usual
    return usual if order is Order.NEAR and not has_place else order


def _position(values: MultiDict[str, str]) -> tuple[float, float] | None:
    try:
        lat, lon = float(values.get("latitude", "")), float(values.get("longitude", ""))
    except ValueError:
        return None
    # Rounded again here: about 100 metres is all we want to know, whatever was sent.
    return (round(lat, 3), round(lon, 3)) if -90 <= lat <= 90 and -180 <= lon <= 180 else None


def _centre(neighbourhood: Neighbourhood | None) -> tuple[float, float] | None:
    return None if neighbourhood is None else (neighbourhood.lat, neighbourhood.lon)
