# SPDX-License-Identifier: EUPL-1.2
"""Prices as data: a public list with bands, and a yearly cap above which nothing is charged."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from heitje import audit
from heitje.audit import Actor
from heitje.cents import Cents
from heitje.errors import Conflict, HeitjeError, InvalidInput
from tenants.billing.models import YEARLY_CAP, Metric, Tariff, TariffBand

EXAMPLE = Path(__file__).with_name("example_price_list.json")
"""A price list to start from; the demo uses it."""


class NoTariff(HeitjeError):
    """No price list holds on this day, so nothing can be charged. Facts: day."""

    code = "no-tariff"
    title = "There is no price list for this period. Publish one first."


class TariffInThePast(Conflict):
    """A price list takes effect where months were already charged, or replaces one. Facts: starts_on."""

    code = "tariff-in-the-past"
    title = "A new price list starts on the first day of a later month."


@dataclass(frozen=True, kw_only=True)
class PriceList:
    """A price list as somebody writes it: for each metric, from which quantity on a unit costs how many cents."""

    name: str
    starts_on: date
    yearly_cap_cents: Cents
    vat_permille: int
    bands: Mapping[Metric, Mapping[int, Cents]]


@dataclass(frozen=True, kw_only=True)
class PricedLine:
    """Quantity x unit price; `net_cents` is negative only for what the yearly cap takes off."""

    metric: str
    quantity: int
    unit_cents: Cents

    @property
    def net_cents(self) -> Cents:
        """What the line comes to without VAT."""
        return self.quantity * self.unit_cents


def read_price_list(text: str) -> PriceList:
    """Read a price list from JSON (see `example_price_list.json`); raises `InvalidInput` naming what is wrong."""
    try:
        said = json.loads(text)
        bands = {
            Metric(metric): {int(band["from"]): _whole(band["unit_cents"]) for band in bands}
            for metric, bands in said["bands"].items()
        }
        prices = PriceList(
            name=said["name"],
            starts_on=date.fromisoformat(said["starts_on"]),
            yearly_cap_cents=_whole(said["yearly_cap_cents"]),
            vat_permille=_whole(said["vat_permille"]),
            bands=bands,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidInput({"price_list": [f"{type(error).__name__}: {error}"]}) from None
    _check(prices)
    return prices


def publish_tariff(session: Session, prices: PriceList, *, by: Actor, at: datetime) -> Tariff:
    """Publish a price list (operator's session). Raises `InvalidInput`, and `TariffInThePast` unless it is the latest."""
    _check(prices)
    latest = session.scalar(select(Tariff.starts_on).order_by(Tariff.starts_on.desc()).limit(1))
    if latest is not None and prices.starts_on <= max(latest, at.date()):
        raise TariffInThePast(starts_on=prices.starts_on.isoformat())
    tariff = Tariff(
        id=uuid4(),
        name=prices.name,
        starts_on=prices.starts_on,
        yearly_cap_cents=prices.yearly_cap_cents,
        vat_permille=prices.vat_permille,
        published_at=at,
        bands=[
            TariffBand(metric=metric.value, from_quantity=from_quantity, unit_cents=unit_cents)
            for metric, bands in prices.bands.items()
            for from_quantity, unit_cents in sorted(bands.items())
        ],
    )
    session.add(tariff)
    session.flush()
    audit.record(session, "tariff.published", by=by, subject=f"tariff:{tariff.id}", at=at, name=tariff.name)
    return tariff


def tariff_on(session: Session, day: date) -> Tariff:
    """Return the price list that holds on a day, with its bands; anybody may ask. Raises `NoTariff`."""
    tariff = session.scalar(
        select(Tariff)
        .where(Tariff.starts_on <= day)
        .order_by(Tariff.starts_on.desc())
        .limit(1)
        .options(selectinload(Tariff.bands))
    )
    if tariff is None:
        raise NoTariff(day=day.isoformat())
    return tariff


def tariffs(session: Session, *, limit: int = 50) -> Sequence[Tariff]:
    """List the published price lists, newest first, with their bands."""
    query = select(Tariff).order_by(Tariff.starts_on.desc()).limit(limit).options(selectinload(Tariff.bands))
    return session.scalars(query).all()


def price(tariff: Tariff, usage: Mapping[Metric, int], *, charged_before_cents: Cents) -> list[PricedLine]:
    """Price a month's use: a line for each band that it reaches.

    `charged_before_cents` is what earlier months of the same year came to without VAT. What this month would lift
    above the yearly cap is taken off in a last line, so the sum is never negative and a year never dearer than the cap.
    """
    lines = []
    for metric in Metric:
        bands = [band for band in tariff.bands if band.metric == metric]
        for band, following in zip(bands, [*bands[1:], None], strict=True):
            reached = usage.get(metric, 0) - (band.from_quantity - 1)
            in_band = min(reached, following.from_quantity - band.from_quantity) if following else reached
            if in_band > 0:
                lines.append(PricedLine(metric=metric.value, quantity=in_band, unit_cents=band.unit_cents))
    room_cents = max(tariff.yearly_cap_cents - charged_before_cents, 0)
    above_cents = sum(line.net_cents for line in lines) - room_cents
    if above_cents > 0:
        lines.append(PricedLine(metric=YEARLY_CAP, quantity=1, unit_cents=-above_cents))
    return lines


def _check(prices: PriceList) -> None:
    errors: dict[str, list[str]] = {}
    if prices.starts_on.day != 1:
        errors["starts_on"] = ["A price list starts on the first day of a month."]
    if not 2 <= len(prices.name) <= 80:
        errors["name"] = ["Give the price list a name of 2 to 80 characters."]
    if prices.yearly_cap_cents < 0:
        errors["yearly_cap_cents"] = ["The yearly cap is an amount in cents, zero or more."]
    if not 0 <= prices.vat_permille <= 1000:
        errors["vat_permille"] = ["VAT is in thousandths: 210 for 21 %."]
    for metric, bands in prices.bands.items():
        if bands and min(bands) != 1:
            errors["bands"] = [f"The first band of {metric.value} starts at 1."]
        if any(unit_cents < 0 for unit_cents in bands.values()):
            errors["bands"] = [f"A price of {metric.value} is in cents, zero or more."]
    if errors:
        raise InvalidInput(errors)


def _whole(value: object) -> int:
    if type(value) is not int:
        raise ValueError(f"{value!r} is not a whole number")
    return value
