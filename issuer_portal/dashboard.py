# SPDX-License-Identifier: EUPL-1.2
"""The first page: what waits for this member, how the money stands, and what is being done in the town."""

from flask import render_template
from flask.typing import ResponseReturnValue

from heitje.clock import now
from heitje.db.request import current_session
from heitje.identity.guards import current_member
from heitje.identity.roles import Role
from heitje.purses.budgets import line_balances
from issuer_portal.budget import total_bar
from issuer_portal.budget_bar import budget_bar
from issuer_portal.figures import people_asking, read_figures
from issuer_portal.pages import may, own_departments, pages, staff_only
from tenants.go_live import checklist, latest_refusal


@pages.get("/")
@staff_only()
def dashboard() -> ResponseReturnValue:
    """Show the overview."""
    session, member, at = current_session(), current_member(), now()
    lines = line_balances(session, department_ids=own_departments(*Role))
    is_live = member.tenant.state == "live"
    points = [] if is_live else checklist(session, member.tenant_id)
    return render_template(
        "issuer_portal/dashboard.html",
        tenant=member.tenant,
        first_name=member.name.partition(" ")[0],
        figures=read_figures(session, approves_for=own_departments(Role.APPROVER), at=at),
        is_approver=may(Role.APPROVER),
        asking=people_asking(session) if may(Role.APPROVER) or may(Role.OWNER) else 0,
        may_write=may(Role.EDITOR) or may(Role.FIELD_WORKER),
        may_publish=may(Role.EDITOR),
        may_fund=may(Role.FINANCE),
        lines=[(balance, budget_bar(balance)) for balance in lines],
        total=total_bar(lines),
        points_done=sum(point.is_done for point in points),
        points_all=len(points),
        refusal=None if is_live else latest_refusal(session),
    )
