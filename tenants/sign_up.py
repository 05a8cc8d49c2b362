# SPDX-License-Identifier: EUPL-1.2
"""The pages by which an organisation comes in: what it gets, signing in through the platform, and one form."""

from typing import Any
from uuid import uuid4

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from wtforms import ColorField, EmailField, RadioField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import Length, Regexp, ValidationError
from wtforms.validators import Optional as MayBeEmpty

from heitje.clock import now
from heitje.config import Settings
from heitje.db.request import current_session, databases, enter_scope
from heitje.db.scope import Scope
from heitje.errors import NotFound
from heitje.identity.models import Member
from heitje.identity.oidc_client import VerifiedIdentity
from heitje.identity.people import find_tenant
from heitje.identity.portal_sign_in import sign_in_member, verified_identity
from heitje.schemes import main_scheme
from heitje.web.forms import EmailShape, Form, Required, given, long_text, one_line
from heitje.web.frame import frame_page
from heitje.web.security import allow_form_target
from tenants.onboarding import Application, Founder, open_tenant, suggested_slug

sign_up = Blueprint("sign_up", __name__, url_prefix="/portal", template_folder="templates")

MAX_DEPARTMENTS = 20
COLOURS = {"municipality": "#00508c", "housing": "#7b1e5b", "care": "#0b6340", "other": "#46307f"}
PROVIDER_NAME = _l("your work account")


class OrganisationForm(Form):
    """What an organisation says of itself."""

    name = StringField(
        _l("Name of the organisation"), validators=[Required(), Length(2, 120, _l("Use 2 to 120 characters."))]
    )
    kind = RadioField(
        _l("Kind"),
        choices=[
            SelectChoice("municipality", _l("Municipality")),
            SelectChoice("housing", _l("Housing corporation")),
            SelectChoice("care", _l("Care organisation")),
            SelectChoice("other", _l("Another organisation")),
        ],
        default="municipality",
    )
    slug = StringField(
        _l("Short name"),
        validators=[
            MayBeEmpty(),
            Regexp(
                r"^[a-z][a-z0-9-]{1,38}[a-z0-9]$",
                message=_l("Use 3 to 40 small letters, digits and dashes; begin with a letter."),
            ),
        ],
        description=_l("For the address of your portal. Leave it empty and we make one of your name."),
    )
    kvk_number = StringField(
        _l("Chamber-of-commerce number"),
        validators=[
            Required(),
            Regexp(r"^[0-9]{8}$", message=_l("A KvK number has 8 digits, without spaces. You find it on kvk.nl.")),
        ],
        filters=[lambda text: text.strip() if text else text],
    )
    departments = TextAreaField(
        _l("Departments"),
        validators=[Required()],
        description=_l("Which publish chores and have a budget, one per line. You can add more later."),
    )
    address = TextAreaField(
        _l("Postal address"), validators=[Length(max=300, message=_l("Use at most 300 characters."))]
    )
    billing_email = EmailField(
        _l("E-mail address for invoices"),
        validators=[
            Required(),
            Length(max=254, message=_l("This address is too long.")),
            EmailShape(),
        ],
    )
    billing_reference = StringField(
        _l("Your reference on invoices"), validators=[Length(max=80, message=_l("Use at most 80 characters."))]
    )
    privacy_contact = StringField(
        _l("Contact for privacy"),
        validators=[Length(max=200, message=_l("Use at most 200 characters."))],
        description=_l("The e-mail address of your data protection officer."),
    )
    brand_colour = ColorField(
        _l("Colour"),
        validators=[MayBeEmpty(), Regexp(r"^#[0-9a-fA-F]{6}$", message=_l("Choose a colour."))],
        default="#00508c",
        description=_l("Of your house style. You can change it later."),
    )

    def validate_departments(self, field: TextAreaField) -> None:
        """Refuse names that are too short or long, or too many."""
        names = self.department_names()
        if len(names) > MAX_DEPARTMENTS:
            raise ValidationError(_("Begin with at most 20 departments."))
        if not names or any(not 2 <= len(name) <= 80 for name in names):
            raise ValidationError(_("Write each department on a line of its own, in 2 to 80 characters."))
        del field

    def department_names(self) -> list[str]:
        """Return the lines, each once."""
        lines = [" ".join(line.split()) for line in (self.departments.data or "").splitlines()]
        once: dict[str, str] = {}
        for line in filter(None, lines):
            once.setdefault(line.lower(), line)
        return list(once.values())


@sign_up.before_request
def surroundings() -> None:
    """Put the platform's own frame around these pages."""
    frame_page(name="Heitje", place=_("For organisations"), home_url="/")


@sign_up.get("/")
def landing() -> ResponseReturnValue:
    """Say what an organisation gets, and let it begin; or find its own portal."""
    settings = _settings()
    if settings.oidc_issuer:
        allow_form_target(settings.oidc_issuer)
    identity = verified_identity()
    return render_template(
        "tenants/landing.html",
        can_begin=bool(settings.oidc_issuer),
        identity=identity,
        scheme=main_scheme(current_session()),
        next=url_for(".new"),
    )


@sign_up.get("/go")
def find_portal() -> ResponseReturnValue:
    """Lead to the portal whose short name was typed, or say that there is none."""
    name = request.args.get("name", "")[:80]
    slug = suggested_slug(name)
    try:
        find_tenant(current_session(), slug)
    except NotFound:
        flash(
            _(
                "We know no organisation “%(name)s”. Type its whole name, or use the link in your invitation.",
                name=name,
            ),
            "warn",
        )
        return redirect(url_for(".landing", name=name), code=303)
    return redirect(url_for("portal.sign_in", tenant=slug), code=303)


@sign_up.route("/new", methods=["GET", "POST"])
def new() -> ResponseReturnValue:
    """Ask for the organisation, and open it."""
    identity = verified_identity()
    if identity is None:
        return redirect(url_for(".landing"), code=303)
    form = OrganisationForm(data={} if request.method == "POST" else {"billing_email": identity.email})
    if request.method == "POST" and form.validate():
        return _open(form, identity)
    page = render_template("tenants/new.html", form=form, identity=identity)
    return page, 422 if form.errors else 200


def _open(form: OrganisationForm, identity: VerifiedIdentity) -> ResponseReturnValue:
    settings, tenant_id = _settings(), uuid4()
    with databases().as_visitor() as visitor:
        scheme_id = main_scheme(visitor).id
    # Its own scope from the first row on; the new id is what lets it in.
    enter_scope(Scope(tenant_id=tenant_id))
    session = current_session()
    tenant = open_tenant(
        session,
        tenant_id,
        _application(form, scheme_id),
        founder=Founder(
            subject=identity.subject,
            email=identity.email,
            name=identity.name,
            provider_name=str(PROVIDER_NAME),
            issuer=settings.oidc_issuer,
            client_id=settings.oidc_client_id,
        ),
        at=now(),
    )
    member_id = session.scalars(select(Member.id)).one()
    sign_in_member(tenant_id, member_id)
    flash(
        _("Welcome! %(name)s can practise now. Its portal is at /portal/%(slug)s/.", name=tenant.name, slug=tenant.slug)
    )
    return redirect(url_for("portal.go_live", tenant=tenant.slug), code=303)


def _application(form: OrganisationForm, scheme_id: Any) -> Application:
    name = one_line(form.name.data)
    return Application(
        scheme_id=scheme_id,
        name=name,
        kind=form.kind.data,
        slug=form.slug.data or suggested_slug(name),
        kvk_number=given(form.kvk_number.data),
        departments=form.department_names(),
        billing_email=one_line(form.billing_email.data).lower(),
        billing_reference=one_line(form.billing_reference.data),
        address=long_text(form.address.data),
        privacy_contact=one_line(form.privacy_contact.data),
        brand_colour=(form.brand_colour.data or COLOURS[form.kind.data]).lower(),
    )


def _settings() -> Settings:
    settings = current_app.extensions["settings"]
    assert isinstance(settings, Settings)  # noqa: S101 - set in create_app
    return settings
