# SPDX-License-Identifier: EUPL-1.2
"""REST: the public price list; and for operators use, invoices and messages of the provider that did not fit."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import Flask, current_app
from flask.views import MethodView
from marshmallow import fields, validate

from heitje.admin_api.base import OperatorView, admin_blueprint
from heitje.clock import local_day, now
from heitje.config import Settings
from heitje.db.request import current_session
from heitje.errors import Conflict
from heitje.idempotency import counts_once
from heitje.identity.guards import actor
from heitje.jobs.queue import enqueue
from heitje.web.api import PREFIX, ApiBlueprint, CamelSchema, PageQuery, link_next
from tenants.billing.invoices import InvoiceCode, invoice_with_lines, invoices, issue_invoice
from tenants.billing.jobs import SEND_INVOICE
from tenants.billing.metering import measure, metered
from tenants.billing.models import Invoice, Metric, StripeEvent, Tariff
from tenants.billing.sending import note_transfer
from tenants.billing.stripe_events import unexpected_events
from tenants.billing.stripe_gateway import StripeGateway
from tenants.billing.tariff import PriceList, publish_tariff, tariffs

METRICS = [metric.value for metric in Metric]
GATEWAY = "billing_gateway"

public = ApiBlueprint("tariffs", __name__, url_prefix=PREFIX, description="The price list, for everybody.")
admin = admin_blueprint("billing", "Price lists, metered use, invoices.")


class NothingToCharge(Conflict):
    """The organisation used nothing in this month, or its year is at the cap."""

    code = "nothing-to-charge"
    title = "There is nothing to charge for this month."


class BandSchema(CamelSchema):
    """From this many units in a month on, one unit costs this."""

    metric = fields.String(required=True, validate=validate.OneOf(METRICS))
    from_quantity = fields.Integer(required=True, strict=True, validate=validate.Range(1, 10**9))
    unit_cents = fields.Integer(required=True, strict=True, validate=validate.Range(0, 10**8))


class PriceListSchema(CamelSchema):
    """A price list: its bands, and the cap above which a year costs nothing more. Without VAT."""

    name = fields.String(required=True, validate=validate.Length(2, 80))
    starts_on = fields.Date(required=True)
    yearly_cap_cents = fields.Integer(required=True, strict=True, validate=validate.Range(0, 10**10))
    vat_permille = fields.Integer(required=True, strict=True, validate=validate.Range(0, 1000))
    bands = fields.List(fields.Nested(BandSchema), required=True, validate=validate.Length(1, 100))


class TariffSchema(PriceListSchema):
    """A published price list."""

    id = fields.UUID(dump_only=True)
    published_at = fields.AwareDateTime(dump_only=True)


class MonthQuery(CamelSchema):
    """Any day in the month that is meant; the running one unless said."""

    month = fields.Date()


class UsageSchema(CamelSchema):
    """What a month came to: written down once it is charged, live before."""

    month = fields.Date()
    closed = fields.Boolean()
    quantities = fields.Dict(keys=fields.String(), values=fields.Integer())


class InvoiceToIssueSchema(CamelSchema):
    """Whom to charge, and for which month: any day in it."""

    tenant_id = fields.UUID(required=True)
    month = fields.Date(required=True)
    up_to_now = fields.Boolean(load_default=False)
    """Charge a month that still runs up to now, and the rest of it never: for an organisation that leaves."""


class InvoiceLineSchema(CamelSchema):
    """Metric x unit."""

    metric = fields.String()
    quantity = fields.Integer()
    unit_cents = fields.Integer()
    net_cents = fields.Integer()
    vat_cents = fields.Integer()


class InvoiceSchema(CamelSchema):
    """What a tenant is charged for a month."""

    id = fields.UUID()
    tenant_id = fields.UUID()
    code = fields.String()
    month = fields.Date()
    state = fields.String()
    issued_on = fields.Date()
    due_on = fields.Date()
    net_cents = fields.Integer()
    vat_cents = fields.Integer()
    total_cents = fields.Integer()
    pay_url = fields.String()
    paid_at = fields.AwareDateTime(allow_none=True)


class InvoiceWithLinesSchema(InvoiceSchema):
    """An invoice with its lines."""

    lines = fields.List(fields.Nested(InvoiceLineSchema))


class EventSchema(CamelSchema):
    """A message of the payment provider that does not fit our books."""

    id = fields.String()
    type = fields.String()
    object_id = fields.String()
    received_at = fields.AwareDateTime()
    explanation = fields.String()


@public.route("/tariffs")
class Tariffs(MethodView):
    """What organisations pay. Citizens and shops pay nothing."""

    @public.response(200, TariffSchema(many=True))
    @public.doc(security=[])
    def get(self) -> Sequence[Tariff]:
        """List price lists, newest first."""
        return tariffs(current_session())


@admin.route("/tariffs")
class AdminTariffs(OperatorView):
    """Publishing prices."""

    @counts_once
    @admin.arguments(PriceListSchema)
    @admin.response(201, TariffSchema)
    def post(self, said: dict[str, Any]) -> Tariff:
        """Publish a price list that holds from the first day of a later month on."""
        bands: dict[Metric, dict[int, int]] = {}
        for band in said.pop("bands"):
            bands.setdefault(Metric(band["metric"]), {})[band["from_quantity"]] = band["unit_cents"]
        return publish_tariff(current_session(), PriceList(**said, bands=bands), by=actor(), at=now())


@admin.route("/tenants/<uuid:tenant_id>/usage")
class Usage(OperatorView):
    """Metered use, by the same figures that the tenant sees."""

    @admin.arguments(MonthQuery, location="query")
    @admin.response(200, UsageSchema)
    def get(self, said: dict[str, Any], tenant_id: UUID) -> dict[str, Any]:
        """Return what a month came to."""
        month = said.get("month", local_day(now())).replace(day=1)
        written = metered(current_session(), tenant_id=tenant_id, month=month)
        found = written or measure(current_session(), tenant_id=tenant_id, month=month)
        quantities = {metric.value: quantity for metric, quantity in found.items()}
        return {"month": month, "closed": bool(written), "quantities": quantities}


@admin.route("/invoices")
class Invoices(OperatorView):
    """All invoices."""

    @admin.arguments(PageQuery, location="query")
    @admin.response(200, InvoiceSchema(many=True))
    def get(self, wanted: dict[str, Any]) -> tuple[Sequence[Invoice], int, dict[str, str]]:
        """List invoices, newest number first."""
        size = wanted["page_size"]
        before = InvoiceCode.read(wanted["after"]) if wanted["after"] else None
        found = invoices(current_session(), before=before, limit=size)
        cursor = found[-1].code if len(found) == size else None
        return found, 200, link_next({}, cursor, size)

    @counts_once
    @admin.arguments(InvoiceToIssueSchema)
    @admin.response(201, InvoiceWithLinesSchema)
    def post(self, said: dict[str, Any]) -> Invoice:
        """Charge an organisation for a month and have the invoice sent; the monthly run does so by itself."""
        session = current_session()
        invoice = issue_invoice(session, **said, at=now())
        if invoice is None:
            raise NothingToCharge
        key = str(invoice.id)
        enqueue(session, SEND_INVOICE, key=key, tenant_id=invoice.tenant_id, invoice_id=invoice.id)
        return invoice


@admin.route("/invoices/<uuid:invoice_id>")
class OneInvoice(OperatorView):
    """One invoice."""

    @admin.response(200, InvoiceWithLinesSchema)
    def get(self, invoice_id: UUID) -> Invoice:
        """Return the invoice with its lines."""
        return invoice_with_lines(current_session(), invoice_id)


@admin.route("/invoices/<uuid:invoice_id>/transfer")
class Transfer(OperatorView):
    """Money that the bank statement shows."""

    @counts_once
    @admin.response(200, InvoiceSchema)
    def post(self, invoice_id: UUID) -> Invoice:
        """Note that the invoice was paid by a transfer outside the provider."""
        session, at = current_session(), now()
        tenant_id = invoice_with_lines(session, invoice_id).tenant_id
        return note_transfer(session, _gateway(), tenant_id=tenant_id, invoice_id=invoice_id, by=actor(), at=at)


@admin.route("/payment-events/unexpected")
class UnexpectedEvents(OperatorView):
    """What somebody must look at."""

    @admin.response(200, EventSchema(many=True))
    def get(self) -> Sequence[StripeEvent]:
        """List the messages of the last 90 days that did not fit our books, newest first; nothing was changed."""
        return unexpected_events(current_session(), since=now() - timedelta(days=90))


def init_app(app: Flask, settings: Settings) -> None:
    """Put these resources on the API that the kernel made."""
    app.extensions[GATEWAY] = StripeGateway(settings)
    for blueprint in (public, admin):
        app.extensions["heitje_api"].register_blueprint(blueprint)


def _gateway() -> StripeGateway:
    gateway = current_app.extensions[GATEWAY]
    assert isinstance(gateway, StripeGateway)  # noqa: S101 - set in init_app
    return gateway
