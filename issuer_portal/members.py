# SPDX-License-Identifier: EUPL-1.2
"""Colleagues: who there is, who may do what for which department, and inviting the next."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import EmailField, SelectMultipleField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import Length

from heitje.clock import now
from heitje.db.request import current_session
from heitje.errors import HeitjeError
from heitje.identity.guards import current_member
from heitje.identity.models import Department, Member
from heitje.identity.roles import Role
from heitje.web.forms import EmailShape, Form, Required, given, one_line
from issuer_portal.history import history_of
from issuer_portal.labels import ROLE_TEXTS, ROLES
from issuer_portal.pages import acting, may, pages, staff_only
from tenants.departments import departments_of
from tenants.members import (
    RoleGrant,
    block_member,
    invite_member,
    member_of,
    members_of,
    send_invitation,
    set_roles,
    unblock_member,
)

EVERYWHERE = "all"


class RolesForm(Form):
    """One list per role: the whole organisation, or some departments."""

    owner = SelectMultipleField(ROLES[Role.OWNER], description=ROLE_TEXTS[Role.OWNER])
    finance = SelectMultipleField(ROLES[Role.FINANCE], description=ROLE_TEXTS[Role.FINANCE])
    editor = SelectMultipleField(ROLES[Role.EDITOR], description=ROLE_TEXTS[Role.EDITOR])
    approver = SelectMultipleField(ROLES[Role.APPROVER], description=ROLE_TEXTS[Role.APPROVER])
    field_worker = SelectMultipleField(ROLES[Role.FIELD_WORKER], description=ROLE_TEXTS[Role.FIELD_WORKER])
    staff_representative = SelectMultipleField(
        ROLES[Role.STAFF_REPRESENTATIVE], description=ROLE_TEXTS[Role.STAFF_REPRESENTATIVE]
    )

    def offer(self, departments: Sequence[Department]) -> None:
        """Fill the lists of every role; owners and staff representatives are for the whole organisation."""
        whole = [SelectChoice(EVERYWHERE, _("Whole organisation"))]
        parts = [SelectChoice(str(department.id), department.name) for department in departments]
        for role in Role:
            only_whole = role in {Role.OWNER, Role.STAFF_REPRESENTATIVE}
            self[role.value].choices = whole if only_whole or len(parts) < 2 else whole + parts

    def grants(self) -> list[RoleGrant]:
        """Return what was ticked."""
        return [
            (role, None if value == EVERYWHERE else UUID(value))
            for role in Role
            for value in self[role.value].data or []
        ]

    @property
    def role_fields(self) -> list[Any]:
        """Return the fields in the order of the roles."""
        return [self[role.value] for role in Role]


class InviteForm(RolesForm):
    """A new colleague."""

    name = StringField(_l("Name"), validators=[Required(), Length(2, 80, _l("Use 2 to 80 characters."))])
    email = EmailField(
        _l("E-mail address"),
        validators=[
            Required(),
            Length(max=254, message=_l("This address is too long.")),
            EmailShape(),
        ],
        description=_l("The address of the work account with which your colleague signs in."),
    )


@pages.get("/members")
@staff_only()
def members() -> ResponseReturnValue:
    """List the colleagues with their roles."""
    session = current_session()
    names = {department.id: department.name for department in departments_of(session)}
    return render_template(
        "issuer_portal/members.html",
        members=[(member, roles_in_words(member, names)) for member in members_of(session)],
        may_manage=may(Role.OWNER),
        own_id=current_member().id,
    )


@pages.route("/members/invite", methods=["GET", "POST"])
@staff_only(Role.OWNER)
def invite() -> ResponseReturnValue:
    """Invite a colleague by mail."""
    session = current_session()
    form = InviteForm(data={} if request.method == "POST" else {"editor": [EVERYWHERE]})
    form.offer(departments_of(session))
    if request.method == "POST" and form.validate():
        try:
            with session.begin_nested():
                member = invite_member(
                    session,
                    email=given(form.email.data),
                    name=one_line(form.name.data),
                    grants=form.grants(),
                    by=acting(),
                    at=now(),
                )
        except HeitjeError as refusal:
            form.refuse(refusal)
        else:
            flash(_("%(name)s gets an invitation by mail.", name=member.name))
            return redirect(url_for(".members"), code=303)
    return render_template("issuer_portal/invite.html", form=form), 422 if form.errors else 200


@pages.route("/members/<uuid:member_id>", methods=["GET", "POST"])
@staff_only(Role.OWNER)
def member(member_id: UUID) -> ResponseReturnValue:
    """Show one colleague and change their roles."""
    session = current_session()
    found = member_of(session, member_id)
    form = RolesForm(data=_ticked(found))
    form.offer(departments_of(session))
    if request.method == "POST" and form.validate():
        try:
            with session.begin_nested():
                set_roles(session, member_id, form.grants(), by=acting(), at=now())
        except HeitjeError as refusal:
            form.refuse(refusal)
        else:
            flash(_("The roles of %(name)s are changed.", name=found.name))
            return redirect(url_for(".members"), code=303)
    page = render_template(
        "issuer_portal/member.html",
        form=form,
        member=found,
        is_self=found.id == current_member().id,
        history=history_of(session, f"member:{member_id}"),
    )
    return page, 422 if form.errors else 200


@pages.post("/members/<uuid:member_id>/block")
@staff_only(Role.OWNER)
def block(member_id: UUID) -> ResponseReturnValue:
    """Let a colleague in no more, or again."""
    session = current_session()
    found = member_of(session, member_id)
    if request.form.get("blocked") == "yes":
        block_member(session, member_id, by=acting(), at=now())
        flash(_("%(name)s cannot sign in any more.", name=found.name))
    else:
        unblock_member(session, member_id, by=acting(), at=now())
        flash(_("%(name)s can sign in again.", name=found.name))
    return redirect(url_for(".member", member_id=member_id), code=303)


@pages.post("/members/<uuid:member_id>/invite-again")
@staff_only(Role.OWNER)
def invite_again(member_id: UUID) -> ResponseReturnValue:
    """Send the invitation once more."""
    found = member_of(current_session(), member_id)
    if found.state == "invited":
        send_invitation(current_session(), found, by=acting())
        flash(_("The invitation is on its way to %(email)s again.", email=found.email))
    return redirect(url_for(".members"), code=303)


@pages.get("/account")
@staff_only()
def own_account() -> ResponseReturnValue:
    """Show who is signed in, and what that person may do."""
    names = {department.id: department.name for department in departments_of(current_session())}
    return render_template(
        "issuer_portal/account.html", member=current_member(), roles=roles_in_words(current_member(), names)
    )


def roles_in_words(member: Member, department_names: dict[UUID, str]) -> list[tuple[str, str]]:
    """Return (role, "" or the departments) for each role of a member."""
    by_role: dict[str, list[str]] = {}
    for held in member.roles:
        where = "" if held.department_id is None else department_names.get(held.department_id, "")
        by_role.setdefault(held.role, []).append(where)
    return [(role, ", ".join(sorted(filter(None, where)))) for role, where in sorted(by_role.items(), key=_order)]


def _order(item: tuple[str, Iterable[str]]) -> int:
    return list(Role).index(Role(item[0]))


def _ticked(found: Member) -> dict[str, list[str]]:
    ticked: dict[str, list[str]] = {role.value: [] for role in Role}
    for held in found.roles:
        ticked[held.role].append(EVERYWHERE if held.department_id is None else str(held.department_id))
    return ticked
