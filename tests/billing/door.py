# SPDX-License-Identifier: EUPL-1.2
"""The platform's webhook on a real server, a peer that knocks there, and fundings to pay."""

import json
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
import requests
from flask import Flask, request
from sqlalchemy import text
from werkzeug.serving import make_server

from heitje.clock import now
from heitje.config import Settings
from heitje.db.request import init_db
from heitje.i18n.language import init_language
from heitje.purses.funding import ask_funding
from heitje.purses.models import Funding
from heitje.web.problems import init_problems
from tenants.billing.funding_payments import Visit, open_payment
from tenants.billing.stripe_events import handle_event
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
