# SPDX-License-Identifier: EUPL-1.2
"""People of two organisations and a shop, and a small app with a page for each guard."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from flask import Flask
from psycopg.rows import dict_row

from heitje.clock import now
from heitje.config import Settings
from heitje.db.request import databases, init_db
from heitje.identity.guards import init_guards
from heitje.identity.sessions import init_sessions
from heitje.web.pages import init_pages
from tests.fixtures.databases import Database
from tests.identity.doors import doors

SECRET = "a secret of the tests, longer than 32 characters"


@dataclass
class Given:
    """Puts rows into the database past every policy, as superuser."""

    connection: psycopg.Connection[dict[str, Any]]

    def row(self, table: str, **values: Any) -> UUID:
        values.setdefault("id", uuid4())
        names = ", ".join(values)
        places = ", ".join(f"%({name})s" for name in values)
        self.connection.execute(f"insert into {table} ({names}) values ({places})", values)
        return values["id"]

    def tenant(self, slug: str, state: str = "live") -> UUID:
        return self.row("tenants", slug=slug, name=slug.title(), kind="municipality", state=state)

    def member(
        self, tenant_id: UUID, *roles: str, email: str | None = None, state: str = "active", **more: Any
    ) -> UUID:
        email = email or f"{uuid4().hex}@work.example"
        member_id = self.row("members", tenant_id=tenant_id, email=email, name="Mia", state=state, **more)
        for role in roles:
            self.row("member_roles", tenant_id=tenant_id, member_id=member_id, role=role)
        return member_id

    def citizen(self, state: str = "active") -> UUID:
        return self.row("citizens", email=f"{uuid4().hex}@home.example", name="Cor", state=state)

    def shop(self, name: str = "Bakkerij") -> UUID:
        scheme = self.one("select id from schemes limit 1") or {
            "id": self.row(
                "schemes", slug="heerlen", name="Heerlens Heitje", area_name="Heerlen", guaranteed_until="2036-01-01"
            )
        }
        if self.one("select 1 from neighbourhoods") is None:
            self.connection.execute(
                "insert into neighbourhoods values ('BU09170001', 'Centrum', 'WK1', 'W', 'GM0917', 'Heerlen', 10, 50.8,"
                " 5.9, '{}', true)"
            )
        return self.row(
            "shops", scheme_id=scheme["id"], name=name, category="food", address="Markt 1", state="active",
            neighbourhood_code="BU09170001", lat=50.8, lon=5.9,
        )  # fmt: skip

    def staff(self, shop_id: UUID, role: str = "till", email: str | None = None) -> UUID:
        email = email or f"{uuid4().hex}@shop.example"
        return self.row("shop_staff", shop_id=shop_id, email=email, name="Tina", role=role)

    def operator(self, token: str, **values: Any) -> UUID:
        values.setdefault("token_expires_at", now() + timedelta(days=1))
        digest = sha256(token.encode()).digest()
        return self.row("operators", name="Otto", email=f"{uuid4().hex}@op.example", token_sha256=digest, **values)

    def one(self, query: str, *values: Any) -> dict[str, Any] | None:
        return self.connection.execute(query, values).fetchone()

    def change(self, query: str, *values: Any) -> None:
        self.connection.execute(query, values)


@pytest.fixture
def given(database: Database) -> Iterator[Given]:
    with psycopg.connect(database.superuser_url, autocommit=True, row_factory=dict_row) as connection:
        yield Given(connection)


@pytest.fixture(scope="module")
def settings(database: Database) -> Settings:
    return Settings(
        secret_key=SECRET, database_url=database.app_url, operator_database_url=database.operator_url, web_threads=8
    )


@pytest.fixture(scope="module")
def app(settings: Settings) -> Iterator[Flask]:
    app = Flask("heitje_server")
    init_db(app, settings)
    init_sessions(app, settings)
    init_pages(app, settings)
    init_guards(app)
    app.register_blueprint(doors)
    yield app
    with app.app_context():
        databases().dispose()
