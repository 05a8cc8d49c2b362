# SPDX-License-Identifier: EUPL-1.2
"""What a line of each demo file holds. Money in cents, places in degrees."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from heitje.cents import Cents
from heitje.clock import AMSTERDAM


@dataclass(frozen=True, kw_only=True)
class DemoNeighbourhood:
    """One neighbourhood; `shape` is a GeoJSON geometry in degrees, longitude first."""

    code: str
    name: str
    district_code: str
    district_name: str
    residents: int
    shape: dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class DemoCategory:
    """A kind of chore with what is asked for it unless a chore says otherwise."""

    code: str
    name_nl: str
    name_en: str
    icon: str
    evidence: tuple[str, ...]
    needs_vetting: bool
    min_age: int


@dataclass(frozen=True, kw_only=True)
class DemoPickupPoint:
    """Where kits of one organisation are handed out."""

    code: str
    organisation: str
    name: str
    neighbourhood: str
    address: str
    lat: float
    lon: float
    opening_hours: str


@dataclass(frozen=True, kw_only=True)
class DemoKit:
    """A box with tools of one organisation."""

    code: str
    organisation: str
    name: str
    pickup_point: str
    contents: tuple[str, ...]
    instructions: str


@dataclass(frozen=True, kw_only=True)
class DemoChore:
    """One line of `chores.csv`. Either at a fixed time, or whenever it suits until it closes."""

    organisation: str
    department: str
    category: str
    title: str
    description: str
    good_result: str
    why: str
    safety_note: str
    neighbourhood: str
    place_name: str
    address: str
    lat: float
    lon: float
    duration_minutes: int
    slots: int
    reward_cents: Cents
    closes_in_days: int | None
    day_offset: int | None
    start_time: time | None
    kit: str
    pickup_point: str
    evidence: tuple[str, ...]
    min_age: int
    skill: str
    indoors: bool
    together: bool

    def starts_at(self, today: date) -> datetime | None:
        """Return the aware moment it starts, counted from `today`, or None for whenever it suits."""
        if self.day_offset is None or self.start_time is None:
            return None
        return datetime.combine(today + timedelta(days=self.day_offset), self.start_time, AMSTERDAM)

    def closes_at(self, today: date) -> datetime:
        """Return the aware moment after which nobody can do it any more."""
        starts_at = self.starts_at(today)
        if starts_at is not None:
            return starts_at + timedelta(minutes=self.duration_minutes)
        return datetime.combine(today + timedelta(days=self.closes_in_days or 0), time(23, 59, 59), AMSTERDAM)


@dataclass(frozen=True, kw_only=True)
class DemoBudgetLine:
    """Money of a department, with its period counted in days from today."""

    name: str
    amount_cents: Cents
    starts_in_days: int
    ends_in_days: int


@dataclass(frozen=True, kw_only=True)
class DemoDepartment:
    """A part of an organisation with its budget lines."""

    name: str
    budget_lines: tuple[DemoBudgetLine, ...]


@dataclass(frozen=True, kw_only=True)
class DemoRole:
    """What a member may do; without a department it holds for the whole organisation."""

    role: str
    department: str


@dataclass(frozen=True, kw_only=True)
class DemoMember:
    """An employee with roles."""

    name: str
    email: str
    roles: tuple[DemoRole, ...]


@dataclass(frozen=True, kw_only=True)
class DemoOrganisation:
    """A tenant with everything it brings."""

    slug: str
    name: str
    kind: str
    brand_colour: str
    kvk_number: str
    address: str
    billing_email: str
    billing_reference: str
    privacy_contact: str
    departments: tuple[DemoDepartment, ...]
    members: tuple[DemoMember, ...]


@dataclass(frozen=True, kw_only=True)
class DemoPerson:
    """A button of the demo's identity provider. Without organisation: somebody who may open one."""

    sub: str
    name: str
    email: str
    organisation: str
    hint: str


@dataclass(frozen=True, kw_only=True)
class DemoShopStaff:
    """Who signs in at a till; role "owner" or "till"."""

    name: str
    email: str
    role: str


@dataclass(frozen=True, kw_only=True)
class DemoShop:
    """A shop that takes Heitjes. Its IBAN is of a bank TEST that does not exist."""

    slug: str
    name: str
    category: str
    centre: str
    neighbourhood: str
    address: str
    lat: float
    lon: float
    opening_hours: str
    description: str
    iban: str
    account_name: str
    kvk_number: str
    vat_number: str
    staff: tuple[DemoShopStaff, ...]


@dataclass(frozen=True, kw_only=True)
class DemoCitizen:
    """Somebody who does chores and pays with Heitjes."""

    name: str
    email: str
    neighbourhood: str
    birth_year: int
    language: str


@dataclass(frozen=True, kw_only=True)
class DemoClaim:
    """A chore that somebody has done and handed in, so that an approver finds something to look at."""

    citizen: str
    """E-mail address."""
    chore: str
    """Title."""
    minutes: int
    remark: str
    pictures: tuple[Path, ...]
