# SPDX-License-Identifier: EUPL-1.2
"""How issuing organisations come, pay and go."""

from pathlib import Path

from flask import Flask

from heitje.config import Settings
from heitje.web.assets import add_static


def init_app(app: Flask, settings: Settings) -> None:
    """Register the pages and APIs of this package."""
    from tenants import admin_api as own_admin_api
    from tenants.billing import admin_api, webhook
    from tenants.sign_up import sign_up

    app.register_blueprint(sign_up)
    add_static(app, Path(__file__).parent / "static", "organisations")
    app.extensions["heitje_api"].register_blueprint(own_admin_api.blueprint)
    webhook.init_app(app, settings)
    admin_api.init_app(app, settings)
