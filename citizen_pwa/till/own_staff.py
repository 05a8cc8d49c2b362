# SPDX-License-Identifier: EUPL-1.2
"""Who may stand at the till: the owner names people and lets them go."""

from uuid import UUID

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import StringField
from wtforms.validators import Length

from citizen_pwa.till.surroundings import pages, show
from heitje.clock import now
from heitje.db.request import current_session
from heitje.errors import HeitjeError
from heitje.identity.guards import actor, current_shop_id, owners_of_shops_only
from heitje.identity.sign_in import readable_address
from heitje.shops.staff import add_staff, set_staff_blocked, staff_of
from heitje.web.forms import Form, Required


class StaffForm(Form):
    """Somebody new at the till."""

    name = StringField(_l("Name"), validators=[Required(), Length(max=80)])
    email = StringField(_l("E-mail address"), validators=[Required(), Length(max=254)])


@pages.get("/shop/staff")
@owners_of_shops_only
def own_staff() -> ResponseReturnValue:
    """List who may stand at the till."""
    return _staff_page(StaffForm())


@pages.post("/shop/staff")
@owners_of_shops_only
def name_staff() -> ResponseReturnValue:
    """Let somebody in, who can sign in with the address from now on."""
    form = StaffForm()
    if not form.validate():
        return _staff_page(form, status=422)
    try:
        email = readable_address(form.email.data or "")
        added = add_staff(
            current_session(), shop_id=current_shop_id(), name=form.name.data or "", email=email, by=actor(), at=now()
        )
    except HeitjeError as refusal:
        form.refuse(refusal)
        return _staff_page(form, status=refusal.status)
    flash(_("%(name)s can sign in at the till now.", name=added.name), "good")
    return redirect(url_for("till.own_staff"), code=303)


@pages.post("/shop/staff/<uuid:staff_id>/block")
@owners_of_shops_only
def block_staff(staff_id: UUID) -> ResponseReturnValue:
    """Let somebody go."""
    return _set_blocked(staff_id, blocked=True)


@pages.post("/shop/staff/<uuid:staff_id>/unblock")
@owners_of_shops_only
def unblock_staff(staff_id: UUID) -> ResponseReturnValue:
    """Let somebody come back."""
    return _set_blocked(staff_id, blocked=False)


def _set_blocked(staff_id: UUID, *, blocked: bool) -> ResponseReturnValue:
    session, shop_id = current_session(), current_shop_id()
    changed = set_staff_blocked(session, shop_id=shop_id, staff_id=staff_id, blocked=blocked, by=actor(), at=now())
    if blocked:
        flash(_("%(name)s can no longer use the till.", name=changed.name), "good")
    else:
        flash(_("%(name)s can sign in at the till now.", name=changed.name), "good")
    return redirect(url_for("till.own_staff"), code=303)


def _staff_page(form: StaffForm, status: int = 200) -> ResponseReturnValue:
    people = staff_of(current_session(), current_shop_id())
    return show("own_staff.html", status=status, form=form, people=people)
