# SPDX-License-Identifier: EUPL-1.2
"""The portal's app, and operators with tokens."""

from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from secrets import token_urlsafe
from uuid import uuid4

import pytest

from heitje.audit import Actor
from heitje.clock import now
from heitje.db.session import Databases
from heitje.identity.models import Operator
from tests.portal.conftest import app

__all__ = ["app"]


@pytest.fixture
def operator(databases: Databases) -> Callable[[], tuple[Actor, str]]:
    """Returns a new operator and the header that signs in as one."""

    def make() -> tuple[Actor, str]:
        token, operator_id = token_urlsafe(32), uuid4()
        with databases.across_tenants() as session:
            session.add(
                Operator(
                    id=operator_id,
                    name="Otto",
                    email=f"{operator_id.hex}@platform.example",
                    token_sha256=sha256(token.encode()).digest(),
                    token_expires_at=now() + timedelta(days=1),
                )
            )
        return Actor(kind="operator", id=str(operator_id)), f"Bearer {token}"

    return make
