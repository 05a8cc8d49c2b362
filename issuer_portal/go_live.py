# SPDX-License-Identifier: EUPL-1.2
"""From practising to taking part: the list of what is needed, the agreement, and the request."""

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from heitje.clock import now
from heitje.db.request import current_session
from heitje.identity.guards import current_member
from heitje.identity.roles import Role
from issuer_portal.pages import acting, may, pages, staff_only
from tenants.branding import details_of
from tenants.go_live import (
    AGREEMENT_VERSION,
    Point,
    accept_agreement,
    checklist,
    latest_refusal,
    request_go_live,
)
from tenants.members import member_names

POINTS = {
    Point.OWNERS: (_l("Two owners"), _l("So that your organisation never hangs on one person."), "portal.members"),
    Point.FINANCE: (_l("Somebody for finance"), _l("Opens budget lines and funds them."), "portal.members"),
    Point.APPROVER: (_l("Somebody who approves"), _l("Looks at what people did, and pays them."), "portal.members"),
    Point.BILLING: (_l("Where invoices go"), _l("E-mail address and postal address."), "portal.settings"),
    Point.PRIVACY: (_l("Contact for privacy"), _l("Whom participants can ask about their data."), "portal.settings"),
    Point.POLICY: (
        _l("No paid work is replaced"),
        _l("How you check that, and where staff can object."),
        "portal.settings",
    ),
    Point.AGREEMENT: (_l("Agreement accepted"), _l("By an owner, for the organisation."), "portal.agreement"),
}


@pages.route("/go-live", methods=["GET", "POST"])
@staff_only()
def go_live() -> ResponseReturnValue:
    """Show the list; an owner sends the request when all of it is done."""
    session, member = current_session(), current_member()
    if request.method == "POST":
        request_go_live(session, by=acting(), at=now())
        flash(_("Your request is sent. Two people of the platform look at it."))
        return redirect(url_for(".go_live"), code=303)
    points = checklist(session, member.tenant_id)
    return render_template(
        "issuer_portal/go_live.html",
        tenant=member.tenant,
        points=[(checked, *POINTS[checked.point]) for checked in points],
        is_ready=all(checked.is_done for checked in points),
        done=sum(checked.is_done for checked in points),
        is_owner=may(Role.OWNER),
        refusal=latest_refusal(session),
    )


@pages.route("/agreement", methods=["GET", "POST"])
@staff_only()
def agreement() -> ResponseReturnValue:
    """Show the agreement; an owner accepts it."""
    session, member = current_session(), current_member()
    if request.method == "POST":
        accept_agreement(session, by=acting(), at=now())
        flash(_("The agreement is accepted."))
        return redirect(url_for(".go_live"), code=303)
    details = details_of(session, member.tenant_id)
    names = member_names(session, [details.agreement_accepted_by] if details.agreement_accepted_by else [])
    return render_template(
        "issuer_portal/agreement.html",
        version=AGREEMENT_VERSION,
        details=details,
        is_accepted=details.agreement_version == AGREEMENT_VERSION,
        accepted_by=names.get(details.agreement_accepted_by) if details.agreement_accepted_by else "",
        is_owner=may(Role.OWNER),
    )
