# SPDX-License-Identifier: EUPL-1.2
"""What the platform charges the organisation: invoices, each with its lines and where to pay."""

from uuid import UUID

from flask import render_template
from flask.typing import ResponseReturnValue

from heitje.clock import local_day, now
from heitje.db.request import current_session
from heitje.i18n.language import current_language
from heitje.identity.guards import current_member
from heitje.identity.roles import Role
from issuer_portal.pages import pages, staff_only
from tenants.billing.invoices import invoice_with_lines
from tenants.billing.invoices import invoices as invoices_of
from tenants.billing.sending import line_text, month_name


@pages.get("/invoices")
@staff_only(Role.FINANCE, Role.OWNER)
def invoices() -> ResponseReturnValue:
    """List the invoices, newest first."""
    found = invoices_of(current_session(), tenant_id=current_member().tenant_id)
    return render_template("issuer_portal/invoices.html", invoices=found, month_name=month_name, today=local_day(now()))


@pages.get("/invoices/<uuid:invoice_id>")
@staff_only(Role.FINANCE, Role.OWNER)
def invoice(invoice_id: UUID) -> ResponseReturnValue:
    """Show one invoice, as it can be printed."""
    found = invoice_with_lines(current_session(), invoice_id)
    return render_template(
        "issuer_portal/invoice.html",
        invoice=found,
        lines=[(line, line_text(line, current_language())) for line in found.lines],
        month=month_name(found.month),
        vat_percentage=found.vat_permille // 10,
        today=local_day(now()),
    )
