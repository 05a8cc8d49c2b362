# SPDX-License-Identifier: EUPL-1.2
"""The operators' REST API under /api/v1/admin: one file per resource."""

from heitje.admin_api import audit_trail, books, operators, schemes
from heitje.admin_api.base import Api


def register(api: Api) -> None:
    """Register the kernel's own resources; other packages register theirs on the same `api`."""
    for resource in (operators, schemes, books, audit_trail):
        api.register_blueprint(resource.blueprint)
    _register_those_of_shops(api)


def _register_those_of_shops(api: Api) -> None:
    from heitje.admin_api import payouts, shops

    for resource in (shops, payouts):
        api.register_blueprint(resource.blueprint)
