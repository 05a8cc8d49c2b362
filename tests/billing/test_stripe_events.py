# SPDX-License-Identifier: EUPL-1.2
"""Whatever the provider says, however often and in whatever order: one effect, after asking how things stand."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import text

from heitje.clock import now
from heitje.errors import NotAllowed
from heitje.identity.roles import Role
from tenants.billing.funding_payments import FundingNotPayable, open_payment
from tenants.billing.models import EventOutcome
from tenants.billing.refusals import PaymentsUnavailable
from tenants.billing.stripe_events import handle_event, unexpected_events
from tenants.billing.stripe_gateway import StripeGateway
from tests.billing.conftest import PeerProcess
from tests.billing.door import VISIT, rows


@pytest.fixture
def gateway(provider: PeerProcess) -> StripeGateway:
    """The gateway to the peer that knocks."""
    return StripeGateway(provider.settings)


# --- a funding ----------------------------------------------------------------------------------------------------


def test_a_paid_funding_is_minted_once_however_often_it_is_told(
    provider, door, asked, stands, handle_all, databases, gateway
):
    funding = asked()
    provider.pay(funding.pay_url, "ideal")
    door.wait_for("checkout.session.completed", funding.payment_id)
    with databases.across_tenants() as session:
        event_id = session.scalar(
            text("select id from stripe_events where object_id = :id"), {"id": funding.payment_id}
        )

    def handle(_: int) -> EventOutcome:
        with databases.across_tenants() as session:
            return handle_event(session, gateway, event_id, at=now())

    with ThreadPoolExecutor(6) as threads:
        assert set(threads.map(handle, range(12))) == {EventOutcome.DONE}

    assert stands(funding) == ("received", 1250_00)
    with databases.as_tenant(funding.funding.tenant_id) as session:
        told = session.execute(text("select member_id, facts->>'amount_cents' from messages")).all()
        assert told == [(funding.by.member_id, "125000")]
    door.knock("evt_told_again", object_id=funding.payment_id, event_type="checkout.session.completed")
    handle_all()
    assert stands(funding) == ("received", 1250_00)


def test_a_message_that_claims_too_much_changes_nothing(provider, door, asked, stands, handle_all):
    funding = asked()

    door.knock("evt_too_early", object_id=funding.payment_id, event_type="checkout.session.async_payment_succeeded")
    handle_all()

    assert stands(funding) == ("awaiting", 0)


@pytest.mark.parametrize("newest_first", [False, True])
def test_the_order_of_messages_does_not_matter(provider, door, asked, stands, handle_all, newest_first):
    funding = asked()
    provider.pay(funding.pay_url, "transfer")
    provider.pay(funding.pay_url, "arrived")
    door.wait_for("checkout.session.async_payment_succeeded", funding.payment_id)

    handle_all(newest_first=newest_first)

    assert stands(funding) == ("received", 1250_00)


def test_a_promised_transfer_is_not_minted_before_it_arrives(provider, door, asked, stands, handle_all):
    funding = asked()
    provider.pay(funding.pay_url, "transfer")
    door.wait_for("checkout.session.completed", funding.payment_id)
    handle_all()
    assert stands(funding) == ("processing", 0)

    provider.pay(funding.pay_url, "arrived")
    door.wait_for("checkout.session.async_payment_succeeded", funding.payment_id)
    handle_all()
    assert stands(funding) == ("received", 1250_00)


def test_after_a_transfer_that_never_came_it_can_be_paid_anew(
    provider, door, asked, stands, handle_all, databases, gateway
):
    funding = asked()
    provider.pay(funding.pay_url, "transfer")
    provider.pay(funding.pay_url, "never")
    door.wait_for("checkout.session.async_payment_failed", funding.payment_id)
    handle_all()
    assert stands(funding) == ("failed", 0)

    with databases.as_tenant(funding.funding.tenant_id) as session:
        again = open_payment(session, gateway, funding.funding.id, by=funding.by, visit=VISIT)
    assert again.id != funding.payment_id
    provider.pay(again.pay_url, "ideal")
    door.wait_for("checkout.session.completed", again.id)
    handle_all()
    assert stands(funding) == ("received", 1250_00)


def test_a_payment_in_the_name_of_another_tenants_funding_mints_nothing(
    provider, door, asked, stands, handle_all, databases, gateway, funding_to_pay
):
    victim = asked()
    forged = gateway.start_funding_payment(
        funding_to_pay(
            tenant_id=str(victim.funding.tenant_id), funding_id=str(victim.funding.id), amount_cents=1250_00
        ),
        after="forged",
    )
    provider.pay(forged.pay_url, "ideal")
    door.wait_for("checkout.session.completed", forged.id)

    assert "unexpected" in handle_all()

    assert stands(victim) == ("awaiting", 0)
    with databases.across_tenants() as session:
        reported = unexpected_events(session, since=now() - timedelta(hours=1))
        assert forged.id in {event.object_id for event in reported}


def test_another_amount_than_was_asked_mints_nothing_and_is_reported(
    provider, door, asked, stands, handle_all, databases, database
):
    funding = asked()
    with psycopg.connect(database.superuser_url) as connection:
        connection.execute("update fundings set amount_cents = 125001 where id = %s", [funding.funding.id])
    provider.pay(funding.pay_url, "ideal")
    door.wait_for("checkout.session.completed", funding.payment_id)

    handle_all()

    assert stands(funding) == ("awaiting", 0)
    with databases.across_tenants() as session:
        event = next(
            e for e in unexpected_events(session, since=now() - timedelta(hours=1)) if e.object_id == funding.payment_id
        )
        assert event.explanation.startswith("amount-mismatch")


def test_while_the_provider_is_away_the_event_waits(door, databases, asked, provider, stands, handle_all):
    funding = asked()
    provider.pay(funding.pay_url, "ideal")
    door.wait_for("checkout.session.completed", funding.payment_id)
    away = StripeGateway(replace(provider.settings, stripe_api_base="http://127.0.0.1:9"))
    query = text("select id from stripe_events where object_id = :id")
    with databases.across_tenants() as session:
        event_id = session.scalar(query, {"id": funding.payment_id})
    with pytest.raises(PaymentsUnavailable), databases.across_tenants() as session:
        handle_event(session, away, event_id, at=now())
    assert stands(funding) == ("awaiting", 0)

    handle_all()

    assert stands(funding) == ("received", 1250_00)


def test_messages_about_other_things_are_answered_and_forgotten(door, databases):
    assert door.knock("evt_other", object_id="cus_1", event_type="customer.created") == 200

    assert rows(databases, "select count(*) from stripe_events where id = 'evt_other'") == 0


def test_the_page_of_a_funding_stays_the_same_until_it_is_paid(provider, asked, databases, gateway):
    funding = asked()
    with databases.as_tenant(funding.funding.tenant_id) as session:
        assert open_payment(session, gateway, funding.funding.id, by=funding.by, visit=VISIT).id == funding.payment_id
    provider.pay(funding.pay_url, "ideal")

    with pytest.raises(FundingNotPayable), databases.as_tenant(funding.funding.tenant_id) as session:
        open_payment(session, gateway, funding.funding.id, by=funding.by, visit=VISIT)


def test_only_finance_pays(given, asked, databases, gateway):
    funding = asked()
    editor = given.member(funding.funding.tenant_id, Role.EDITOR)

    with pytest.raises(NotAllowed), databases.as_tenant(funding.funding.tenant_id) as session:
        open_payment(session, gateway, funding.funding.id, by=editor, visit=VISIT)
