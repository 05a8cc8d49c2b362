# SPDX-License-Identifier: EUPL-1.2
"""The frame of the portal: what this member can reach, and how much waits there."""

from hashlib import sha256
from uuid import UUID

from flask import request, url_for
from flask_babel import gettext as _
from sqlalchemy import func, select

from heitje.chores.models import Chore, Claim, ClaimState
from heitje.db.request import current_session
from heitje.identity.guards import has_role
from heitje.identity.models import Member
from heitje.identity.roles import Role
from heitje.web.frame import Tab, TabGroup, frame_page
from issuer_portal.figures import people_asking


def frame_portal(member: Member) -> None:
    """Put the organisation's name, colour and the member's tabs around the page."""
    frame_page(
        name=member.tenant.name,
        place=_("Portal") if member.tenant.state == "live" else _("Portal · sandbox"),
        brand_colour=member.tenant.brand_colour.removeprefix("#"),
        home_url=url_for("portal.dashboard"),
        tabs=_tabs(member),
        groups=_groups(member),
        person=member.name,
        person_key=sha256(member.id.bytes).hexdigest()[:16],
        account_url=url_for("portal.own_account"),
        sign_out_url=url_for("portal.sign_out"),
    )


def _tabs(member: Member) -> tuple[Tab, ...]:
    tabs = [Tab(label=_("Overview"), url=url_for("portal.dashboard"), icon="layout-dashboard", exact=True)]
    if has_role(member, Role.APPROVER):
        waiting = _claims_waiting(member) if request.method == "GET" else 0
        tabs.append(Tab(label=_("To review"), url=url_for("portal.queue"), icon="clipboard-check", count=waiting))
    if has_role(member, Role.APPROVER) or has_role(member, Role.OWNER):
        asking = people_asking(current_session()) if request.method == "GET" else 0
        tabs.append(Tab(label=_("Vetting"), url=url_for("portal.vettings"), icon="shield-user", count=asking))
    tabs.append(Tab(label=_("Chores"), url=url_for("portal.chores"), icon="clipboard-list"))
    tabs.append(Tab(label=_("Kits"), url=url_for("portal.kits"), icon="toolbox"))
    return tuple(tabs)


def _groups(member: Member) -> tuple[TabGroup, ...]:
    money = [Tab(label=_("Budget"), url=url_for("portal.budget"), icon="piggy-bank")]
    if has_role(member, Role.FINANCE) or has_role(member, Role.OWNER):
        money.append(Tab(label=_("Invoices"), url=url_for("portal.invoices"), icon="receipt-text"))
    organisation = [
        Tab(label=_("Colleagues"), url=url_for("portal.members"), icon="users"),
        Tab(label=_("Departments"), url=url_for("portal.departments"), icon="network"),
    ]
    if has_role(member, Role.OWNER):
        organisation += [
            Tab(label=_("Settings"), url=url_for("portal.settings"), icon="settings"),
            Tab(label=_("History"), url=url_for("portal.history"), icon="scroll-text"),
        ]
    if member.tenant.state in {"applied", "sandbox", "verifying"}:
        organisation.insert(0, Tab(label=_("Taking part"), url=url_for("portal.go_live"), icon="rocket"))
    return (
        TabGroup(label=_("Money"), tabs=money),
        TabGroup(label=_("Organisation"), tabs=organisation),
    )


def _claims_waiting(member: Member) -> int:
    query = select(func.count()).select_from(Claim).where(Claim.state == ClaimState.SUBMITTED.value)
    departments = _departments(member, Role.APPROVER)
    if departments is not None:
        query = query.join(Claim.chore).where(Chore.department_id.in_(departments))
    return current_session().scalar(query) or 0


def _departments(member: Member, role: Role) -> list[UUID] | None:
    held = [grant.department_id for grant in member.roles if grant.role == role]
    return None if None in held else [department_id for department_id in held if department_id is not None]
