# SPDX-License-Identifier: EUPL-1.2
"""The operators' REST API under /api/v1/admin: one file per resource."""

from flask import Flask

from heitje.admin_api import audit_trail, books, operators, pages, payouts, schemes, shops
from heitje.config import Settings
from heitje.web.api import init_api


def init_app(app: Flask, settings: Settings) -> None:
    """Put the API on the app with the kernel's own resources.

    Packages above the kernel register theirs on `app.extensions["heitje_api"]`.
    """
    app.register_blueprint(pages.pages)
    api = init_api(app, settings)
    app.extensions["heitje_api"] = api
    for resource in (operators, schemes, books, shops, payouts, audit_trail):
        api.register_blueprint(resource.blueprint)
