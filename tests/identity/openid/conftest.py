# SPDX-License-Identifier: EUPL-1.2
"""A provider that can lie, an app to sign in to, and a tenant whose provider it is."""

import pytest

from heitje.config import Settings
from heitje.db.request import databases
from heitje.identity import oidc_client
from tests.identity.hostile_provider import Lies, hostile_provider
from tests.identity.openid.attempts import Town, make_app


@pytest.fixture(scope="module")
def provider():
    with hostile_provider() as provider:
        yield provider


@pytest.fixture(autouse=True)
def honest(provider):
    """Every test begins with a provider that tells the truth, and with nothing remembered of it."""
    provider.lies = Lies()
    oidc_client._clients.clear()


@pytest.fixture(scope="module")
def settings(database) -> Settings:
    return Settings(
        public_url="http://127.0.0.1:8000",
        secret_key="another secret of the tests, longer than 32",
        database_url=database.app_url,
        operator_database_url=database.operator_url,
        oidc_allow_private=True,
        web_threads=8,
    )


@pytest.fixture(scope="module")
def app(settings):
    app = make_app(settings)
    yield app
    with app.app_context():
        databases().dispose()


@pytest.fixture
def town(given, provider) -> Town:
    return Town(given, provider)


@pytest.fixture
def client(app):
    return app.test_client()
