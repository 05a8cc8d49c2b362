# SPDX-License-Identifier: EUPL-1.2
"""Operators publish prices, see use and charge; everybody reads the price list."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from heitje.clock import local_day, now
from heitje_server.app import create_app
from tenants.billing.tariff import EXAMPLE, publish_tariff, read_price_list
from tests.billing.conftest import sign
from tests.fixtures.given import SYSTEM

SOMEBODY = "4a6b7e0c-7b8e-4c55-9c39-0f6f1c2f9d10"
TOKEN = "operator-token-of-the-billing-tests-01234"
THIS_MONTH = local_day(now()).replace(day=1)
NEXT_MONTH = (THIS_MONTH + timedelta(days=32)).replace(day=1)


@pytest.fixture(scope="module")
def app(database, quiet_peer, given) -> Iterator[Flask]:
    made = create_app(
        replace(
            quiet_peer.settings,
            secret_key="x" * 40,
            database_url=database.app_url,
            operator_database_url=database.operator_url,
        )
    )
    with given.databases.across_tenants() as session:
        session.execute(
            text(
                "insert into operators (id, name, email, token_sha256, token_expires_at)"
                " values (:id, 'Olga', 'olga@example.org', :sha, now() + interval '1 day')"
            ),
            {"id": uuid4(), "sha": sha256(TOKEN.encode()).digest()},
        )
        prices = replace(read_price_list(EXAMPLE.read_text("utf-8")), starts_on=THIS_MONTH)
        publish_tariff(session, prices, by=SYSTEM, at=now())
    yield made
    made.extensions["databases"].dispose()


@pytest.fixture
def client(app) -> FlaskClient:
    return app.test_client()


def ask(client: FlaskClient, path: str, said=None, *, key: str = "", token: str = TOKEN):
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    if said is None:
        return client.get(f"/api/v1{path}", headers=headers)
    headers["Idempotency-Key"] = key or uuid4().hex
    return client.post(f"/api/v1{path}", json=said, headers=headers)


PRICES = {
    "name": "Tarief later",
    "startsOn": NEXT_MONTH.isoformat(),
    "yearlyCapCents": 30_000_00,
    "vatPermille": 210,
    "bands": [
        {"metric": "active_citizens", "fromQuantity": 1, "unitCents": 90},
        {"metric": "active_shops", "fromQuantity": 1, "unitCents": 0},
    ],
}


def test_everybody_reads_the_price_list(client):
    answer = ask(client, "/tariffs", token="")

    assert answer.status_code == 200
    prices = next(prices for prices in answer.json if prices["name"] == "Tarief 2026")
    assert prices["bands"][0] == {"metric": "active_citizens", "fromQuantity": 1, "unitCents": 95}


def test_an_operator_publishes_the_next_price_list(client):
    answer = ask(client, "/admin/tariffs", PRICES)

    assert answer.status_code == 201, answer.json
    assert [tariff["name"] for tariff in ask(client, "/tariffs", token="").json] == ["Tarief later", "Tarief 2026"]
    again = ask(client, "/admin/tariffs", PRICES)
    assert (again.status_code, again.json["type"]) == (409, "/problems/tariff-in-the-past")


@pytest.mark.parametrize(
    "wrong",
    [
        {"yearlyCapCents": -1},
        {"yearlyCapCents": 1.5},
        {"vatPermille": 1001},
        {"startsOn": NEXT_MONTH.replace(day=2).isoformat()},
        {"bands": []},
        {"bands": [{"metric": "active_citizens", "fromQuantity": 2, "unitCents": 90}]},
        {"bands": [{"metric": "sunshine", "fromQuantity": 1, "unitCents": 90}]},
        {"surprise": 1},
    ],
)
def test_a_price_list_that_cannot_be_is_refused_with_what_is_wrong(client, wrong):
    answer = ask(client, "/admin/tariffs", PRICES | wrong)

    assert answer.status_code == 400
    assert answer.json["errors"]


def test_an_operator_charges_once_and_sees_it_sent(client, given):
    tenant = given.tenant()
    chore = given.chore(tenant)
    given.claim(given.citizen(), chore)
    assert ask(client, f"/admin/tenants/{tenant.id}/usage").json["quantities"]["active_citizens"] == 1
    asked = {"tenantId": str(tenant.id), "month": THIS_MONTH.isoformat()}
    too_early = ask(client, "/admin/invoices", asked)
    assert (too_early.status_code, too_early.json["type"]) == (409, "/problems/month-not-over")

    first = ask(client, "/admin/invoices", asked | {"upToNow": True}, key="charge-it-once")

    assert first.status_code == 201, first.json
    assert (first.json["netCents"], first.json["totalCents"]) == (95, 115)
    assert first.json["lines"][0]["quantity"] == 1
    assert ask(client, "/admin/invoices", asked | {"upToNow": True}, key="charge-it-once").json == first.json
    assert ask(client, "/admin/invoices", asked | {"upToNow": True}).json["id"] == first.json["id"]
    assert ask(client, f"/admin/tenants/{tenant.id}/usage").json["closed"] is True
    assert ask(client, f"/admin/invoices/{first.json['id']}").json["code"] == first.json["code"]
    unsent = ask(client, f"/admin/invoices/{first.json['id']}/transfer", {})
    assert (unsent.status_code, unsent.json["type"]) == (409, "/problems/invoice-not-sent")


def test_nothing_used_is_nothing_to_charge(client, given):
    asked = {"tenantId": str(given.tenant().id), "month": THIS_MONTH.isoformat(), "upToNow": True}

    answer = ask(client, "/admin/invoices", asked)

    assert (answer.status_code, answer.json["type"]) == (409, "/problems/nothing-to-charge")


def test_invoices_are_paged_newest_first(client, given):
    for _ in range(3):
        tenant = given.tenant()
        given.claim(given.citizen(), given.chore(tenant))
        asked = {"tenantId": str(tenant.id), "month": THIS_MONTH.isoformat(), "upToNow": True}
        assert ask(client, "/admin/invoices", asked).status_code == 201

    page = ask(client, "/admin/invoices?pageSize=2")
    codes = [invoice["code"] for invoice in page.json]
    following = ask(client, f"/admin/invoices?pageSize=2&after={codes[-1]}").json

    assert codes == sorted(codes, reverse=True)
    assert 'rel="next"' in page.headers["Link"]
    assert following[0]["code"] < codes[-1]
    assert ask(client, "/admin/invoices?after=nonsense").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/admin/invoices",
        "/admin/payment-events/unexpected",
        f"/admin/tenants/{SOMEBODY}/usage",
        f"/admin/invoices/{SOMEBODY}",
    ],
)
def test_nobody_but_operators_sees_any_of_it(client, path):
    assert ask(client, path, token="").status_code == 401
    assert ask(client, path, token="wrong").status_code == 401


def test_the_whole_app_takes_the_providers_messages_without_a_form_token(client):
    payload = b'{"id": "evt_app", "object": "event", "type": "customer.created", "data": {"object": {"id": "cus_1"}}}'

    answer = client.post("/webhooks/stripe", data=payload, headers={"Stripe-Signature": sign(payload)})
    unsigned = client.post("/webhooks/stripe", data=payload, headers={"Stripe-Signature": sign(payload, secret="x")})

    assert (answer.status_code, unsigned.status_code) == (200, 400)
