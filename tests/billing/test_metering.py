# SPDX-License-Identifier: EUPL-1.2
"""Use is counted once, in the same way for whoever asks, and only for whom it concerns."""

from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from tenants.billing.metering import MonthNotOver, close_month, measure, metered, meters
from tenants.billing.models import Metric

OCTOBER = date(2026, 10, 1)
IN_OCTOBER = datetime(2026, 10, 20, 10, 0, tzinfo=UTC)
LAST_OF_OCTOBER = datetime(2026, 10, 31, 22, 59, tzinfo=UTC)
FIRST_OF_NOVEMBER = datetime(2026, 10, 31, 23, 0, tzinfo=UTC)
"""Midnight on Dutch clocks."""


@pytest.fixture
def used(given, databases):
    """Let somebody claim a chore of the tenant at a moment."""

    def claim(tenant, citizen, at: datetime) -> None:
        then = replace(given, at=at)
        then.claim(citizen, then.chore(tenant))

    return claim


def paid_in(database, shop, citizen, at: datetime) -> None:
    with psycopg.connect(database.superuser_url) as connection:
        connection.execute(
            "insert into payments (shop_id, scheme_id, amount_cents, code, nonce, shop_name, shop_account_id, created_at,"
            " expires_at, completed_at, state, citizen_id)"
            " select id, scheme_id, 500, '123456', %s, name, account_id, %s, %s, %s, 'completed', %s from shops where id = %s",
            [uuid4().hex, at, at, at, citizen.id, shop.id],
        )


def test_a_person_counts_once_however_much_they_do(given, databases, used):
    tenant, one, other = given.tenant(), given.citizen(), given.citizen()
    for citizen in (one, one, other):
        used(tenant, citizen, IN_OCTOBER)

    with databases.across_tenants() as session:
        assert measure(session, tenant_id=tenant.id, month=date(2026, 10, 31))[Metric.ACTIVE_CITIZENS] == 2


def test_tenant_and_operator_get_the_same_figures(given, databases, used):
    tenant = given.tenant()
    used(tenant, given.citizen(), IN_OCTOBER)

    with databases.as_tenant(tenant.id) as session:
        seen_by_tenant = measure(session, tenant_id=tenant.id, month=OCTOBER)
    with databases.across_tenants() as session:
        seen_by_operator = measure(session, tenant_id=tenant.id, month=OCTOBER)

    assert seen_by_tenant == seen_by_operator
    assert seen_by_tenant[Metric.ACTIVE_CITIZENS] == 1


def test_a_month_ends_at_midnight_on_dutch_clocks(given, databases, used):
    tenant = given.tenant()
    used(tenant, given.citizen(), LAST_OF_OCTOBER)
    used(tenant, given.citizen(), FIRST_OF_NOVEMBER)
    used(tenant, given.citizen(), FIRST_OF_NOVEMBER)

    with databases.as_tenant(tenant.id) as session:
        assert measure(session, tenant_id=tenant.id, month=OCTOBER)[Metric.ACTIVE_CITIZENS] == 1
        assert measure(session, tenant_id=tenant.id, month=date(2026, 11, 1))[Metric.ACTIVE_CITIZENS] == 2


def test_who_is_active_elsewhere_does_not_count_here(given, databases, used):
    tenant, neighbour = given.tenant(), given.tenant()
    used(neighbour, given.citizen(), IN_OCTOBER)

    with databases.as_tenant(tenant.id) as session:
        assert measure(session, tenant_id=tenant.id, month=OCTOBER)[Metric.ACTIVE_CITIZENS] == 0


def test_nobody_else_may_ask(given, databases):
    tenant, neighbour, citizen = given.tenant(), given.tenant(), given.citizen()
    scopes = (databases.as_tenant(neighbour.id), databases.as_citizen(citizen.id), databases.as_visitor())
    for scope in scopes:
        with pytest.raises(DBAPIError, match="not your usage"), scope as session:
            measure(session, tenant_id=tenant.id, month=OCTOBER)


def test_a_month_is_closed_once_and_what_happens_later_does_not_change_it(given, databases, used):
    tenant = given.tenant()
    used(tenant, given.citizen(), IN_OCTOBER)
    with databases.across_tenants() as session:
        assert (
            close_month(session, tenant_id=tenant.id, month=OCTOBER, at=FIRST_OF_NOVEMBER)[Metric.ACTIVE_CITIZENS] == 1
        )
    used(tenant, given.citizen(), IN_OCTOBER)

    with databases.across_tenants() as session:
        assert (
            close_month(session, tenant_id=tenant.id, month=OCTOBER, at=FIRST_OF_NOVEMBER)[Metric.ACTIVE_CITIZENS] == 1
        )
    with databases.as_tenant(tenant.id) as session:
        assert metered(session, tenant_id=tenant.id, month=OCTOBER) == {
            Metric.ACTIVE_CITIZENS: 1,
            Metric.ACTIVE_SHOPS: 0,
        }
        assert next((row.month, row.quantity) for row in meters(session, tenant_id=tenant.id)) == (OCTOBER, 1)


def test_a_month_that_runs_cannot_be_closed(given, databases):
    tenant = given.tenant()
    with pytest.raises(MonthNotOver), databases.across_tenants() as session:
        close_month(session, tenant_id=tenant.id, month=OCTOBER, at=LAST_OF_OCTOBER)


def test_a_tenant_cannot_write_its_own_meter(given, databases):
    tenant = given.tenant()
    with pytest.raises(DBAPIError), databases.as_tenant(tenant.id) as session:
        session.execute(
            text("insert into usage_meters values (:tenant, '2026-10-01', 'active_citizens', 0, now())"),
            {"tenant": tenant.id},
        )


def test_a_tenant_sees_only_its_own_closed_months(given, databases):
    tenant, neighbour = given.tenant(), given.tenant()
    with databases.across_tenants() as session:
        close_month(session, tenant_id=tenant.id, month=OCTOBER, at=FIRST_OF_NOVEMBER)

    with databases.as_tenant(tenant.id) as session:
        assert session.scalar(text("select count(*) from usage_meters")) == 2
    with databases.as_tenant(neighbour.id) as session:
        assert session.scalar(text("select count(*) from usage_meters")) == 0


def test_a_shop_counts_in_a_month_in_which_somebody_paid_there(given, databases, database):
    tenant, citizen, busy, quiet = given.tenant(), given.citizen(), given.shop("Bakker"), given.shop("Kapper")
    for at in (IN_OCTOBER, LAST_OF_OCTOBER):
        paid_in(database, busy, citizen, at)
    paid_in(database, quiet, citizen, FIRST_OF_NOVEMBER)

    with databases.as_tenant(tenant.id) as session:
        assert measure(session, tenant_id=tenant.id, month=OCTOBER)[Metric.ACTIVE_SHOPS] == 1
