# SPDX-License-Identifier: EUPL-1.2
"""The phone app of citizens, and the shop's till."""

from pathlib import Path

from flask import Flask

from heitje.config import Settings
from heitje.web.assets import add_static


def init_app(app: Flask, settings: Settings) -> None:  # noqa: ARG001 - every surface is called alike
    """Register the pages of this package."""
    from citizen_pwa import (  # noqa: F401 - each module puts its pages on the blueprint
        chores,
        evidence,
        messages,
        my_chores,
        paying,
        plain_texts,
        profile,
        shops,
        signing_in,
        vetting,
        wallet,
    )
    from citizen_pwa.surroundings import pages
    from citizen_pwa.till import init_till

    app.register_blueprint(pages)
    init_till(app)
    add_static(app, Path(__file__).parent / "static", "citizen")
