# SPDX-License-Identifier: EUPL-1.2
"""Writing a chore: a new draft, a copy, an edit that loses nothing when somebody else was first."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from heitje.chores.errors import ChoreNotDraft
from heitje.chores.models import Chore
from heitje.chores.publishing import draft_chore, edit_draft
from heitje.clock import local_day, now
from heitje.db.request import current_session
from heitje.errors import Conflict, HeitjeError
from heitje.identity.guards import current_member
from heitje.identity.roles import Role
from issuer_portal.choices import Choices, middle_of, read_choices
from issuer_portal.chore_form import ChoreForm, defaults, filled_from
from issuer_portal.chores import own_chore
from issuer_portal.explain import refuse
from issuer_portal.pages import acting, once, own_departments, pages, staff_only, version_of
from tenants.branding import details_of


@pages.route("/chores/new", methods=["GET", "POST"])
@staff_only(Role.EDITOR, Role.FIELD_WORKER)
@once
def new_chore() -> ResponseReturnValue:
    """Write a new draft; `?copy=<id>` begins with another chore's words."""
    session, choices = current_session(), _choices(Role.EDITOR, Role.FIELD_WORKER)
    if not choices.lines:
        return render_template("issuer_portal/chore_without_line.html", departments=choices.departments)
    form = ChoreForm(data=_beginning(choices)).offer(choices)
    if request.method == "GET":
        return _page(form, choices)
    if form.validate():
        try:
            with session.begin_nested():
                chore = draft_chore(session, form.draft(), scheme_id=_scheme_id(), by=acting(), at=now())
        except HeitjeError as refusal:
            refuse(form, refusal)
        else:
            flash(_("The draft is kept. Look at it, and publish it when it is right."))
            return redirect(url_for(".chore", chore_id=chore.id), code=303)
    return _page(form, choices), 422


@pages.route("/chores/<uuid:chore_id>/edit", methods=["GET", "POST"])
@staff_only(Role.EDITOR)
def edit_chore(chore_id: UUID) -> ResponseReturnValue:
    """Change a draft."""
    session, choices = current_session(), _choices(Role.EDITOR)
    chore = own_chore(session.scalar(select(Chore).where(Chore.id == chore_id)))
    acting().must(Role.EDITOR, chore.department_id)
    if chore.state != "draft":
        raise ChoreNotDraft(state=chore.state)
    form = ChoreForm(data=filled_from(chore)).offer(choices)
    if request.method == "GET":
        return _page(form, choices, chore=chore)
    if form.validate():
        version = version_of(form.version.data)
        try:
            with session.begin_nested():
                edit_draft(session, chore_id, form.draft(), version=version, by=acting(), at=now())
        except Conflict:
            session.refresh(chore)
            return _conflict(form, choices, chore)
        except HeitjeError as refusal:
            refuse(form, refusal)
        else:
            flash(_("The changes are kept."))
            return redirect(url_for(".chore", chore_id=chore_id), code=303)
    return _page(form, choices, chore=chore), 422


def _conflict(form: ChoreForm, choices: Choices, chore: Chore) -> ResponseReturnValue:
    """Show both versions: what the person typed stays in the form, and saving again puts it in place."""
    theirs = ChoreForm(formdata=None, data=filled_from(chore), meta={"csrf": False}).offer(choices)
    differences = [
        (str(field.label.text), _shown(theirs[field.name]), _shown(field))
        for field in form
        if field.name in theirs
        and field.name not in {"version", "csrf_token", "idempotency_key"}
        and _shown(theirs[field.name]) != _shown(field)
    ]
    form.version.raw_data, form.version.data = None, str(chore.version)
    return _page(form, choices, chore=chore, differences=differences), 409


def _shown(field: Any) -> str:
    chosen = getattr(field, "choices", None)
    if chosen:
        names = {choice.value: str(choice.label) for choice in chosen}
        values = field.data if isinstance(field.data, list) else [field.data]
        return ", ".join(names.get(str(value), "") for value in values)
    if isinstance(field.data, bool):
        return str(_("yes") if field.data else _("no"))
    return str(field._value()) if hasattr(field, "_value") else str(field.data or "")  # noqa: SLF001 - as it is shown


def _page(
    form: ChoreForm, choices: Choices, *, chore: Chore | None = None, differences: Sequence[tuple[str, str, str]] = ()
) -> str:
    lat, lon = form.lat.data, form.lon.data
    middle = middle_of(choices.neighbourhoods)
    return render_template(
        "issuer_portal/chore_form.html",
        form=form,
        chore=chore,
        differences=differences,
        middle=(lat, lon) if lat is not None and lon is not None else middle,
        zoom=17 if lat is not None and lon is not None else 13,
    )


def _beginning(choices: Choices) -> dict[str, Any]:
    try:
        source_id = UUID(request.args["copy"])
    except (KeyError, ValueError):
        return defaults(choices)
    session = current_session()
    source = own_chore(session.scalar(select(Chore).where(Chore.id == source_id)))
    values = filled_from(source) | {"version": ""}
    if local_day(source.closes_at) <= local_day(now()):
        values |= {name: value for name, value in defaults(choices).items() if name == "closes_on"}
        values |= {"starts_on": None}
    return values


def _choices(*roles: Role) -> Choices:
    return read_choices(current_session(), _scheme_id(), department_ids=own_departments(*roles))


def _scheme_id() -> UUID:
    return details_of(current_session(), current_member().tenant_id).scheme_id
