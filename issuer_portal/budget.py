# SPDX-License-Identifier: EUPL-1.2
"""Budget lines: what is available, set aside and paid; open one, freeze it, look at its money coming in."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from wtforms import DateField, SelectField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import Length

from heitje.chores.models import Chore
from heitje.clock import local_day, now
from heitje.db.request import current_session
from heitje.errors import HeitjeError, NotFound
from heitje.identity.guards import current_member
from heitje.identity.models import Department
from heitje.identity.roles import Role
from heitje.purses.budgets import LineBalance, line_balances, open_budget_line, set_line_frozen
from heitje.purses.models import Funding
from heitje.web.forms import Form, Required, given, one_line
from issuer_portal.budget_bar import BudgetBar, budget_bar
from issuer_portal.history import history_of
from issuer_portal.pages import acting, may, own_departments, pages, staff_only
from tenants.branding import details_of
from tenants.departments import departments_of


class LineForm(Form):
    """A new budget line; money comes after."""

    name = StringField(
        _l("Name"),
        validators=[Required(), Length(2, 80, _l("Use 2 to 80 characters."))],
        description=_l("Such as the name of a programme or a neighbourhood."),
    )
    department_id = SelectField(_l("Department"), validators=[Required()])
    starts_on = DateField(_l("First day"), validators=[Required()])
    ends_on = DateField(
        _l("Last day"),
        validators=[Required()],
        description=_l("Chores must close 30 days earlier, so that late evidence can still be paid."),
    )


@pages.get("/budget")
@staff_only()
def budget() -> ResponseReturnValue:
    """Show the lines of the departments this member works for."""
    session = current_session()
    lines = line_balances(session, department_ids=own_departments(*Role))
    return render_template(
        "issuer_portal/budget.html",
        lines=[(balance, budget_bar(balance)) for balance in lines],
        total=total_bar(lines),
        department_names=_department_names(session),
        may_open=may(Role.FINANCE),
        today=local_day(now()),
    )


@pages.route("/budget/new", methods=["GET", "POST"])
@staff_only(Role.FINANCE)
def new_line() -> ResponseReturnValue:
    """Open an empty line."""
    session = current_session()
    own = own_departments(Role.FINANCE)
    departments = [one for one in departments_of(session) if own is None or one.id in own]
    today = local_day(now())
    form = LineForm(data={"starts_on": today, "ends_on": today.replace(month=12, day=31) + timedelta(days=365)})
    form.department_id.choices = [SelectChoice(str(one.id), one.name) for one in departments]
    if request.method == "GET":
        return render_template("issuer_portal/line_form.html", form=form)
    if form.validate():
        try:
            with session.begin_nested():
                line = open_budget_line(
                    session,
                    scheme_id=details_of(session, current_member().tenant_id).scheme_id,
                    department_id=UUID(form.department_id.data),
                    name=one_line(form.name.data),
                    starts_on=given(form.starts_on.data),
                    ends_on=given(form.ends_on.data),
                    by=acting(),
                    at=now(),
                )
        except HeitjeError as refusal:
            form.refuse(refusal)
        except IntegrityError as error:
            if "budget_lines_tenant_id_department_id_name_key" not in str(error.orig):
                raise
            form.name.errors = [_("This department has a budget line with this name already.")]
        else:
            flash(_("The budget line is open. Now put money on it."))
            return redirect(url_for(".budget_line", line_id=line.id), code=303)
    return render_template("issuer_portal/line_form.html", form=form), 422


@pages.get("/budget/<uuid:line_id>")
@staff_only()
def budget_line(line_id: UUID) -> ResponseReturnValue:
    """Show one line with its fundings and chores."""
    session = current_session()
    balance = own_line(session, line_id)
    fundings = session.scalars(
        select(Funding)
        .where(Funding.budget_line_id == line_id)
        .order_by(Funding.created_at.desc(), Funding.id)
        .limit(50)
    ).all()
    chores = session.scalars(
        select(Chore).where(Chore.budget_line_id == line_id).order_by(Chore.created_at.desc(), Chore.id).limit(50)
    ).all()
    return render_template(
        "issuer_portal/budget_line.html",
        balance=balance,
        line=balance.line,
        bar=budget_bar(balance),
        department=session.scalar(select(Department.name).where(Department.id == balance.line.department_id)),
        fundings=fundings,
        chores=chores,
        may_fund=may(Role.FINANCE, balance.line.department_id),
        history=history_of(session, f"budget_line:{line_id}"),
    )


@pages.post("/budget/<uuid:line_id>/freeze")
@staff_only(Role.FINANCE)
def freeze(line_id: UUID) -> ResponseReturnValue:
    """Stop new promises, or allow them again."""
    frozen = request.form.get("frozen") == "yes"
    set_line_frozen(current_session(), line_id, frozen=frozen, by=acting(), at=now())
    flash(_("The line is frozen. What was promised is still paid.") if frozen else _("The line is in use again."))
    return redirect(url_for(".budget_line", line_id=line_id), code=303)


def own_line(session: Session, line_id: UUID) -> LineBalance:
    """Return a line of a department this member works for, with its money; raises `NotFound`."""
    for balance in line_balances(session, department_ids=own_departments(*Role)):
        if balance.line.id == line_id:
            return balance
    raise NotFound(kind="budget line")


def total_bar(lines: Sequence[LineBalance]) -> BudgetBar:
    """Return all lines as one picture."""
    return BudgetBar.of(
        paid_cents=sum(balance.paid_cents for balance in lines),
        reserved_cents=sum(balance.reserved_cents for balance in lines),
        available_cents=sum(balance.available_cents for balance in lines),
    )


def _department_names(session: Session) -> dict[UUID, str]:
    return {department.id: department.name for department in departments_of(session)}
