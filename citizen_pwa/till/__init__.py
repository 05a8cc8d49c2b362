# SPDX-License-Identifier: EUPL-1.2
"""The shop's till: ask for a payment, see that it is paid, count the day, give back, cash out."""

from flask import Flask


def init_till(app: Flask) -> None:
    """Put the till on the app, below /till."""
    from citizen_pwa.till import (  # noqa: F401 - each module puts its pages on the blueprint
        asking,
        cashing_out,
        own_shop,
        own_staff,
        signing_in,
        takings,
    )
    from citizen_pwa.till.surroundings import pages

    app.register_blueprint(pages)
