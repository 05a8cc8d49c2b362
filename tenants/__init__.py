# SPDX-License-Identifier: EUPL-1.2
"""How issuing organisations come, pay and go."""

from flask import Flask

from heitje.config import Settings


def init_app(app: Flask, settings: Settings) -> None:
    """Register the pages of this package."""
    from tenants.billing import admin_api, webhook

    webhook.init_app(app, settings)
    admin_api.init_app(app, settings)
