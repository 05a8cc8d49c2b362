# SPDX-License-Identifier: EUPL-1.2
"""Money onto a budget line: an amount, the payment page of the provider, and a page that waits for the money."""

from typing import Literal
from uuid import UUID

from flask import current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from heitje.clock import now
from heitje.db.request import current_session
from heitje.errors import HeitjeError, NotFound
from heitje.i18n.language import current_language
from heitje.identity.roles import Role
from heitje.jobs.process import process_settings
from heitje.purses.funding import ask_funding
from heitje.purses.models import Funding, FundingState
from heitje.web.forms import AmountField, Between, OnceForm, Required, given
from issuer_portal.budget import own_line
from issuer_portal.budget_bar import budget_bar
from issuer_portal.explain import explain
from issuer_portal.pages import acting, may, once, pages, staff_only
from tenants.billing.funding_payments import Visit, open_payment
from tenants.billing.stripe_gateway import StripeGateway

LEAST = 10_00
MOST = 250_000_00
UNDER_WAY = {FundingState.AWAITING.value, FundingState.PROCESSING.value}


class FundForm(OnceForm):
    """How much."""

    amount_cents = AmountField(
        _l("Amount"),
        validators=[Required(), Between(LEAST, MOST)],
        description=_l("In euros. 1 euro becomes 1 Heitje."),
    )


@pages.route("/budget/<uuid:line_id>/fund", methods=["GET", "POST"])
@staff_only(Role.FINANCE)
@once
def fund(line_id: UUID) -> ResponseReturnValue:
    """Ask for an amount and lead to the page on which it is paid."""
    session, form = current_session(), FundForm()
    balance = own_line(session, line_id)
    acting().must(Role.FINANCE, balance.line.department_id)
    if request.method == "POST" and form.validate():
        try:
            with session.begin_nested():
                funding = ask_funding(
                    session, line_id, amount_cents=given(form.amount_cents.data), by=acting(), at=now()
                )
        except HeitjeError as refusal:
            form.refuse(refusal)
        else:
            _open_payment_page(funding.id)
            return redirect(url_for(".funding", funding_id=funding.id), code=303)
    page = render_template("issuer_portal/fund.html", form=form, line=balance.line, bar=budget_bar(balance))
    return page, 422 if form.errors else 200


@pages.get("/fundings/<uuid:funding_id>")
@staff_only(Role.FINANCE)
def funding(funding_id: UUID) -> ResponseReturnValue:
    """Show a funding: pay it, wait for it, or see that it came."""
    return render_template("issuer_portal/funding.html", **_found(funding_id))


@pages.get("/fundings/<uuid:funding_id>/state")
@staff_only(Role.FINANCE)
def funding_state(funding_id: UUID) -> ResponseReturnValue:
    """Return the part of the page that changes while the money is on its way."""
    return render_template("issuer_portal/funding_state.html", **_found(funding_id))


@pages.post("/fundings/<uuid:funding_id>/pay")
@staff_only(Role.FINANCE)
def pay_again(funding_id: UUID) -> ResponseReturnValue:
    """Make a payment page again, after the last one failed or expired."""
    _found(funding_id)
    _open_payment_page(funding_id)
    return redirect(url_for(".funding", funding_id=funding_id), code=303)


def _open_payment_page(funding_id: UUID) -> None:
    """A provider that does not answer leaves the funding as it is, to be paid later."""
    session = current_session()
    back = process_settings().public_url.rstrip("/") + url_for(".funding", funding_id=funding_id)
    language: Literal["nl", "en"] = "en" if current_language() == "en" else "nl"
    visit = Visit(success_url=f"{back}?paid=1", cancel_url=back, language=language)
    try:
        with session.begin_nested():
            open_payment(session, _gateway(), funding_id, by=acting(), visit=visit)
    except HeitjeError as refusal:
        flash(explain(refusal), "error")


def _gateway() -> StripeGateway:
    gateway = current_app.extensions["portal_payments"]
    assert isinstance(gateway, StripeGateway)  # noqa: S101 - set in init_app
    return gateway


def _found(funding_id: UUID) -> dict[str, object]:
    session = current_session()
    found = session.scalar(select(Funding).where(Funding.id == funding_id))
    if found is None:
        raise NotFound(kind="funding")
    balance = own_line(session, found.budget_line_id)
    acting().must(Role.FINANCE, balance.line.department_id)
    return {
        "funding": found,
        "line": balance.line,
        "bar": budget_bar(balance),
        "is_under_way": found.state in UNDER_WAY,
        "may_write": may(Role.EDITOR) or may(Role.FIELD_WORKER),
        "came_back": request.args.get("paid") == "1",
        "title": _("Fund %(name)s", name=balance.line.name),
    }
