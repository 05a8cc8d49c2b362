# SPDX-License-Identifier: EUPL-1.2
"""Pages that only tell: how it works, privacy, accessibility."""

from flask.typing import ResponseReturnValue

from citizen_pwa.surroundings import current_scheme, pages, show
from heitje.allowance.cap import limit_in_force
from heitje.clock import local_day, now
from heitje.db.request import current_session
from heitje.identity.guards import citizens_welcome


@pages.get("/about")
@citizens_welcome
def about() -> ResponseReturnValue:
    """Tell how Heitje works."""
    return show(
        "about.html", limit_cents=limit_in_force(current_session(), scheme_id=current_scheme().id, on=local_day(now()))
    )


@pages.get("/privacy")
@citizens_welcome
def privacy() -> ResponseReturnValue:
    """Tell what is known of people, by whom, and how long."""
    return show("privacy.html")


@pages.get("/accessibility")
@citizens_welcome
def accessibility() -> ResponseReturnValue:
    """Tell for whom this works, and where to go when it does not."""
    return show("accessibility.html")
