# SPDX-License-Identifier: EUPL-1.2
"""Whatever the provider says, however often and in whatever order: one effect, after asking how things stand."""

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
import requests
from flask import Flask, request
from sqlalchemy import text
from werkzeug.serving import make_server

from heitje.clock import now
from heitje.config import Settings
from heitje.db.request import init_db
from heitje.errors import NotAllowed
from heitje.i18n.language import init_language
from heitje.identity.roles import Role
from heitje.purses.funding import ask_funding
from heitje.purses.models import Funding
from heitje.web.problems import init_problems
from tenants.billing.funding_payments import FundingNotPayable, Visit, open_payment
from tenants.billing.jobs import look_again
from tenants.billing.models import EventOutcome, StripeEvent
from tenants.billing.refusals import PaymentsUnavailable
from tenants.billing.stripe_events import handle_event, unexpected_events
from tenants.billing.stripe_gateway import StripeGateway
from tenants.billing.webhook import stripe_webhook
from tests.billing.conftest import API_KEY, SECRET, PeerProcess, sign, start_peer

VISIT = Visit(success_url="http://127.0.0.1:8000/done", cancel_url="http://127.0.0.1:8000/back")


@dataclass
class Door:
    """The platform's webhook on a real server; `came` holds type and object id of each message."""

    url: str
    came: "queue.Queue[tuple[str, str]]"

    def wait_for(self, event_type: str, object_id: str) -> None:
        while self.came.get(timeout=20) != (event_type, object_id):
            pass

    def knock(self, event_id: str, *, object_id: str = "in_1", event_type: str = "invoice.paid", **signing) -> int:
        event = {"id": event_id, "object": "event", "type": event_type, "data": {"object": {"id": object_id}}}
        payload = json.dumps(event).encode()
        headers = {"Stripe-Signature": sign(payload, **signing), "Accept": "application/json"}
        return requests.post(self.url, data=payload, headers=headers, timeout=20).status_code


@pytest.fixture(scope="module")
def door(database) -> Iterator[Door]:
    settings = Settings(database_url=database.app_url, stripe_api_key=API_KEY, stripe_webhook_secrets=SECRET)
    app = Flask("door")
    init_db(app, settings)
    init_language(app)
    init_problems(app)
    app.register_blueprint(stripe_webhook(settings))
    came: queue.Queue[tuple[str, str]] = queue.Queue()

    @app.teardown_request
    def tell(_: BaseException | None) -> None:
        if (request.content_length or 0) < 100_000:
            said = request.get_json(silent=True, force=True)
            came.put((said["type"], said["data"]["object"]["id"]))

    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield Door(url=f"http://127.0.0.1:{server.port}/webhooks/stripe", came=came)
    server.shutdown()
    thread.join()
    server.server_close()
    app.extensions["databases"].dispose()


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory, door: Door) -> Iterator[PeerProcess]:
    peer = start_peer(tmp_path_factory.mktemp("provider"), webhook_url=door.url)
    yield peer
    peer.child.stop()


@pytest.fixture
def gateway(provider: PeerProcess) -> StripeGateway:
    return StripeGateway(provider.settings)


@dataclass
class Asked:
    """A funding with its payment page."""

    funding: Funding
    payment_id: str
    pay_url: str
    by: object


@pytest.fixture
def asked(given, databases, gateway) -> Callable[..., Asked]:
    def make(amount_cents: int = 1250_00, tenant=None) -> Asked:
        tenant = tenant or given.tenant()
        line = given.funded_line(tenant, amount_cents=1_00)
        with databases.as_tenant(tenant.id) as session:
            funding = ask_funding(session, line.id, amount_cents=amount_cents, by=tenant.owner, at=now())
            payment = open_payment(session, gateway, funding.id, by=tenant.owner, visit=VISIT)
        return Asked(funding, payment.id, payment.pay_url, tenant.owner)

    return make


@pytest.fixture
def stands(databases) -> Callable[[Asked], tuple[str, int]]:
    """Say how a funding stands: its state, and the cents its line has beyond the one euro it began with."""

    def read(asked: Asked) -> tuple[str, int]:
        with databases.across_tenants() as session:
            state, balance_cents = session.execute(
                text(
                    "select f.state, a.balance_cents from fundings f"
                    " join budget_lines l on l.tenant_id = f.tenant_id and l.id = f.budget_line_id"
                    " join ledger_accounts a on a.id = l.budget_account_id where f.id = :id"
                ),
                {"id": asked.funding.id},
            ).one()
        return state, balance_cents - 1_00

    return read


@pytest.fixture
def handle_all(databases, gateway) -> Callable[..., list[str]]:
    """Do what the jobs do, for every event that waits; newest first on request. Returns the outcomes."""

    def run(*, newest_first: bool = False) -> list[str]:
        with databases.across_tenants() as session:
            query = "select id from stripe_events where handled_at is null order by received_at, id"
            waiting = list(session.scalars(text(query)))
        outcomes = []
        for event_id in reversed(waiting) if newest_first else waiting:
            with databases.across_tenants() as session:
                outcomes.append(handle_event(session, gateway, event_id, at=now()).value)
        return outcomes

    return run


def rows(databases, query: str, **values) -> int:
    with databases.across_tenants() as session:
        return session.scalar(text(query), values)


# --- at the door --------------------------------------------------------------------------------------------------


def test_twenty_deliveries_at_once_are_stored_once_and_all_answered(door, databases):
    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(lambda _: door.knock("evt_twenty", object_id="in_nothing"), range(20)))

    assert answers == [200] * 20
    assert rows(databases, "select count(*) from stripe_events where id = 'evt_twenty'") == 1
    assert rows(databases, "select count(*) from job_outbox where arguments->>'event_id' = 'evt_twenty'") == 1


@pytest.mark.parametrize("signing", [{"secret": "whsec_other"}, {"at_s": int(time.time()) - 330}])
def test_what_is_not_signed_now_is_refused_and_leaves_nothing(door, databases, signing):
    assert door.knock("evt_untrusted", **signing) == 400

    assert rows(databases, "select count(*) from stripe_events where id = 'evt_untrusted'") == 0


def test_a_message_that_is_too_large_is_refused(door):
    answer = requests.post(door.url, data=b"x" * 1_000_001, headers={"Accept": "application/json"}, timeout=20)

    assert answer.status_code == 413


def test_the_application_can_store_an_event_but_not_read_or_change_one(door, databases):
    door.knock("evt_kept", object_id="in_nothing")
    for statement in (
        "select count(*) from stripe_events",
        "update stripe_events set outcome = 'done'",
        "delete from stripe_events",
    ):
        with pytest.raises(Exception, match="permission denied"), databases.as_visitor() as session:
            session.execute(text(statement))


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


def test_messages_about_other_things_are_ignored(door, databases, handle_all):
    door.knock("evt_other", object_id="cus_1", event_type="customer.created")
    handle_all()

    with databases.across_tenants() as session:
        assert session.get(StripeEvent, "evt_other").outcome == EventOutcome.IGNORED


def test_the_page_of_a_funding_stays_the_same_until_it_is_paid(provider, asked, databases, gateway):
    funding = asked()
    with databases.as_tenant(funding.funding.tenant_id) as session:
        assert open_payment(session, gateway, funding.funding.id, by=funding.by, visit=VISIT).id == funding.payment_id
    provider.pay(funding.pay_url, "ideal")

    with databases.as_tenant(funding.funding.tenant_id) as session, pytest.raises(FundingNotPayable):
        open_payment(session, gateway, funding.funding.id, by=funding.by, visit=VISIT)


def test_only_finance_pays(given, asked, databases, gateway):
    funding = asked()
    editor = given.member(funding.funding.tenant_id, Role.EDITOR)

    with databases.as_tenant(funding.funding.tenant_id) as session, pytest.raises(NotAllowed):
        open_payment(session, gateway, funding.funding.id, by=editor, visit=VISIT)


# --- the jobs -----------------------------------------------------------------------------------------------------


def test_a_worker_acts_on_the_event_with_what_its_environment_says(provider, door, asked, stands, databases, database):
    funding = asked()
    provider.pay(funding.pay_url, "ideal")
    door.wait_for("checkout.session.completed", funding.payment_id)
    query = (
        "select j.id::text from job_outbox j join stripe_events e on e.id = j.arguments->>'event_id'"
        " where e.object_id = :id"
    )
    job_id = rows(databases, query, id=funding.payment_id)
    environment = os.environ | {
        "DATABASE_URL": database.app_url,
        "OPERATOR_DATABASE_URL": database.operator_url,
        "STRIPE_API_KEY": API_KEY,
        "STRIPE_API_BASE": provider.url,
    }
    code = f"from heitje_server.features import load_features\nload_features()\nfrom heitje.jobs.run import run_outbox\nrun_outbox('{job_id}')"

    subprocess.run([sys.executable, "-c", code], env=environment, check=True, timeout=60)

    assert stands(funding) == ("received", 1250_00)
    assert rows(databases, "select done_at is not null from job_outbox where id = cast(:id as uuid)", id=job_id)


def test_what_got_stuck_is_tried_again(door, databases, database):
    door.knock("evt_stuck", object_id="in_nothing")
    with psycopg.connect(database.superuser_url) as connection:
        connection.execute("update stripe_events set received_at = now() - interval '3 hours' where id = 'evt_stuck'")

    for _ in range(2):
        with databases.across_tenants() as session:
            look_again(session)

    assert rows(databases, "select count(*) from job_outbox where arguments->>'event_id' = 'evt_stuck'") in {2, 3}


def test_a_funding_of_which_no_message_came_is_asked_about(provider, asked, databases, database):
    funding = asked()
    with psycopg.connect(database.superuser_url) as connection:
        connection.execute(
            "update fundings set created_at = now() - interval '2 hours' where id = %s", [funding.funding.id]
        )

    with databases.across_tenants() as session:
        look_again(session)

    assert (
        rows(databases, "select count(*) from job_outbox where arguments->>'payment_id' = :id", id=funding.payment_id)
        == 1
    )


def test_the_log_of_the_peer_tells_no_secrets(provider):
    log = Path(provider.child.log).read_text()

    assert API_KEY not in log
    assert SECRET not in log
