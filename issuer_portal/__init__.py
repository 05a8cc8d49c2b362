# SPDX-License-Identifier: EUPL-1.2
"""The portal: where the staff of an organisation publish chores, approve what was done and fund it."""

from pathlib import Path

from flask import Flask

from heitje.config import Settings
from heitje.web.assets import add_static
from issuer_portal import (
    budget,
    chore_publishing,
    chore_writing,
    chores,
    claims,
    dashboard,
    departments,
    evidence,
    funding,
    go_live,
    history,
    invoices,
    kits,
    members,
    settings,
    sign_in,
    upload,
    vetting,
)
from issuer_portal.labels import init_labels
from issuer_portal.pages import pages
from tenants.billing.stripe_gateway import StripeGateway

PAGE_GROUPS = (
    budget, chore_publishing, chore_writing, chores, claims, dashboard, departments, evidence, funding, go_live, history,
    invoices, kits, members, settings, sign_in, upload, vetting,
)  # fmt: skip
"""Each put its pages on the blueprint when it was imported."""


def init_app(app: Flask, platform_settings: Settings) -> None:
    """Put the portal on the app; after `heitje.web.pages.init_pages`."""
    app.extensions["portal_payments"] = StripeGateway(platform_settings)
    init_labels(app)
    app.register_blueprint(pages)
    add_static(app, Path(__file__).parent / "static", "portal")
