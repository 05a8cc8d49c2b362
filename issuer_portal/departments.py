# SPDX-License-Identifier: EUPL-1.2
"""Departments: added and renamed by owners, seen by everyone."""

from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from wtforms import StringField
from wtforms.validators import Length

from heitje.chores.models import Chore
from heitje.clock import now
from heitje.db.request import current_session
from heitje.errors import HeitjeError, NotFound
from heitje.identity.roles import Role
from heitje.purses.budgets import line_balances
from heitje.web.forms import Form, Required, one_line
from issuer_portal.pages import acting, may, pages, staff_only
from tenants.departments import add_department, departments_of, rename_department


class DepartmentForm(Form):
    """A name."""

    name = StringField(_l("Name"), validators=[Required(), Length(2, 80, _l("Use 2 to 80 characters."))])


@pages.route("/departments", methods=["GET", "POST"])
@staff_only()
def departments() -> ResponseReturnValue:
    """List the departments; an owner adds one."""
    session, form = current_session(), DepartmentForm()
    if request.method == "POST":
        acting().must(Role.OWNER)
        if form.validate():
            try:
                with session.begin_nested():
                    add_department(session, one_line(form.name.data), by=acting(), at=now())
            except HeitjeError as refusal:
                form.refuse(refusal)
            else:
                flash(_("The department is added."))
                return redirect(url_for(".departments"), code=303)
    open_chores = select(Chore.department_id, func.count()).where(Chore.state == "open").group_by(Chore.department_id)
    chores = dict(session.execute(open_chores).all())
    available: dict[UUID, int] = {}
    for balance in line_balances(session):
        department_id = balance.line.department_id
        available[department_id] = available.get(department_id, 0) + balance.available_cents
    page = render_template(
        "issuer_portal/departments.html",
        departments=departments_of(session),
        chores=chores,
        available=available,
        form=form,
        may_manage=may(Role.OWNER),
    )
    return page, 422 if form.errors else 200


@pages.route("/departments/<uuid:department_id>", methods=["GET", "POST"])
@staff_only(Role.OWNER)
def department(department_id: UUID) -> ResponseReturnValue:
    """Give a department another name."""
    session = current_session()
    found = next((one for one in departments_of(session) if one.id == department_id), None)
    if found is None:
        raise NotFound(kind="department")
    form = DepartmentForm(data={"name": found.name})
    if request.method == "POST" and form.validate():
        try:
            with session.begin_nested():
                rename_department(session, department_id, one_line(form.name.data), by=acting(), at=now())
        except HeitjeError as refusal:
            form.refuse(refusal)
        else:
            flash(_("The department is renamed."))
            return redirect(url_for(".departments"), code=303)
    page = render_template("issuer_portal/department.html", form=form, department=found)
    return page, 422 if form.errors else 200
