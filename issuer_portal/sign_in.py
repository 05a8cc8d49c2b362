# SPDX-License-Identifier: EUPL-1.2
"""Signing in: a button per provider of the organisation; the way there and back is the kernel's."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from heitje.db.request import databases
from heitje.identity.people import find_tenant
from heitje.identity.portal_sign_in import sign_in_choices
from heitje.identity.sessions import sign_out as end_session
from heitje.web.frame import frame_page
from heitje.web.links import safe_next
from heitje.web.security import allow_form_target
from issuer_portal.pages import pages


@pages.get("/sign-in")
def sign_in(tenant: str) -> ResponseReturnValue:
    """Show how this organisation's people sign in."""
    home = url_for(".dashboard", tenant=tenant)
    with databases().as_visitor() as session:
        organisation = find_tenant(session, tenant)
    choices = sign_in_choices(tenant)
    for choice in choices:
        allow_form_target(choice.issuer)
    frame_page(
        name=organisation.name,
        place=_("Portal"),
        brand_colour=organisation.brand_colour.removeprefix("#"),
        home_url=home,
    )
    return render_template(
        "issuer_portal/sign_in.html",
        organisation=organisation,
        choices=choices,
        next=safe_next(request.args.get("next"), home),
    )


@pages.post("/sign-out")
def sign_out(tenant: str) -> ResponseReturnValue:
    """End the session; its cookie is worthless from now on."""
    end_session()
    flash(_("You are signed out."))
    return redirect(url_for(".sign_in", tenant=tenant), code=303)
