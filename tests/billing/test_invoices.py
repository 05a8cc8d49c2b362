# SPDX-License-Identifier: EUPL-1.2
"""A tenant is charged once a month, by numbers without a gap and lines that never change."""

from dataclasses import replace
from datetime import UTC, date, datetime

import psycopg
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from heitje.errors import NotFound
from tenants.billing.invoices import gaps, invoice_with_lines, invoices, issue_invoice, tenants_to_bill
from tenants.billing.metering import MonthNotOver
from tenants.billing.models import Invoice, Metric
from tenants.billing.tariff import EXAMPLE, PriceList, publish_tariff, read_price_list
from tests.billing.racing import AT, OCTOBER, issue
from tests.fixtures.given import SYSTEM
from tests.ledger.racing import race

IN_OCTOBER = datetime(2026, 10, 20, 10, 0, tzinfo=UTC)


@pytest.fixture(scope="module", autouse=True)
def prices(databases) -> PriceList:
    """One Heitje a citizen for the first two, half for the others; never more than four a year."""
    example = read_price_list(EXAMPLE.read_text("utf-8"))
    bands = {Metric.ACTIVE_CITIZENS: {1: 1_00, 3: 50}, Metric.ACTIVE_SHOPS: {1: 0}}
    prices = replace(example, bands=bands, yearly_cap_cents=4_00)
    with databases.across_tenants() as session:
        publish_tariff(session, prices, by=SYSTEM, at=AT)
    return prices


@pytest.fixture
def charged(given):
    """Make a tenant that so many people were active for, in a month."""

    def make(*, active: int = 1, at: datetime = IN_OCTOBER, tenant=None):
        tenant = tenant or given.tenant()
        then = replace(given, at=at)
        chore = then.chore(tenant, slots_count=max(active, 1))
        for _ in range(active):
            then.claim(given.citizen(), chore)
        return tenant

    return make


def issued(databases, tenant, month=OCTOBER, at=AT) -> Invoice | None:
    with databases.across_tenants() as session:
        return issue_invoice(session, tenant_id=tenant.id, month=month, at=at)


def test_an_invoice_shows_metric_times_unit_and_adds_up(databases, charged):
    invoice = issued(databases, charged(active=3))

    assert [(line.metric, line.quantity, line.unit_cents, line.net_cents) for line in invoice.lines] == [
        ("active_citizens", 2, 1_00, 2_00),
        ("active_citizens", 1, 50, 50),
    ]
    assert (invoice.net_cents, invoice.vat_cents, invoice.total_cents) == (2_50, 53, 3_03)
    assert sum(line.vat_cents for line in invoice.lines) == invoice.vat_cents
    assert (invoice.issued_on, invoice.due_on) == (date(2026, 11, 1), date(2026, 12, 1))
    assert invoice.code == f"H2026-{invoice.number:06d}"


def test_a_month_is_charged_once(databases, charged):
    tenant = charged()

    first = issued(databases, tenant)

    assert issued(databases, tenant).id == first.id
    assert issued(databases, tenant, month=date(2026, 10, 31)).id == first.id


def test_a_month_that_runs_is_not_charged(databases, charged):
    with pytest.raises(MonthNotOver):
        issued(databases, charged(), at=IN_OCTOBER)


def test_nothing_used_is_nothing_charged(databases, given):
    assert issued(databases, given.tenant()) is None


def test_a_year_is_never_dearer_than_the_cap(databases, charged):
    tenant = charged(active=3)
    charged(active=6, at=datetime(2026, 11, 5, 10, 0, tzinfo=UTC), tenant=tenant)
    october = issued(databases, tenant)

    november = issued(databases, tenant, month=date(2026, 11, 1), at=datetime(2026, 12, 1, 6, 0, tzinfo=UTC))

    assert october.net_cents + november.net_cents == 4_00
    cap = november.lines[-1]
    assert (cap.metric, cap.net_cents) == ("yearly_cap", -2_50)
    assert sum(line.vat_cents for line in november.lines) == november.vat_cents == 32


def test_numbers_have_no_gap_when_processes_race_and_half_roll_back(database, databases, charged):
    tenants = [charged() for _ in range(12)]
    jobs = [(tenant.id, goes_through) for tenant in tenants for goes_through in (False, True, True)]

    endings = race(database, issue, jobs)

    assert endings["changed-its-mind"] + endings["done"] == len(jobs)
    with databases.across_tenants() as session:
        assert gaps(session) == []
        numbers = sorted(session.scalars(select(Invoice.number).where(Invoice.year == 2026)))
        assert numbers == list(range(1, len(numbers) + 1))
        charged_tenants = [invoice.tenant_id for invoice in invoices(session, limit=1000) if invoice.month == OCTOBER]
        assert {tenant.id for tenant in tenants} <= set(charged_tenants)
        assert len(charged_tenants) == len(set(charged_tenants))


def test_a_missing_number_is_found(database, databases, charged):
    issued(databases, charged())
    with psycopg.connect(database.superuser_url, autocommit=True) as connection:
        connection.execute("update invoice_series set last_number = last_number + 1")
        with databases.across_tenants() as session:
            assert [(series, year) for series, year, _ in gaps(session)] == [("H", 2026)]
        connection.execute("update invoice_series set last_number = last_number - 1")


@pytest.mark.parametrize(
    "statement",
    [
        "update invoices set total_cents = 1, net_cents = 1, vat_cents = 0",
        "update invoices set number = 99",
        "delete from invoices",
        "update invoice_lines set quantity = 0",
        "delete from invoice_lines",
        "delete from usage_meters",
    ],
)
def test_what_was_charged_is_never_changed(databases, charged, statement):
    tenant = charged()
    issued(databases, tenant)
    for scope in (databases.across_tenants, lambda: databases.as_tenant(tenant.id)):
        with pytest.raises(DBAPIError, match=r"permission denied|never changed"), scope() as session:
            session.execute(text(statement))


def test_the_owner_of_the_tables_cannot_change_lines_either(database, databases, charged):
    issued(databases, charged())
    with (
        psycopg.connect(database.superuser_url) as connection,
        pytest.raises(psycopg.errors.Error, match="never changed"),
    ):
        connection.execute("update invoice_lines set vat_cents = 0")


def test_a_tenant_reads_its_own_invoices_and_no_others(databases, charged):
    tenant, neighbour = charged(), charged()
    own, other = issued(databases, tenant), issued(databases, neighbour)

    with databases.as_tenant(tenant.id) as session:
        assert [invoice.id for invoice in invoices(session)] == [own.id]
        assert invoice_with_lines(session, own.id).lines
        with pytest.raises(NotFound):
            invoice_with_lines(session, other.id)


def test_a_citizen_and_a_visitor_read_no_invoices(databases, given, charged):
    issued(databases, charged())
    for scope in (databases.as_citizen(given.citizen().id), databases.as_visitor()):
        with scope as session:
            assert session.scalar(text("select count(*) from invoices")) == 0
            assert session.scalar(text("select count(*) from invoice_lines")) == 0


def test_only_who_was_let_in_pays(databases, given):
    live, sandbox = given.tenant(), given.tenant(state="sandbox")

    with databases.across_tenants() as session:
        to_bill = tenants_to_bill(session)

    assert live.id in to_bill
    assert sandbox.id not in to_bill
