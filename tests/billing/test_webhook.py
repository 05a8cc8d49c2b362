# SPDX-License-Identifier: EUPL-1.2
"""At the door: what is signed is stored once; jobs do the rest, and look after what got stuck."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
import requests
from sqlalchemy import text

from tenants.billing.jobs import look_again
from tenants.billing.stripe_gateway import StripeGateway
from tests.billing.conftest import API_KEY, SECRET, PeerProcess
from tests.billing.door import rows


@pytest.fixture
def gateway(provider: PeerProcess) -> StripeGateway:
    """The gateway to the peer that knocks."""
    return StripeGateway(provider.settings)


# --- at the door --------------------------------------------------------------------------------------------------


def test_twenty_deliveries_at_once_are_stored_once_and_all_answered(door, databases):
    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(lambda _: door.knock("evt_twenty", object_id="in_nothing"), range(20)))

    assert answers == [200] * 20
    assert rows(databases, "select count(*) from stripe_events where id = 'evt_twenty'") == 1
    assert rows(databases, "select count(*) from job_outbox where arguments->>'event_id' = 'evt_twenty'") == 1


@pytest.mark.parametrize("signing", [{"secret": "whsec_other"}, {"age_s": 330}])
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
