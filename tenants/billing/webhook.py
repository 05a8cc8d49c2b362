# SPDX-License-Identifier: EUPL-1.2
"""Where the payment provider knocks: checked, stored once, answered; everything else is a job's."""

from flask import Blueprint, Flask, request
from flask.typing import ResponseReturnValue

from heitje.clock import now
from heitje.config import Settings
from heitje.db.request import current_session
from heitje.web.pages import csrf
from tenants.billing import jobs  # noqa: F401 - makes known the job that an event causes
from tenants.billing.stripe_events import store_event
from tenants.billing.stripe_gateway import StripeGateway

LARGEST_BYTES = 1_000_000


def init_app(app: Flask, settings: Settings) -> None:
    """Register the webhook. It bears no form token: the provider signs instead."""
    blueprint = stripe_webhook(settings)
    csrf.exempt(blueprint)
    app.register_blueprint(blueprint)


def stripe_webhook(settings: Settings) -> Blueprint:
    """Return POST /webhooks/stripe.

    Answers 200 once the event is safe, also if it came before; 400 without a signature of the last five minutes.
    """
    gateway = StripeGateway(settings)
    blueprint = Blueprint("stripe_webhook", __name__)

    @blueprint.post("/webhooks/stripe")
    def receive() -> ResponseReturnValue:
        request.max_content_length = LARGEST_BYTES
        event = gateway.verify_webhook(request.get_data(), request.headers.get("Stripe-Signature", ""))
        is_new = store_event(current_session(), event, at=now())
        return {"received": True, "new": is_new}

    return blueprint
