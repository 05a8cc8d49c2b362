# SPDX-License-Identifier: EUPL-1.2
"""An organisation that vets, and its acts."""

import pytest


@pytest.fixture
def tenant(given):
    return given.tenant("Zorgkring Lampenlicht", kind="care")


@pytest.fixture
def as_tenant(databases, tenant):
    """Run one act of the staff in a transaction of its own."""

    def act(what, *args, **kwargs):
        with databases.as_tenant(tenant.id) as session:
            return what(session, *args, **kwargs)

    return act
