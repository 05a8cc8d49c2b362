# SPDX-License-Identifier: EUPL-1.2
"""A setting that names a real service keeps its embedded part from starting."""

import pytest

from heitje_server.embedded.crew import Crew
from heitje_server.embedded.fill import Wishes, fill_database, fill_services
from heitje_server.embedded.supervisor import CannotStart

YOURS = {
    "SECRET_KEY": "yours",
    "REDIS_URL": "redis://queue.example.org",
    "SMTP_URL": "smtp://mail.example.org",
    "OIDC_ISSUER": "https://sign-in.example.org",
    "STRIPE_API_KEY": "sk_live_yours",
    "CHAIN_URL": "https://chain.example.org",
    "S3_BUCKET": "photos",
    "PAYOUT_IBAN": "NL13TEST0123456789",
    "DATABASE_URL": "postgresql://database.example.org/heitje",
    "OPERATOR_DATABASE_URL": "postgresql://database.example.org/heitje",
}


@pytest.fixture
def crew():
    crew = Crew(lambda _: None)
    crew.stage()
    yield crew
    crew.stop()


@pytest.fixture
def wishes(tmp_path):
    return Wishes(home=tmp_path, public_url="http://127.0.0.1:1", chain="embedded", environment={})


def test_with_every_service_named_nothing_is_started_and_nothing_set(crew, wishes, tmp_path):
    assert fill_services(crew, wishes, YOURS) == {}
    assert fill_database(crew, wishes, YOURS) == {}
    assert list(tmp_path.iterdir()) == []


def test_with_the_queue_left_open_only_that_is_started(crew, wishes, tmp_path):
    filled = fill_services(crew, wishes, YOURS | {"REDIS_URL": ""})

    assert list(filled) == ["REDIS_URL"]
    assert [log.name for log in (tmp_path / "logs").iterdir()] == ["valkey.log"]


def test_a_database_of_ones_own_wants_the_operators_address_too(crew, wishes):
    with pytest.raises(CannotStart, match="set OPERATOR_DATABASE_URL too"):
        fill_database(crew, wishes, YOURS | {"OPERATOR_DATABASE_URL": ""})
