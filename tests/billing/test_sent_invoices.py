# SPDX-License-Identifier: EUPL-1.2
"""From a month's use to a paid invoice, at the provider and in our books."""

from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest
import requests
from sqlalchemy import text

from heitje.clock import local_day, now
from heitje.identity.roles import Role
from heitje.jobs.registry import find_job
from tenants.billing import jobs
from tenants.billing.invoices import invoice_with_lines, issue_invoice
from tenants.billing.models import InvoiceState, Metric
from tenants.billing.outlook import outlook
from tenants.billing.payments import SentInvoiceState
from tenants.billing.sending import InvoiceNotSent, note_transfer, send_invoice
from tenants.billing.stripe_events import follow_invoice
from tenants.billing.stripe_gateway import StripeGateway
from tenants.billing.tariff import EXAMPLE, publish_tariff, read_price_list
from tests.fixtures.given import SYSTEM

THIS_MONTH = local_day(now()).replace(day=1)
LAST_MONTH = (THIS_MONTH - timedelta(days=1)).replace(day=1)


@pytest.fixture(scope="module", autouse=True)
def prices(databases) -> None:
    with databases.across_tenants() as session:
        prices = replace(read_price_list(EXAMPLE.read_text("utf-8")), starts_on=LAST_MONTH)
        publish_tariff(session, prices, by=SYSTEM, at=now())


@pytest.fixture
def issued(given, databases):
    """An issued invoice for last month, of three active people."""

    def make(tenant=None):
        tenant = tenant or given.tenant("Gemeente Heerlen")
        then = replace(given, at=now().replace(day=1) - timedelta(days=5))
        chore = then.chore(tenant, slots_count=3)
        for _ in range(3):
            then.claim(given.citizen(), chore)
        with databases.across_tenants() as session:
            invoice = issue_invoice(session, tenant_id=tenant.id, month=LAST_MONTH, at=now())
        assert invoice is not None
        return invoice

    return make


def sent(databases, gateway: StripeGateway, invoice):
    with databases.across_tenants() as session:
        return send_invoice(session, gateway, tenant_id=invoice.tenant_id, invoice_id=invoice.id, at=now())


def seen_by_tenant(databases, invoice):
    with databases.as_tenant(invoice.tenant_id) as session:
        return invoice_with_lines(session, invoice.id)


def test_a_sent_invoice_says_to_the_tenant_where_to_pay(databases, gateway, issued):
    invoice = sent(databases, gateway, issued())

    seen = seen_by_tenant(databases, invoice)
    assert (seen.state, seen.total_cents) == (InvoiceState.SENT, 3_45)
    page = requests.get(seen.pay_url, timeout=10).text
    assert invoice.code in page
    assert "3 × €\u00a00,95" in page
    assert "€\u00a03,45" in page


def test_sending_twice_sends_once(databases, gateway, issued):
    invoice = issued()

    first = sent(databases, gateway, invoice)

    assert sent(databases, gateway, invoice).provider_id == first.provider_id


def test_an_invoice_is_sent_once_although_its_note_was_lost(databases, database, gateway, issued):
    first = sent(databases, gateway, issued())
    with psycopg.connect(database.superuser_url) as connection:
        connection.execute(
            "update invoices set state = 'issued', provider_id = null, pay_url = '' where id = %s", [first.id]
        )

    assert sent(databases, gateway, first).provider_id == first.provider_id


def test_a_tenant_is_one_customer_for_all_its_invoices(databases, gateway, issued):
    invoice = issued()
    sent(databases, gateway, invoice)

    with databases.as_tenant(invoice.tenant_id) as session:
        customer = session.scalar(text("select stripe_customer_id from tenant_details"))

    assert customer.startswith("cus_")


def test_an_invoice_paid_on_its_page_is_paid_in_our_books(databases, gateway, issued, quiet_peer):
    invoice = sent(databases, gateway, issued())

    quiet_peer.pay(invoice.pay_url, "decline")
    with databases.across_tenants() as session:
        follow_invoice(session, gateway, invoice.provider_id, at=now())
    assert seen_by_tenant(databases, invoice).state == InvoiceState.SENT

    quiet_peer.pay(invoice.pay_url, "pay")
    for _ in range(2):
        with databases.across_tenants() as session:
            follow_invoice(session, gateway, invoice.provider_id, at=now())
    seen = seen_by_tenant(databases, invoice)
    assert seen.state == InvoiceState.PAID
    assert seen.paid_at is not None
    with databases.across_tenants() as session:
        query = "select count(*) from audit_events where action = 'invoice.paid' and subject = :subject"
        assert session.scalar(text(query), {"subject": f"invoice:{invoice.id}"}) == 1


def test_a_transfer_seen_on_the_bank_statement_pays_it_too(databases, gateway, issued):
    invoice = sent(databases, gateway, issued())
    assert invoice.provider_id is not None

    def note() -> None:
        with databases.across_tenants() as session:
            note_transfer(session, gateway, tenant_id=invoice.tenant_id, invoice_id=invoice.id, by=SYSTEM, at=now())

    note()
    assert seen_by_tenant(databases, invoice).state == InvoiceState.PAID
    assert gateway.fetch_invoice(invoice.provider_id).state == SentInvoiceState.PAID
    with pytest.raises(InvoiceNotSent):
        note()


def test_finance_is_told_once_that_an_invoice_waits(databases, given, gateway, issued):
    invoice = issued()
    given.member(invoice.tenant_id, Role.EDITOR)
    for _ in range(2):
        sent(databases, gateway, invoice)
    with databases.across_tenants() as session:
        query = "select count(*) from job_outbox where job = 'billing.tell_invoice' and arguments->>'invoice_id' = :id"
        assert session.scalar(text(query), {"id": str(invoice.id)}) == 1

    with databases.as_tenant(invoice.tenant_id) as session:
        find_job("billing.tell_invoice").function(session, invoice_id=invoice.id)

    with databases.as_tenant(invoice.tenant_id) as session:
        told = session.execute(text("select facts->>'number' from messages where kind = 'invoice-sent'")).all()
        assert told == [(invoice.code,)]


def test_a_tenant_sees_what_the_running_month_costs_before_the_invoice_comes(databases, given, issued):
    tenant = given.tenant()
    issued(tenant)
    chore = given.chore(tenant, slots_count=2)
    for _ in range(2):
        given.claim(given.citizen(), chore)

    with databases.as_tenant(tenant.id) as session:
        so_far = outlook(session, tenant_id=tenant.id, at=now())

    assert so_far.usage[Metric.ACTIVE_CITIZENS] == 2
    assert so_far.net_cents == 2 * 95
    assert so_far.charged_before_cents == (3 * 95 if LAST_MONTH.year == THIS_MONTH.year else 0)
    assert so_far.room_cents == 24_000_00 - so_far.charged_before_cents


def test_the_monthly_run_charges_each_tenant_in_a_job_of_its_own_and_nobody_twice(databases, given):
    tenants = [given.tenant(), given.tenant(state="sandbox")]

    for _ in range(2):
        with databases.across_tenants() as session:
            jobs.bill_month(session)

    with databases.across_tenants() as session:
        query = "select count(*) from job_outbox where job = 'billing.issue_invoice' and arguments->>'tenant_id' = :id"
        assert [session.scalar(text(query), {"id": str(tenant.id)}) for tenant in tenants] == [1, 0]


def test_an_issued_invoice_has_itself_sent(databases, given, issued):
    invoice = issued()

    with databases.across_tenants() as session:
        find_job("billing.issue_invoice").function(session, tenant_id=invoice.tenant_id, month=LAST_MONTH)

    with databases.across_tenants() as session:
        query = "select arguments->>'invoice_id' from job_outbox where job = 'billing.send_invoice' and arguments->>'tenant_id' = :id"
        assert session.scalar(text(query), {"id": str(invoice.tenant_id)}) == str(invoice.id)
