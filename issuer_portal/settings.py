# SPDX-License-Identifier: EUPL-1.2
"""Settings of the organisation: name and colour, addresses and policy, and the ways to sign in. Owners only."""

from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import ColorField, EmailField, HiddenField, PasswordField, StringField, TextAreaField
from wtforms.validators import Length, Regexp
from wtforms.validators import Optional as MayBeEmpty

from heitje.clock import now
from heitje.db.request import current_session
from heitje.errors import Conflict
from heitje.identity.guards import current_member
from heitje.identity.roles import Role
from heitje.jobs.process import process_settings
from heitje.web.forms import EmailShape, Form, Required, given, long_text, one_line
from issuer_portal.history import history_of
from issuer_portal.navigation import frame_portal
from issuer_portal.pages import acting, pages, staff_only, version_of
from tenants.branding import Contacts, change_contacts, change_look, details_of
from tenants.providers import add_provider, providers_of, switch_provider


class LookForm(Form):
    """What people see."""

    version = HiddenField()
    name = StringField(_l("Name"), validators=[Required(), Length(2, 120, _l("Use 2 to 120 characters."))])
    brand_colour = ColorField(
        _l("Colour"),
        validators=[Required(), Regexp(r"^#[0-9a-fA-F]{6}$", message=_l("Choose a colour."))],
        description=_l("Of your house style. We make it darker where white text could not be read on it."),
    )


class ContactsForm(Form):
    """Where bills and questions go."""

    billing_email = EmailField(
        _l("E-mail address for invoices"),
        validators=[MayBeEmpty(), EmailShape()],
    )
    billing_reference = StringField(
        _l("Your reference on invoices"), validators=[Length(max=80, message=_l("Use at most 80 characters."))]
    )
    address = TextAreaField(
        _l("Postal address"), validators=[Length(max=300, message=_l("Use at most 300 characters."))]
    )
    privacy_contact = StringField(
        _l("Contact for privacy"),
        validators=[Length(max=200, message=_l("Use at most 200 characters."))],
        description=_l("The e-mail address of your data protection officer."),
    )
    non_displacement_policy = TextAreaField(
        _l("How you make sure that no paid work is replaced"),
        validators=[Length(max=4000, message=_l("Use at most 4000 characters."))],
        description=_l("Who checks chores on this, and where staff can go with an objection."),
    )


class ProviderForm(Form):
    """An OpenID provider."""

    name = StringField(_l("Name on the button"), validators=[Required(), Length(2, 80, _l("Use 2 to 80 characters."))])
    issuer = StringField(
        _l("Issuer"),
        validators=[
            Required(),
            Regexp(r"^https?://[^\s]{3,300}$", message=_l("Type an address that begins with https://.")),
        ],
        description=_l("The address that names the service, such as https://login.microsoftonline.com/…/v2.0"),
    )
    client_id = StringField(_l("Client ID"), validators=[Required(), Length(1, 200, _l("Use at most 200 characters."))])
    client_secret = PasswordField(
        _l("Client secret"), validators=[Length(max=500, message=_l("Use at most 500 characters."))]
    )


@pages.route("/settings", methods=["GET", "POST"])
@staff_only(Role.OWNER)
def settings() -> ResponseReturnValue:
    """Show and change name and colour."""
    session, tenant = current_session(), current_member().tenant
    form = LookForm(data={"name": tenant.name, "brand_colour": tenant.brand_colour, "version": str(tenant.version)})
    if request.method == "POST" and form.validate():
        try:
            change_look(
                session,
                name=one_line(form.name.data),
                brand_colour=given(form.brand_colour.data).lower(),
                version=version_of(form.version.data),
                by=acting(),
                at=now(),
            )
        except Conflict:
            form.form_errors.append(_("A colleague changed this just now. Look at it, and save again."))
            form.version.raw_data, form.version.data = None, str(tenant.version)
            return _page(form, _contacts_form()), 409
        flash(_("Name and colour are kept."))
        return redirect(url_for(".settings"), code=303)
    return _page(form, _contacts_form()), 422 if form.errors else 200


@pages.post("/settings/contacts")
@staff_only(Role.OWNER)
def contacts() -> ResponseReturnValue:
    """Change addresses and policy."""
    form = ContactsForm()
    if form.validate():
        change_contacts(current_session(), contacts_from(form), by=acting(), at=now())
        flash(_("The addresses are kept."))
        return redirect(url_for(".settings"), code=303)
    tenant = current_member().tenant
    look = LookForm(
        formdata=None,
        data={"name": tenant.name, "brand_colour": tenant.brand_colour, "version": str(tenant.version)},
    )
    return _page(look, form), 422


@pages.route("/settings/providers/new", methods=["GET", "POST"])
@staff_only(Role.OWNER)
def new_provider() -> ResponseReturnValue:
    """Add the organisation's own OpenID provider."""
    session, form = current_session(), ProviderForm()
    if request.method == "POST" and form.validate():
        add_provider(
            session,
            name=one_line(form.name.data),
            issuer=one_line(form.issuer.data),
            client_id=one_line(form.client_id.data),
            client_secret=one_line(form.client_secret.data),
            by=acting(),
            at=now(),
        )
        flash(_("Your colleagues can sign in this way now. Try it before you switch the other one off."))
        return redirect(url_for(".settings"), code=303)
    callback = f"{process_settings().public_url.rstrip('/')}/portal/{current_member().tenant.slug}/sign-in/callback"
    page = render_template("issuer_portal/provider_form.html", form=form, callback_url=callback)
    return page, 422 if form.errors else 200


@pages.post("/settings/providers/<uuid:provider_id>")
@staff_only(Role.OWNER)
def provider(provider_id: UUID) -> ResponseReturnValue:
    """Switch a way to sign in on or off."""
    switch_provider(current_session(), provider_id, enabled=request.form.get("enabled") == "yes", by=acting(), at=now())
    flash(_("This is changed."))
    return redirect(url_for(".settings"), code=303)


def contacts_from(form: ContactsForm) -> Contacts:
    """Return what the form says."""
    return Contacts(
        billing_email=one_line(form.billing_email.data).lower(),
        billing_reference=one_line(form.billing_reference.data),
        address=long_text(form.address.data),
        privacy_contact=one_line(form.privacy_contact.data),
        non_displacement_policy=long_text(form.non_displacement_policy.data),
    )


def _contacts_form() -> ContactsForm:
    details = details_of(current_session(), current_member().tenant_id)
    return ContactsForm(formdata=None, obj=details)


def _page(look: LookForm, addresses: ContactsForm) -> str:
    session, member = current_session(), current_member()
    frame_portal(member)
    return render_template(
        "issuer_portal/settings.html",
        look=look,
        contacts=addresses,
        tenant=member.tenant,
        details=details_of(session, member.tenant_id),
        providers=providers_of(session),
        history=history_of(session, f"tenant:{member.tenant_id}"),
    )
