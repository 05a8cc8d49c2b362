# SPDX-License-Identifier: EUPL-1.2
"""Operators see how far the chain has followed."""

from hashlib import sha256
from uuid import uuid4

import pytest
from sqlalchemy import text

import token_bridge
from heitje.config import Settings
from heitje_server.app import create_app

TOKEN = "operator-token-of-the-bridge-0123456789"


@pytest.fixture
def client(database, books):
    with books.databases.across_tenants() as session:
        session.execute(
            text(
                "insert into operators (id, name, email, token_sha256, token_expires_at)"
                " values (:id, 'Olga', :email, :sha, now() + interval '1 day')"
                " on conflict do nothing"
            ),
            {"id": uuid4(), "email": "olga@example.org", "sha": sha256(TOKEN.encode()).digest()},
        )
    settings = Settings(secret_key="x" * 40, database_url=database.app_url, operator_database_url=database.operator_url)
    app = create_app(settings)
    if "admin_bridge" not in app.blueprints:
        token_bridge.init_app(app, settings)
    yield app.test_client()
    app.extensions["databases"].dispose()


def state_of(client, books):
    answer = client.get("/api/v1/admin/bridge", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200, answer.text
    return next(one for one in answer.json if one["schemeId"] == str(books.scheme_id))


def test_an_operator_sees_what_waits_and_what_has_crossed(client, books, town, mirror):
    town.a_day()
    before = state_of(client, books)
    assert (before["waiting"], before["address"], before["confirmedOperations"]) == (7, None, 0)
    assert before["waitingSince"] is not None

    mirror.settle()

    after = state_of(client, books)
    assert (after["waiting"], after["underWay"], after["haltedCode"], after["alarms"]) == (0, 0, None, [])
    assert after["confirmedOperations"] == len(mirror.batches())
    assert after["address"] == "0x" + mirror.deployment.address.hex()


def test_nobody_else_sees_the_bridge(client):
    assert client.get("/api/v1/admin/bridge").status_code == 401
