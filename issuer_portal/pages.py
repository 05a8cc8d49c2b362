# SPDX-License-Identifier: EUPL-1.2
"""What all pages of the portal share: the blueprint, the guard with the frame around the page, and who acts."""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from heitje.errors import NotAllowed
from heitje.idempotency import counts_once
from heitje.identity.guards import acting_member as acting
from heitje.identity.guards import current_member, has_role, members_only
from heitje.identity.roles import Role
from heitje.web.frame import frame_page
from issuer_portal.navigation import frame_portal

__all__ = ["acting", "may", "once", "own_departments", "pages", "staff_only", "version_of"]

pages = Blueprint("portal", __name__, url_prefix="/portal/<tenant>", template_folder="templates")

View = Callable[..., ResponseReturnValue]

_BELOW_A_PORTAL = re.compile(r"/portal/[a-z][a-z0-9-]+/(?=.)")


@pages.before_app_request
def stand_around() -> None:
    """Give the portal's refusals its name and a way back into it; nothing is read for it."""
    if request.path.startswith("/portal/"):
        # An address of a portal that exists nowhere leads to the door of all; one below it, to that portal.
        below = _BELOW_A_PORTAL.match(request.path) if request.url_rule is None else None
        frame_page(place=_("Portal"), home_url=below[0] if below else "/portal/")


def staff_only(*roles: Role) -> Callable[[View], View]:
    """Let in a member who has one of `roles` (or any member when none is named), and frame the page.

    A refusal over a role is still shown inside the portal, with its navigation.
    """

    def guard(view: View) -> View:
        @members_only()
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> ResponseReturnValue:
            frame_portal(current_member())
            if roles and not any(has_role(current_member(), role) for role in roles):
                raise NotAllowed
            return view(*args, **kwargs)

        return guarded

    return guard


def once(view: View) -> View:
    """Let a form that is sent twice count once; it is a `OnceForm`. Stands below the guard."""
    counted = counts_once(view)

    @wraps(view)
    def chosen(*args: Any, **kwargs: Any) -> ResponseReturnValue:
        return counted(*args, **kwargs) if request.method == "POST" else view(*args, **kwargs)

    return chosen


def may(role: Role, department_id: UUID | None = None) -> bool:
    """Tell whether the signed-in member has the role, for this department or for any."""
    return acting().may(role, department_id)


def own_departments(*roles: Role) -> list[UUID] | None:
    """List the departments for which the member has one of these roles; None is all of them."""
    held = [(role, department_id) for role, department_id in acting().roles if role in roles]
    if any(department_id is None for _role, department_id in held):
        return None
    return sorted({department_id for _role, department_id in held if department_id is not None})


def version_of(text: str | None) -> int:
    """Read the version that a form carried; what is no number is no version that there ever was."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 9 else 0
