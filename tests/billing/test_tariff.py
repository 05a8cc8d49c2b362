# SPDX-License-Identifier: EUPL-1.2
"""Prices are data: public, banded, capped a year, never changed."""

import itertools
import json
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from heitje.audit import Actor
from heitje.errors import InvalidInput
from tenants.billing.models import Metric, Tariff, TariffBand
from tenants.billing.tariff import (
    EXAMPLE,
    NoTariff,
    PriceList,
    TariffInThePast,
    price,
    publish_tariff,
    read_price_list,
    tariff_on,
    tariffs,
)

OPERATOR = Actor(kind="operator", id="of-the-tests")
AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
CITIZENS, SHOPS = Metric.ACTIVE_CITIZENS, Metric.ACTIVE_SHOPS


@pytest.fixture
def prices() -> PriceList:
    return PriceList(
        name="Tarief van de proef",
        starts_on=date(2026, 1, 1),
        yearly_cap_cents=1_000_00,
        vat_permille=210,
        bands={CITIZENS: {1: 100, 11: 50, 101: 10}, SHOPS: {1: 0}},
    )


def tariff_of(prices: PriceList) -> Tariff:
    bands = [
        TariffBand(metric=metric.value, from_quantity=first, unit_cents=cents)
        for metric, bands in prices.bands.items()
        for first, cents in bands.items()
    ]
    return Tariff(yearly_cap_cents=prices.yearly_cap_cents, vat_permille=prices.vat_permille, bands=bands)


@pytest.mark.parametrize(
    ("active", "lines"),
    [
        (0, []),
        (1, [(1, 100)]),
        (10, [(10, 100)]),
        (11, [(10, 100), (1, 50)]),
        (100, [(10, 100), (90, 50)]),
        (250, [(10, 100), (90, 50), (150, 10)]),
    ],
)
def test_each_band_has_a_line_of_metric_times_unit(prices, active, lines):
    priced = price(tariff_of(prices), {CITIZENS: active}, charged_before_cents=0)

    assert [(line.quantity, line.unit_cents) for line in priced] == lines


def test_one_more_user_never_makes_a_month_cheaper_nor_dearer_than_the_first_price(prices):
    tariff = tariff_of(prices)
    totals = [
        sum(line.net_cents for line in price(tariff, {CITIZENS: active}, charged_before_cents=0))
        for active in range(400)
    ]

    steps = [later - earlier for earlier, later in itertools.pairwise(totals)]

    assert set(steps) == {100, 50, 10}


def test_shops_are_shown_and_cost_nothing(prices):
    priced = price(tariff_of(prices), {CITIZENS: 1, SHOPS: 20}, charged_before_cents=0)

    assert [(line.metric, line.quantity, line.net_cents) for line in priced] == [
        ("active_citizens", 1, 100),
        ("active_shops", 20, 0),
    ]


@pytest.mark.parametrize(("before_cents", "month_cents"), [(0, 20_00), (985_00, 15_00), (1_000_00, 0), (2_000_00, 0)])
def test_a_year_is_never_dearer_than_the_cap(prices, before_cents, month_cents):
    priced = price(tariff_of(prices), {CITIZENS: 30}, charged_before_cents=before_cents)

    assert sum(line.net_cents for line in priced) == month_cents


@pytest.fixture(scope="module")
def published(databases) -> None:
    with databases.across_tenants() as session:
        publish_tariff(session, read_price_list(EXAMPLE.read_text("utf-8")), by=OPERATOR, at=AT)


def test_the_example_can_be_read_and_everybody_may_see_it(databases, published):
    with databases.as_visitor() as session:
        tariff = tariff_on(session, date(2026, 11, 1))
        assert (tariff.name, tariff.yearly_cap_cents) == ("Tarief 2026", 24_000_00)
        assert next((band.metric, band.from_quantity, band.unit_cents) for band in tariff.bands) == (
            "active_citizens",
            1,
            95,
        )
        assert "Tarief 2026" in [tariff.name for tariff in tariffs(session)]
        with pytest.raises(NoTariff):
            tariff_on(session, date(2025, 12, 31))


def test_a_new_list_starts_later_and_the_old_one_holds_until_then(databases, prices, published):
    with databases.across_tenants() as session:
        for starts_on in (date(2026, 1, 1), date(2026, 11, 1)):
            with pytest.raises(TariffInThePast):
                publish_tariff(session, replace(prices, starts_on=starts_on), by=OPERATOR, at=AT)
        publish_tariff(session, replace(prices, starts_on=date(2027, 1, 1)), by=OPERATOR, at=AT)

    with databases.as_visitor() as session:
        assert tariff_on(session, date(2026, 12, 31)).name == "Tarief 2026"
        assert tariff_on(session, date(2027, 1, 1)).name == "Tarief van de proef"


@pytest.mark.parametrize(
    "statement",
    [
        "update tariffs set yearly_cap_cents = 1",
        "delete from tariff_bands",
        "insert into tariffs (starts_on, name, yearly_cap_cents, vat_permille) values ('2029-01-01', 'Gratis', 0, 0)",
    ],
)
def test_the_application_cannot_change_prices(databases, statement):
    with pytest.raises(DBAPIError), databases.as_visitor() as session:
        session.execute(text(statement))


def test_not_even_the_owner_of_the_tables_changes_a_published_price(database):
    import psycopg

    with (
        psycopg.connect(database.superuser_url) as connection,
        pytest.raises(psycopg.errors.Error, match="never changed"),
    ):
        connection.execute("update tariff_bands set unit_cents = 0")


def change(**changes: Any) -> str:
    return json.dumps(json.loads(EXAMPLE.read_text("utf-8")) | changes)


@pytest.mark.parametrize(
    "wrong",
    [
        "", "[]", "{}", change(starts_on="2026-01-02"), change(starts_on="soon"), change(yearly_cap_cents=-1),
        change(yearly_cap_cents=1.5), change(vat_permille=1001), change(vat_permille="210"), change(name=""),
        change(bands={"active_users": []}), change(bands={"active_citizens": [{"from": 2, "unit_cents": 1}]}),
        change(bands={"active_citizens": [{"from": 1, "unit_cents": -1}]}),
        change(bands={"active_citizens": [{"from": 1, "unit_cents": True}]}),
    ],
)  # fmt: skip
def test_a_price_list_that_cannot_be_is_refused(wrong):
    with pytest.raises(InvalidInput):
        read_price_list(wrong)
