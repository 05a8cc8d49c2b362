# SPDX-License-Identifier: EUPL-1.2
"""Reads the demo's files (see README.md beside them) into typed rows. Knows no database.

A file that does not fit raises at once: a wrong demo is a mistake of ours.
"""

import csv
import json
from datetime import time
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from heitje.cents import parse_cents
from heitje_server.demo.rows import (
    DemoBudgetLine,
    DemoCategory,
    DemoChore,
    DemoCitizen,
    DemoClaim,
    DemoDepartment,
    DemoKit,
    DemoMember,
    DemoNeighbourhood,
    DemoOrganisation,
    DemoPerson,
    DemoPickupPoint,
    DemoRole,
    DemoShop,
    DemoShopStaff,
)

FOLDER = Path(__file__).parent
NEIGHBOURHOODS_FILE = FOLDER / "neighbourhoods.geojson"
"""In the form of the national statistics office, for `heitje neighbourhoods import`."""
PEOPLE_FILE = FOLDER / "people.json"
"""Whom the demo's identity provider offers as buttons."""
PICTURES = FOLDER / "pictures"

Row = TypeVar("Row")

_TEXTS_OF_A_CHORE = (
    "department", "category", "title", "description", "good_result", "why", "safety_note",
    "neighbourhood", "place_name", "address", "kit", "pickup_point", "skill",
)  # fmt: skip


@cache
def read_neighbourhoods() -> tuple[DemoNeighbourhood, ...]:
    """List the neighbourhoods in the order of their code."""
    return tuple(
        DemoNeighbourhood(
            code=said["buurtcode"],
            name=said["buurtnaam"],
            district_code=said["wijkcode"],
            district_name=said["wijknaam"],
            residents=said["aantal_inwoners"],
            shape=feature["geometry"],
        )
        for feature in json.loads(NEIGHBOURHOODS_FILE.read_text("utf-8"))["features"]
        for said in [feature["properties"]]
    )


def neighbourhood_codes() -> dict[str, str]:
    """Return name -> code; the other files name neighbourhoods as people do."""
    return {neighbourhood.name: neighbourhood.code for neighbourhood in read_neighbourhoods()}


@cache
def read_categories() -> tuple[DemoCategory, ...]:
    """List the categories in the order in which they are shown."""
    return tuple(_row(DemoCategory, row, evidence=tuple(row["evidence"])) for row in _json("categories.json"))


@cache
def read_pickup_points() -> tuple[DemoPickupPoint, ...]:
    """List the pick-up points."""
    return tuple(_row(DemoPickupPoint, row) for row in _json("kits.json")["pickup_points"])


@cache
def read_kits() -> tuple[DemoKit, ...]:
    """List the kits."""
    return tuple(_row(DemoKit, row, contents=tuple(row["contents"])) for row in _json("kits.json")["kits"])


@cache
def read_chores() -> tuple[DemoChore, ...]:
    """List the launch's 40 chores."""
    with (FOLDER / "chores.csv").open(encoding="utf-8", newline="") as file:
        return tuple(_chore(row) for row in csv.DictReader(file, delimiter=";", strict=True))


@cache
def read_organisations() -> tuple[DemoOrganisation, ...]:
    """List the three tenants with departments, budget lines and members."""
    return tuple(
        _row(
            DemoOrganisation,
            row,
            departments=tuple(
                DemoDepartment(
                    name=department["name"],
                    budget_lines=tuple(_row(DemoBudgetLine, line) for line in department["budget_lines"]),
                )
                for department in row["departments"]
            ),
            members=tuple(
                _row(DemoMember, member, roles=tuple(_row(DemoRole, role) for role in member["roles"]))
                for member in row["members"]
            ),
        )
        for row in _json("organisations.json")
    )


@cache
def read_people() -> tuple[DemoPerson, ...]:
    """List whom the identity provider offers: every member, and some whose organisation has yet to come in."""
    return tuple(_row(DemoPerson, row) for row in _json("people.json"))


@cache
def read_shops() -> tuple[DemoShop, ...]:
    """List the 20 shops in three centres."""
    return tuple(
        _row(DemoShop, row, staff=tuple(_row(DemoShopStaff, person) for person in row["staff"]))
        for row in _json("shops.json")
    )


@cache
def read_citizens() -> tuple[DemoCitizen, ...]:
    """List the citizens."""
    return tuple(_row(DemoCitizen, row) for row in _json("citizens.json"))


@cache
def read_claims() -> tuple[DemoClaim, ...]:
    """List what citizens have handed in, with paths of the pictures."""
    return tuple(
        _row(DemoClaim, row, pictures=tuple(PICTURES / name for name in row["pictures"]))
        for row in _json("claims.json")
    )


def _json(name: str) -> Any:
    return json.loads((FOLDER / name).read_text("utf-8"))


def _chore(row: dict[str, str]) -> DemoChore:
    fixed = row["when"] == "fixed"
    return DemoChore(
        organisation=row["organisation_slug"],
        lat=float(row["lat"]),
        lon=float(row["lon"]),
        duration_minutes=int(row["duration_minutes"]),
        slots=int(row["slots"]),
        reward_cents=parse_cents(row["reward_heitjes"]),
        closes_in_days=None if fixed else int(row["closes_in_days"]),
        day_offset=int(row["day_offset"]) if fixed else None,
        start_time=time.fromisoformat(row["start_time"]) if fixed else None,
        evidence=tuple(row["evidence"].split("+")),
        min_age=int(row["min_age"]),
        indoors=_yes(row["indoors"]),
        together=_yes(row["together"]),
        **{name: row[name] for name in _TEXTS_OF_A_CHORE},
    )


def _yes(text: str) -> bool:
    return {"yes": True, "no": False}[text]


def _row(kind: type[Row], row: dict[str, Any], **instead: Any) -> Row:
    return kind(**{**row, **instead})
