# SPDX-License-Identifier: EUPL-1.2
"""T3: every route and method, asked by everybody with ids of another: refused, without a word of whose it is."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text
from werkzeug.routing import Rule

from heitje.chores.models import Evidence, Kit, PickupPoint
from heitje.config import Settings
from heitje.db.session import Databases
from heitje.identity.models import IdentityProvider
from heitje.purses.models import Funding
from heitje_server.app import create_app
from tests.fixtures.databases import Database
from tests.fixtures.given import Given
from tests.fixtures.signed_in import browser_of, session_token
from tests.isolation.audiences import AUDIENCES

CANARY = "Kanariegeel"
TOKEN = "operator-of-the-sweep-0123456789abcdef"
REFUSALS = {400, 401, 403, 404, 405, 409, 410, 415, 422}
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@dataclass
class Sweep:
    """The app, what belongs to A, and clients of everybody who is not A."""

    app: Flask
    values: dict[str, Any]
    clients: dict[str, FlaskClient]
    a_tenant_slug: str


@pytest.fixture(scope="module")
def sweep(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sweep]:
    folder: Path = tmp_path_factory.mktemp("files")
    app = create_app(
        Settings(
            secret_key="s" * 40,
            database_url=database.app_url,
            operator_database_url=database.operator_url,
            files_dir=str(folder),
            redis_url="redis://127.0.0.1:1/0",
            stripe_api_key="sk_test_none",
            stripe_api_base="http://127.0.0.1:1",
            stripe_webhook_secrets="whsec_none",
        )
    )
    app.config["WTF_CSRF_ENABLED"] = False
    databases: Databases = app.extensions["databases"]
    given = Given(databases)
    mine = _fill_tenant(given, databases)
    values, slug = mine
    other = given.tenant("Andere organisatie")
    citizen_b = given.citizen("Bea Ander")
    shop_b = given.shop("Andere winkel")
    _add_operator(databases)
    clients = {
        "a visitor": app.test_client(),
        "another citizen": browser_of(app, session_token(databases, citizen_b)),
        "another tenant's owner": browser_of(app, session_token(databases, other.owner)),
        "another shop": browser_of(app, session_token(databases, shop_b)),
        "an operator": app.test_client(),
    }
    yield Sweep(app=app, values=values, clients=clients, a_tenant_slug=slug)
    databases.dispose()


def _fill_tenant(given: Given, databases: Databases) -> tuple[dict[str, Any], str]:
    tenant = given.tenant(f"{CANARY} gemeente")
    chore = given.chore(tenant, title=f"{CANARY} bankje verven")
    citizen = given.citizen(f"{CANARY} Jansen")
    claim = given.hand_in(citizen, given.claim(citizen, chore))
    vetting = given.asked(citizen, tenant)
    shop = given.shop(f"{CANARY} bakkerij")
    payment = given.request(shop)
    kit_id, point_id, provider_id = uuid4(), uuid4(), uuid4()
    with databases.as_tenant(tenant.id) as session:
        point = PickupPoint(
            tenant_id=tenant.id, id=point_id, name=CANARY, address="A", opening_hours="B", lat=50.9, lon=6
        )
        session.add(point)
        session.flush()
        session.add(
            Kit(tenant_id=tenant.id, id=kit_id, pickup_point_id=point_id, name=CANARY, contents="A", instructions="B")
        )
        session.add(
            IdentityProvider(
                tenant_id=tenant.id, id=provider_id, name=CANARY, issuer="https://id.example", client_id="x"
            )
        )
        funding_id = session.scalars(select(Funding.id)).first()
        evidence_id = session.scalars(select(Evidence.id)).first()
    values = {
        "tenant": tenant.slug,
        "tenant_id": tenant.id,
        "chore_id": chore.id,
        "claim_id": claim.id,
        "vetting_id": vetting.id,
        "line_id": chore.budget_line_id,
        "funding_id": funding_id,
        "evidence_id": evidence_id,
        "member_id": tenant.approver.member_id,
        "department_id": tenant.department_id,
        "kit_id": kit_id,
        "point_id": point_id,
        "provider_id": provider_id,
        "payment_id": payment.id,
        "nonce": "x" * 32,
        "shop_id": shop.id,
        "scheme_id": given.scheme_id,
        "kind": "csv",
        "colour": "7b1e5b",
        "version": "0",
        "name": "x",
        "year": 2026,
        "month": 11,
    }
    return values, tenant.slug


def _add_operator(databases: Databases) -> None:
    with databases.across_tenants() as session:
        session.execute(
            text(
                "insert into operators (name, email, token_sha256, token_expires_at)"
                " values ('O', 'o@example.org', :sha, now() + interval '1 day')"
            ),
            {"sha": sha256(TOKEN.encode()).digest()},
        )


def _address(rule: Rule, values: dict[str, Any]) -> str:
    known = {name: values.get(name, uuid4()) for name in rule.arguments}
    built = rule.build(known, append_unknown=False)
    assert built is not None, rule
    return built[1]


def _allowed(audience: str, who: str) -> bool:
    return (
        audience == "public"
        or {
            "citizen": "another citizen",
            "member": "another tenant's owner",
            "shop": "another shop",
            "operator": "an operator",
        }[audience]
        == who
    )


def test_every_route_has_an_audience(sweep: Sweep) -> None:
    served = {rule.endpoint for rule in sweep.app.url_map.iter_rules()}
    assert served - set(AUDIENCES) == set(), "give each new route its audience in audiences.py"
    assert set(AUDIENCES) - served == set(), "a route disappeared: take it out of audiences.py"


@pytest.mark.parametrize(
    "who", ["a visitor", "another citizen", "another tenant's owner", "another shop", "an operator"]
)
def test_with_anothers_ids_nobody_gets_in(sweep: Sweep, who: str) -> None:
    client, asked, wrong = sweep.clients[who], 0, []
    headers = {"Authorization": f"Bearer {TOKEN}"} if who == "an operator" else {}
    served = _methods_by_path(sweep.app)
    for rule in sweep.app.url_map.iter_rules():
        audience = AUDIENCES.get(rule.endpoint, "nobody")
        if rule.endpoint.endswith("sign_out"):
            continue
        # The methods of this route, and those that no route of this path has.
        for method in [one for one in METHODS if one in (rule.methods or ()) or one not in served[rule.rule]]:
            answer = client.open(_address(rule, sweep.values), method=method, headers=headers, buffered=True)
            asked += 1
            complaint = _complaint(answer, rule, method, audience, who)
            if complaint:
                wrong.append(f"{method} {rule.rule} ({audience}) by {who}: {complaint}")
    assert asked > 500
    assert wrong == []


def _methods_by_path(app: Flask) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for rule in app.url_map.iter_rules():
        found.setdefault(rule.rule, set()).update(rule.methods or ())
    return found


def _complaint(answer: Any, rule: Rule, method: str, audience: str, who: str) -> str:
    body = answer.get_data().decode(errors="replace")
    if answer.status_code >= 500 and rule.endpoint != "health.ready":
        return f"{answer.status_code}"
    if method not in (rule.methods or ()):
        # OPTIONS and HEAD are Flask's own; a foreign method must not be served.
        return "" if answer.status_code in REFUSALS | {303} else f"{answer.status_code} for a method that is not there"
    if audience == "public" or (audience == "operator" and who == "an operator"):
        return ""
    if audience == "member" or not _allowed(audience, who):
        if CANARY in body:
            return "shows what is another's"
        if answer.status_code in REFUSALS:
            return ""
        location = answer.headers.get("Location", "")
        # A citizen's link from a mail leads to the page itself, which then refuses.
        away = "sign-in" in location or (rule.endpoint == "citizen.claim_from_mail" and "/my-chores/" in location)
        return "" if answer.status_code in {302, 303} and away else f"{answer.status_code} {location}"
    # The right kind of person, but with another's ids: own pages are fine, another's never.
    return "shows what is another's" if CANARY in body and "_id" in rule.rule else ""
