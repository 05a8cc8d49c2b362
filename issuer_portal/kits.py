# SPDX-License-Identifier: EUPL-1.2
"""Kits with tools, and the pick-up points where they are handed out."""

from collections.abc import Mapping
from uuid import UUID, uuid4

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload
from wtforms import SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import Length

from heitje import audit
from heitje.chores.models import Kit, PickupPoint
from heitje.clock import now
from heitje.db.request import current_session
from heitje.errors import NotFound
from heitje.identity.guards import current_member
from heitje.identity.roles import Role
from heitje.web.forms import Form, Required, long_text, one_line
from issuer_portal.choices import kits_of, middle_of, neighbourhoods_of
from issuer_portal.number_fields import CoordinateField
from issuer_portal.pages import acting, may, pages, staff_only
from tenants.branding import details_of


class PickupPointForm(Form):
    """A building with opening hours."""

    name = StringField(_l("Name"), validators=[Required(), Length(2, 80, _l("Use 2 to 80 characters."))])
    address = StringField(_l("Address"), validators=[Required(), Length(2, 200, _l("Use 2 to 200 characters."))])
    opening_hours = TextAreaField(
        _l("Opening hours"),
        validators=[Required(), Length(3, 500, _l("Use 3 to 500 characters."))],
        description=_l("As people say it: Monday to Friday 9.00 to 17.00."),
    )
    lat = CoordinateField(_l("Latitude"), validators=[Required(_l("Choose the place on the map."))])
    lon = CoordinateField(_l("Longitude"), validators=[Required(_l("Choose the place on the map."))])


class KitForm(Form):
    """A box of tools."""

    name = StringField(_l("Name"), validators=[Required(), Length(2, 80, _l("Use 2 to 80 characters."))])
    pickup_point_id = SelectField(_l("Pick-up point"), validators=[Required()])
    contents = TextAreaField(
        _l("What is in it"),
        validators=[Required(), Length(2, 2000, _l("Use 2 to 2000 characters."))],
        description=_l("One thing per line."),
    )
    instructions = TextAreaField(
        _l("How to use it"), validators=[Required(), Length(2, 2000, _l("Use 2 to 2000 characters."))]
    )


@pages.get("/kits")
@staff_only()
def kits() -> ResponseReturnValue:
    """List kits and pick-up points."""
    session = current_session()
    points = session.scalars(select(PickupPoint).order_by(func.lower(PickupPoint.name))).all()
    return render_template("issuer_portal/kits.html", kits=kits_of(session), points=points, may_manage=may(Role.EDITOR))


@pages.route("/kits/new", methods=["GET", "POST"])
@pages.route("/kits/<uuid:kit_id>", methods=["GET", "POST"], endpoint="kit")
@staff_only(Role.EDITOR)
def new_kit(kit_id: UUID | None = None) -> ResponseReturnValue:
    """Add or change a kit."""
    session = current_session()
    points = session.scalars(select(PickupPoint).order_by(func.lower(PickupPoint.name))).all()
    kit = None
    if kit_id is not None:
        kit = session.scalar(select(Kit).where(Kit.id == kit_id).options(joinedload(Kit.pickup_point)))
        if kit is None:
            raise NotFound(kind="kit")
    form = KitForm(obj=kit, data=None if kit is None else {"pickup_point_id": str(kit.pickup_point_id)})
    form.pickup_point_id.choices = [SelectChoice(str(point.id), point.name) for point in points]
    if request.method == "POST" and form.validate():
        row = kit or Kit(tenant_id=current_member().tenant_id, id=uuid4())
        values = {
            "name": one_line(form.name.data),
            "pickup_point_id": UUID(form.pickup_point_id.data),
            "contents": long_text(form.contents.data),
            "instructions": long_text(form.instructions.data),
        }
        if _keep(row, values, form, f"kit.{'added' if kit is None else 'changed'}"):
            flash(_("The kit is kept."))
            return redirect(url_for(".kits"), code=303)
    page = render_template("issuer_portal/kit_form.html", form=form, kit=kit, has_points=bool(points))
    return page, 422 if form.errors else 200


@pages.route("/pickup-points/new", methods=["GET", "POST"])
@pages.route("/pickup-points/<uuid:point_id>", methods=["GET", "POST"], endpoint="pickup_point")
@staff_only(Role.EDITOR)
def new_pickup_point(point_id: UUID | None = None) -> ResponseReturnValue:
    """Add or change a pick-up point."""
    session = current_session()
    point = None
    if point_id is not None:
        point = session.scalar(select(PickupPoint).where(PickupPoint.id == point_id))
        if point is None:
            raise NotFound(kind="pick-up point")
    form = PickupPointForm(obj=point)
    if request.method == "POST" and form.validate():
        row = point or PickupPoint(tenant_id=current_member().tenant_id, id=uuid4())
        values = {
            "name": one_line(form.name.data),
            "address": one_line(form.address.data),
            "opening_hours": long_text(form.opening_hours.data),
            "lat": form.lat.data,
            "lon": form.lon.data,
        }
        if _keep(row, values, form, f"pickup_point.{'added' if point is None else 'changed'}"):
            flash(_("The pick-up point is kept."))
            return redirect(url_for(".kits"), code=303)
    scheme_id = details_of(session, current_member().tenant_id).scheme_id
    page = render_template(
        "issuer_portal/pickup_point_form.html",
        form=form,
        point=point,
        middle=(point.lat, point.lon) if point is not None else middle_of(neighbourhoods_of(session, scheme_id)),
        zoom=16 if point is not None else 13,
    )
    return page, 422 if form.errors else 200


def _keep(row: Kit | PickupPoint, values: Mapping[str, object], form: KitForm | PickupPointForm, action: str) -> bool:
    """Write the row and its record; a name that is taken is said at the field."""
    session, by = current_session(), acting()
    try:
        with session.begin_nested():
            for name, value in values.items():
                setattr(row, name, value)
            session.add(row)
    except IntegrityError as error:
        if "_tenant_id_name_key" not in str(error.orig):
            raise
        form.name.errors = [_("You have one with this name already.")]
        return False
    subject = f"{action.partition('.')[0]}:{row.id}"
    audit.record(session, action, by=by.actor, subject=subject, at=now(), tenant_id=by.tenant_id)
    return True
