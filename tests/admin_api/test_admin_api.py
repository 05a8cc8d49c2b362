# SPDX-License-Identifier: EUPL-1.2
"""The operators' API: who may use it, that it follows the design rules, and that it tells the truth."""

import re
from collections.abc import Iterator
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from heitje.config import Settings
from heitje.db.session import Databases
from heitje_server.app import create_app
from tests.fixtures.databases import Database
from tests.fixtures.given import Given

TOKEN = "operator-token-of-the-tests-0123456789"
AUTH = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture(scope="module")
def app(database: Database) -> Iterator[Flask]:
    made = create_app(
        Settings(
            secret_key="x" * 40,
            database_url=database.app_url,
            operator_database_url=database.operator_url,
        )
    )
    yield made
    made.extensions["databases"].dispose()


@pytest.fixture(scope="module")
def given_town(app: Flask) -> Given:
    databases: Databases = app.extensions["databases"]
    with databases.across_tenants() as session:
        session.execute(
            text(
                "insert into operators (id, name, email, token_sha256, token_expires_at)"
                " values (:id, 'Olga', 'olga@example.org', :sha, now() + interval '1 day'),"
                " (:expired_id, 'Oud', 'oud@example.org', :expired, now() - interval '1 day')"
            ),
            {
                "id": uuid4(),
                "sha": sha256(TOKEN.encode()).digest(),
                "expired_id": uuid4(),
                "expired": sha256(b"expired").digest(),
            },
        )
    return Given(databases)


@pytest.fixture
def client(app: Flask, given_town: Given) -> FlaskClient:
    return app.test_client()


def test_a_stranger_gets_a_problem_document_and_a_challenge(client: FlaskClient) -> None:
    answer = client.get("/api/v1/admin/schemes")
    assert answer.status_code == 401
    assert answer.content_type == "application/problem+json"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.headers["API-Version"] == "1.0.0"
    assert answer.json is not None
    assert answer.json["type"] == "/problems/sign-in-needed"


@pytest.mark.parametrize("token", ["wrong", "expired", "", TOKEN + "x"])
def test_a_token_that_is_not_good_is_refused(client: FlaskClient, token: str) -> None:
    assert client.get("/api/v1/admin/schemes", headers={"Authorization": f"Bearer {token}"}).status_code == 401


def test_a_token_in_the_address_is_not_taken(client: FlaskClient) -> None:
    assert client.get(f"/api/v1/admin/schemes?access_token={TOKEN}").status_code == 401


def test_coverage_is_the_ledgers_own(client: FlaskClient, given_town: Given) -> None:
    tenant = given_town.tenant()
    given_town.funded_line(tenant, amount_cents=123_45)
    answer = client.get(f"/api/v1/admin/schemes/{given_town.scheme_id}/coverage", headers=AUTH)
    assert answer.json is not None
    assert answer.json["covered"] is True
    assert answer.json["poolCents"] == answer.json["outstandingCents"] == answer.json["fundedCents"] >= 123_45


def test_budget_lines_of_one_tenant_are_listed(client: FlaskClient, given_town: Given) -> None:
    mine, other = given_town.tenant(), given_town.tenant()
    line = given_town.funded_line(mine, amount_cents=50_00)
    given_town.funded_line(other)
    answer = client.get(f"/api/v1/admin/budget-lines?tenantId={mine.id}", headers=AUTH)
    assert answer.json is not None
    assert [(UUID(row["id"]), row["availableCents"]) for row in answer.json] == [(line.id, 50_00)]


def test_the_proof_of_the_books_is_made_on_request(client: FlaskClient, given_town: Given) -> None:
    given_town.funded_line(given_town.tenant())
    answer = client.get("/api/v1/admin/books/proof", headers=AUTH)
    assert answer.json == {"holds": True, "differences": []}


def test_the_audit_trail_pages_by_cursor_without_repeating(client: FlaskClient, given_town: Given) -> None:
    given_town.chore(given_town.tenant())
    url, seen = "/api/v1/admin/audit-events?pageSize=3", []
    while url:
        answer = client.get(url, headers=AUTH)
        assert answer.json is not None
        seen += [event["id"] for event in answer.json]
        found = re.search(r"<([^>]+)>; rel=\"next\"", answer.headers.get("Link", ""))
        url = found[1] if found else ""
    assert len(seen) >= 4
    assert seen == sorted(set(seen), reverse=True)


@pytest.mark.parametrize(
    ("query", "pointer"), [("pageSize=1000000", "/pageSize"), ("pageSize=x", "/pageSize"), ("nonsense=1", "/nonsense")]
)
def test_input_that_does_not_fit_is_400_and_points_at_the_field(client: FlaskClient, query: str, pointer: str) -> None:
    answer = client.get(f"/api/v1/admin/audit-events?{query}", headers=AUTH)
    assert answer.status_code == 400
    assert answer.json is not None
    assert [error["pointer"] for error in answer.json["errors"]] == [pointer]


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method in {"get", "post", "put", "patch", "delete"}:
                yield path, method, operation


def test_the_document_follows_the_design_rules(client: FlaskClient) -> None:
    answer = client.get("/api/v1/openapi.json")
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    document = answer.json
    assert document is not None
    assert document["openapi"] == "3.0.3"
    assert document["servers"][0]["url"].endswith("/v1")
    assert document["info"]["contact"]
    ids = []
    for path, _, operation in operations(document):
        assert not path.startswith("/api")
        assert path == "/" or not path.endswith("/")
        assert re.fullmatch(r"(/([a-z0-9-]+|\{[a-zA-Z_]+\}))+", path), path
        ids.append(operation["operationId"])
        assert "default" in operation["responses"]
        assert "422" not in operation["responses"]
    assert len(ids) == len(set(ids)) >= 7


def test_document_and_routes_name_the_same_operations(client: FlaskClient, app: Flask) -> None:
    """A6: nothing undocumented, nothing documented that is not there."""
    documented = {
        (method.upper(), re.sub(r"\{[^}]+\}", "{}", path))
        for path, method, _ in operations(client.get("/api/v1/openapi.json").json or {})
    }
    served = {
        (method, re.sub(r"<[^>]+>", "{}", rule.rule.removeprefix("/api/v1")))
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith("/api/v1/") and rule.endpoint not in {"openapi_document", "api_docs"}
        for method in rule.methods or ()
        if method not in {"HEAD", "OPTIONS"}
    }
    assert documented == served


def test_a_path_with_a_slash_at_its_end_is_not_there(client: FlaskClient) -> None:
    assert client.get("/api/v1/admin/schemes/", headers=AUTH).status_code == 404
