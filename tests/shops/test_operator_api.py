# SPDX-License-Identifier: EUPL-1.2
"""Operators let shops in and pay them out, over their API."""

from collections.abc import Iterator
from datetime import date
from hashlib import sha256
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text
from werkzeug.test import TestResponse

from heitje.clock import now
from heitje.config import Settings
from heitje.shops.redemptions import request_redemption
from heitje_server.app import create_app
from heitje_server.demo.bank import answer
from tests.fixtures.databases import Database
from tests.fixtures.given import NEIGHBOURHOODS, GivenShop
from tests.shops.conftest import Town

FIRST, SECOND = "first-operator-token-0123456789abcdef", "second-operator-token-0123456789abcdef"
ADMIN = "/api/v1/admin"


@pytest.fixture(scope="module")
def app(database: Database, town: Town) -> Iterator[Flask]:
    with town.databases.across_tenants() as session:
        for token in (FIRST, SECOND):
            session.execute(
                text(
                    "insert into operators (id, name, email, token_sha256, token_expires_at)"
                    " values (:id, 'Olga', :email, :digest, now() + interval '1 day')"
                ),
                {"id": uuid4(), "email": f"{token[:6]}@example.org", "digest": sha256(token.encode()).digest()},
            )
    made = create_app(
        Settings(
            secret_key="a secret of the tests, longer than 32 characters",
            database_url=database.app_url,
            operator_database_url=database.operator_url,
            payout_iban="NL13 TEST 0123 4567 89",
            payout_name="Stichting Heerlens Heitje",
        )
    )
    yield made
    made.extensions["databases"].dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def post(client: FlaskClient, path: str, *, token: str = FIRST, key: str = "", **body: Any) -> TestResponse:
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key or uuid4().hex}
    return client.post(f"{ADMIN}{path}", headers=headers, **(body or {"json": {}}))


def get(client: FlaskClient, path: str) -> TestResponse:
    return client.get(f"{ADMIN}{path}", headers={"Authorization": f"Bearer {FIRST}"})


def asks_for(town: Town, cents: int) -> GivenShop:
    shop = town.shop()
    town.paid(shop, town.citizen(has_cents=cents), cents, at=now())
    with town.databases.as_shop(shop.id) as session:
        request_redemption(
            session, shop_id=shop.id, amount_cents=cents, key="of-the-test", by=town.staff(shop), at=now()
        )
    return shop


def new_shop(town: Town, **changes: Any) -> dict[str, Any]:
    return {
        "schemeId": str(town.scheme_id),
        "name": "Fietsenmaker De Bel",
        "category": "services",
        "address": "Akerstraat",
        "neighbourhoodCode": NEIGHBOURHOODS[0],
        "lat": 50.888,
        "lon": 5.979,
        "iban": "NL35 TEST 0000 0000 31",
        "accountName": "Fietsenmaker De Bel",
        "ownerName": "Bea Bel",
        "ownerEmail": "Bea@example.org",
        **changes,
    }


def test_two_operators_pay_the_shops_and_read_what_the_bank_says(client: FlaskClient, town: Town) -> None:
    shop = asks_for(town, 12_50)

    made = post(client, "/payout-batches", json={"schemeId": str(town.scheme_id)})
    assert (made.status_code, made.json["totalCents"], made.json["state"]) == (201, 12_50, "batched")
    batch = f"/payout-batches/{made.json['id']}"
    assert get(client, f"{batch}/file").status_code == 409
    payouts = get(client, batch).json["payouts"]
    assert [(payout["shopId"], payout["amountCents"]) for payout in payouts] == [(str(shop.id), 12_50)]

    assert post(client, f"{batch}/release").status_code == 403
    assert post(client, f"{batch}/release", token=SECOND).json["state"] == "sent"
    file, again = get(client, f"{batch}/file"), get(client, f"{batch}/file")
    assert (file.data, file.content_type) == (again.data, "application/xml")
    assert sha256(file.data).hexdigest() == made.json["fileSha256"]

    statement = answer(file.data, booked_on=date(2026, 11, 24))
    read = post(client, "/bank-statements", data=statement, content_type="application/xml")
    assert [booking["outcome"] for booking in read.json["bookings"]] == ["paid"]
    repeated = post(client, "/bank-statements", data=statement, content_type="application/xml")
    assert (repeated.json["bookings"], repeated.json["known"]) == ([], 1)
    assert get(client, "/bank-bookings?outcome=paid").json[0]["amountCents"] == -12_50
    assert get(client, batch).json["state"] == "settled"


def test_the_same_key_makes_one_batch(client: FlaskClient, town: Town) -> None:
    asks_for(town, 5_00)

    first, second = (
        post(client, "/payout-batches", key="the-same-key", json={"schemeId": str(town.scheme_id)}) for _ in range(2)
    )

    assert first.json == second.json
    nothing = post(client, "/payout-batches", json={"schemeId": str(town.scheme_id)})
    assert (nothing.status_code, nothing.json["type"]) == (409, "/problems/nothing-to-pay-out")


def test_a_batch_that_is_taken_back_leaves_its_payouts_for_the_next(client: FlaskClient, town: Town) -> None:
    asks_for(town, 6_00)
    made = post(client, "/payout-batches", json={"schemeId": str(town.scheme_id)}).json

    assert post(client, f"/payout-batches/{made['id']}/withdraw").json["state"] == "withdrawn"

    assert post(client, f"/payout-batches/{made['id']}/release", token=SECOND).status_code == 409
    assert get(client, f"/payout-batches/{made['id']}/file").status_code == 409
    again = post(client, "/payout-batches", json={"schemeId": str(town.scheme_id)}).json
    assert again["totalCents"] == 6_00
    assert again["id"] != made["id"]


def test_a_file_that_is_no_statement_is_refused(client: FlaskClient) -> None:
    read = post(client, "/bank-statements", data=b"<Document/>", content_type="application/xml")

    assert (read.status_code, read.json["type"]) == (400, "/problems/bank-statement-unreadable")


def test_an_admitted_shop_takes_payments_at_once(client: FlaskClient, town: Town) -> None:
    made = post(client, "/shops", json=new_shop(town))

    assert (made.status_code, made.json["state"]) == (201, "active")
    names = [shop["name"] for shop in get(client, f"/shops?schemeId={town.scheme_id}&state=active").json]
    assert "Fietsenmaker De Bel" in names
    with town.databases.as_visitor("email:bea@example.org") as session:
        assert session.execute(text("select role from shop_staff")).scalars().all() == ["owner"]
    assert "iban" not in made.json


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"iban": "NL35TEST0000000032"}, "/iban"),
        ({"neighbourhoodCode": "BU99999999"}, "/neighbourhoodCode"),
        ({"kvkNumber": "12"}, "/kvkNumber"),
        ({"vatNumber": "12"}, "/vatNumber"),
        ({"accountName": "店"}, "/accountName"),
        ({"category": "bank"}, "/category"),
        ({"state": "active"}, "/state"),
    ],
)
def test_a_shop_that_cannot_be_admitted_is_told_which_field(
    client: FlaskClient, town: Town, change: dict[str, Any], pointer: str
) -> None:
    refused = post(client, "/shops", json=new_shop(town, **change))

    assert refused.status_code == 400
    assert pointer in str(refused.json["errors"])


def test_a_halted_shop_goes_on_again(client: FlaskClient, town: Town) -> None:
    shop = town.shop()

    assert post(client, f"/shops/{shop.id}/suspend", json={"reason": "Meldingen"}).json["state"] == "suspended"
    assert post(client, f"/shops/{shop.id}/suspend", json={"reason": "Meldingen"}).status_code == 409
    assert post(client, f"/shops/{shop.id}/resume").json["state"] == "active"
    assert post(client, f"/shops/{uuid4()}/resume").status_code == 404


def test_shops_are_listed_a_page_at_a_time(client: FlaskClient, town: Town) -> None:
    for letter in "abc":
        town.shop(f"Winkel {letter}")
    found: list[str] = []
    path = f"/shops?schemeId={town.scheme_id}&pageSize=2"
    while path:
        page = get(client, path)
        found += [shop["id"] for shop in page.json]
        link = page.headers.get("Link", "")
        path = link[1:].partition(">")[0].partition(ADMIN)[2] if link else ""

    with town.databases.across_tenants() as session:
        count = session.execute(text("select count(*) from shops")).scalar_one()
    assert len(found) == len(set(found)) == count
