# SPDX-License-Identifier: EUPL-1.2
"""Getting to know people before they do chores that ask for it: who asks, who is vetted, and one with the decision."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session
from wtforms import BooleanField, DateField, TextAreaField
from wtforms.validators import Length

from heitje.chores.models import Vetting, VettingState
from heitje.chores.vetting import (
    accept_vetting,
    chores_under_way,
    invite_to_vetting,
    refuse_vetting,
    revoke_vetting,
    vetting_for_staff,
    vettings_asked,
    vettings_in_force,
)
from heitje.clock import local_day, now
from heitje.db.request import current_session
from heitje.errors import HeitjeError, NotFound
from heitje.identity.roles import Role
from heitje.schemes import all_categories
from heitje.web.forms import Form, Required, given, long_text
from heitje.web.links import cursor_of, read_cursor, read_day_cursor
from heitje.web.words import category_name
from issuer_portal.history import history_of
from issuer_portal.pages import acting, pages, staff_only
from tenants.members import member_names

PAGE = 30
USUAL_TERM = timedelta(days=365)


class InviteToVettingForm(Form):
    """Where to come, and with what."""

    note = TextAreaField(
        _l("What to bring, where and when"),
        validators=[Required(), Length(3, 500, _l("Use 3 to 500 characters."))],
        description=_l("It is sent as a message and by mail. Write only about the appointment, not about the person."),
    )


class AcceptVettingForm(Form):
    """That it was seen, and until when that counts. There is no field for the papers themselves."""

    valid_until = DateField(_l("Valid until"), validators=[Required()])
    seen = BooleanField(
        _l("I saw what our organisation asks for. I kept no copy of it here."),
        validators=[Required(_l("Tick this when you have seen it."))],
    )


class ReasonForm(Form):
    """Why not, or no more."""

    reason = TextAreaField(
        _l("Explanation for the participant"),
        validators=[Required(), Length(3, 1000, _l("Use 3 to 1000 characters."))],
        description=_l("Friendly and short. Write nothing about what stands on papers."),
    )


@pages.get("/vetting")
@staff_only(Role.OWNER, Role.APPROVER)
def vettings() -> ResponseReturnValue:
    """List who asks, oldest first; or who is vetted, first to end first."""
    session, text = current_session(), request.args.get("after", "")
    shows_valid = request.args.get("show") == "valid"
    if shows_valid:
        held = vettings_in_force(session, on=local_day(now()), after=read_day_cursor(text), limit=PAGE + 1)
        cursor = cursor_of(given(held[PAGE - 1].valid_until), held[PAGE - 1].id) if len(held) > PAGE else ""
    else:
        held = vettings_asked(session, after=read_cursor(text), limit=PAGE + 1)
        cursor = cursor_of(held[PAGE - 1].requested_at, held[PAGE - 1].id) if len(held) > PAGE else ""
    return render_template(
        "issuer_portal/vettings.html",
        vettings=held[:PAGE],
        shows_valid=shows_valid,
        kinds=_kinds(session),
        cursor=cursor,
        now=now(),
    )


@pages.get("/vetting/<uuid:vetting_id>")
@staff_only(Role.OWNER, Role.APPROVER)
def vetting(vetting_id: UUID) -> ResponseReturnValue:
    """Show one request or vetting with what can be done."""
    return _page(vetting_id)


@pages.post("/vetting/<uuid:vetting_id>/invite")
@staff_only(Role.OWNER, Role.APPROVER)
def invite_to_meet(vetting_id: UUID) -> ResponseReturnValue:
    """Write to the participant what to bring and where."""
    form = InviteToVettingForm(prefix="invite")
    if _did(
        form,
        lambda: invite_to_vetting(current_session(), vetting_id, note=long_text(form.note.data), by=acting(), at=now()),
    ):
        flash(_("Your note is on its way."))
        return redirect(url_for(".vetting", vetting_id=vetting_id), code=303)
    return _page(vetting_id, invite_form=form), 422


@pages.post("/vetting/<uuid:vetting_id>/accept")
@staff_only(Role.OWNER, Role.APPROVER)
def accept_person(vetting_id: UUID) -> ResponseReturnValue:
    """Let this person do such chores, until a day."""
    form = AcceptVettingForm(prefix="accept")
    if _did(
        form,
        lambda: accept_vetting(
            current_session(), vetting_id, valid_until=given(form.valid_until.data), by=acting(), at=now()
        ),
    ):
        flash(
            _("%(name)s is vetted and can sign up.", name=vetting_for_staff(current_session(), vetting_id).citizen_name)
        )
        return redirect(url_for(".vettings"), code=303)
    return _page(vetting_id, accept_form=form), 422


@pages.post("/vetting/<uuid:vetting_id>/refuse")
@staff_only(Role.OWNER, Role.APPROVER)
def refuse_person(vetting_id: UUID) -> ResponseReturnValue:
    """Say no, with a reason."""
    form = ReasonForm(prefix="refuse")
    if _did(
        form,
        lambda: refuse_vetting(
            current_session(), vetting_id, reason=long_text(form.reason.data), by=acting(), at=now()
        ),
    ):
        flash(_("The request is refused. The participant reads your explanation."))
        return redirect(url_for(".vettings"), code=303)
    return _page(vetting_id, refuse_form=form), 422


@pages.post("/vetting/<uuid:vetting_id>/revoke")
@staff_only(Role.OWNER, Role.APPROVER)
def revoke_person(vetting_id: UUID) -> ResponseReturnValue:
    """Take it back, with a reason; what was claimed stays."""
    form = ReasonForm(prefix="revoke")
    if _did(
        form,
        lambda: revoke_vetting(
            current_session(), vetting_id, reason=long_text(form.reason.data), by=acting(), at=now()
        ),
    ):
        flash(_("The vetting has ended. The participant reads your explanation."))
        return redirect(url_for(".vetting", vetting_id=vetting_id), code=303)
    return _page(vetting_id, revoke_form=form), 422


def _did(form: Form, act: Callable[[], Vetting]) -> bool:
    """Do what the form asks for; false when something forbids it, and the form says what."""
    if not form.validate():
        return False
    try:
        with current_session().begin_nested():
            act()
    except NotFound:
        raise
    except HeitjeError as refusal:
        form.refuse(refusal)
        return False
    return True


def _page(
    vetting_id: UUID,
    *,
    invite_form: Form | None = None,
    accept_form: Form | None = None,
    refuse_form: Form | None = None,
    revoke_form: Form | None = None,
) -> str:
    session = current_session()
    found, today = vetting_for_staff(session, vetting_id), local_day(now())
    is_valid = found.state == VettingState.VALID
    return render_template(
        "issuer_portal/vetting.html",
        vetting=found,
        kind=_kinds(session).get(found.category_code, found.category_code),
        decided_by="" if found.decided_by is None else member_names(session, [found.decided_by]).get(found.decided_by),
        is_over=is_valid and found.valid_until is not None and found.valid_until < today,
        under_way=chores_under_way(session, found),
        invite_form=invite_form or InviteToVettingForm(formdata=None, prefix="invite"),
        accept_form=accept_form or AcceptVettingForm(formdata=None, prefix="accept", valid_until=today + USUAL_TERM),
        refuse_form=refuse_form or ReasonForm(formdata=None, prefix="refuse"),
        revoke_form=revoke_form or ReasonForm(formdata=None, prefix="revoke"),
        history=history_of(session, f"vetting:{vetting_id}"),
    )


def _kinds(session: Session) -> dict[str, str]:
    return {category.code: category_name(category) for category in all_categories(session)}
