# SPDX-License-Identifier: EUPL-1.2
"""The door for operators at /operator: what they can do, and where the API is. Nothing here needs or shows secrets."""

from flask import Blueprint, render_template
from flask_babel import gettext as _

from heitje.web.frame import Tab, frame_page

pages = Blueprint("operator", __name__, template_folder="templates", url_prefix="/operator")


@pages.get("")
def door() -> str:
    """Explain and lead on."""
    frame_page(
        name="Heitje",
        place=_("For operators"),
        home_url="/operator",
        tabs=(
            Tab(label=_("Operators"), url="/operator", icon="shield-check", exact=True),
            Tab(label=_("The API"), url="/api/v1/docs", icon="braces"),
        ),
    )
    return render_template("operator/door.html")
