# SPDX-License-Identifier: EUPL-1.2
"""Reads neighbourhoods from the GeoJSON that CBS and PDOK publish ("wijken en buurten")."""

import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from heitje.errors import InvalidInput
from heitje.schemes import Neighbourhood, SchemeArea

CODE = re.compile(r"BU[0-9A-Z]{4,10}", re.ASCII)
NO_FIGURE = -99997
"""CBS writes this (and lower) where a figure is secret or unknown."""


def import_neighbourhoods(session: Session, collection: dict[str, Any], *, scheme_id: UUID | None = None) -> int:
    """Add or renew every neighbourhood of a GeoJSON FeatureCollection; returns how many.

    Properties as in the CBS file: buurtcode, buurtnaam, wijkcode, wijknaam, gemeentecode, gemeentenaam,
    aantal_inwoners. With `scheme_id` the scheme holds in them from now on. Operator's session.
    Raises `InvalidInput` that names each feature that cannot be used; then nothing is changed.
    """
    features = collection.get("features")
    if collection.get("type") != "FeatureCollection" or not isinstance(features, list) or not features:
        raise InvalidInput({"file": ["This is not a GeoJSON FeatureCollection with neighbourhoods."]})
    demo = bool(collection.get("heitje:demo", False))
    rows, errors = [], {}
    for number, feature in enumerate(features, start=1):
        try:
            rows.append(_row(feature, demo=demo))
        except (KeyError, TypeError, ValueError) as error:
            errors[f"feature {number}"] = [str(error)]
    if errors:
        raise InvalidInput(errors)
    statement = insert(Neighbourhood)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=["code"],
            set_={name: statement.excluded[name] for name in rows[0] if name != "code"},
        ),
        rows,
    )
    if scheme_id is not None:
        session.execute(
            insert(SchemeArea).on_conflict_do_nothing(),
            [{"scheme_id": scheme_id, "neighbourhood_code": row["code"]} for row in rows],
        )
    return len(rows)


def _row(feature: dict[str, Any], *, demo: bool) -> dict[str, Any]:
    said, shape = feature["properties"], feature["geometry"]
    code = str(said["buurtcode"])
    if CODE.fullmatch(code) is None:
        raise ValueError(f"{code!r} is no neighbourhood code (BU and digits)")
    lat, lon = _middle(shape)
    residents = int(said.get("aantal_inwoners") or 0)
    return {
        "code": code,
        "name": str(said["buurtnaam"]),
        "district_code": str(said.get("wijkcode") or ""),
        "district_name": str(said.get("wijknaam") or ""),
        "municipality_code": str(said["gemeentecode"]),
        "municipality_name": str(said["gemeentenaam"]),
        "residents": 0 if residents <= NO_FIGURE else max(residents, 0),
        "lat": lat,
        "lon": lon,
        "shape": shape,
        "is_demo": demo,
    }


def _middle(shape: dict[str, Any]) -> tuple[float, float]:
    """Return latitude and longitude of the middle of the bounding box, in degrees (WGS 84)."""
    points = list(_points(shape["coordinates"]))
    if not points:
        raise ValueError("the shape has no points")
    longitudes, latitudes = zip(*points, strict=True)
    lat, lon = (min(latitudes) + max(latitudes)) / 2, (min(longitudes) + max(longitudes)) / 2
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):
        raise ValueError("coordinates must be degrees (WGS 84, EPSG:4326), longitude first")
    return lat, lon


def _points(coordinates: Any) -> Iterator[tuple[float, float]]:
    if coordinates and isinstance(coordinates[0], int | float):
        yield float(coordinates[0]), float(coordinates[1])
    else:
        for part in coordinates:
            yield from _points(part)
