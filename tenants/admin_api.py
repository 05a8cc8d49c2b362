# SPDX-License-Identifier: EUPL-1.2
"""The operators' API for organisations: who there is, and letting them take part (two operators)."""

from typing import Any
from uuid import UUID

from marshmallow import fields, validate

from heitje.admin_api.base import OperatorView, admin_blueprint
from heitje.admin_api.cursors import cursor_of, read_cursor
from heitje.clock import now
from heitje.db.request import current_session
from heitje.idempotency import counts_once
from heitje.identity.guards import actor
from heitje.web.api import CamelSchema, PageQuery, link_next
from tenants.admission import TenantCase, admit_tenant, tenant_case, tenants_known

blueprint = admin_blueprint("tenants", "Organisations that publish chores, and their admission.")

STATES = ("applied", "sandbox", "verifying", "live", "restricted", "suspended", "winding_down", "closed")


class TenantsQuery(PageQuery):
    """Which organisations."""

    state = fields.String(load_default="", validate=validate.OneOf(("", *STATES)))


class AdmissionSchema(CamelSchema):
    """What one operator decided."""

    operator_id = fields.UUID()
    decision = fields.String()
    reason = fields.String()
    at = fields.AwareDateTime()


class TenantSchema(CamelSchema):
    """An organisation: who it says it is, and how far it is."""

    id = fields.UUID()
    slug = fields.String()
    name = fields.String()
    kind = fields.String()
    state = fields.String()
    created_at = fields.AwareDateTime()
    scheme_id = fields.UUID(allow_none=True)
    kvk_number = fields.String(allow_none=True)
    kvk_confirmed = fields.Boolean()
    agreement_version = fields.String(allow_none=True)


class TenantCaseSchema(TenantSchema):
    """The same, with where to reach it and every decision, newest first."""

    address = fields.String()
    billing_email = fields.String()
    privacy_contact = fields.String()
    non_displacement_policy = fields.String()
    agreement_accepted_at = fields.AwareDateTime(allow_none=True)
    decisions = fields.List(fields.Nested(AdmissionSchema))


class DecisionSchema(CamelSchema):
    """Admit or refuse; a refusal says why."""

    decision = fields.String(required=True, validate=validate.OneOf(("admit", "refuse")))
    reason = fields.String(load_default="", validate=validate.Length(max=1000))


@blueprint.route("/tenants")
class Tenants(OperatorView):
    """All organisations."""

    @blueprint.arguments(TenantsQuery, location="query")
    @blueprint.response(200, TenantSchema(many=True))
    def get(self, wanted: dict[str, Any]) -> tuple[list[dict[str, Any]], int, dict[str, str]]:
        """List organisations, newest first."""
        size = wanted["page_size"]
        cases = tenants_known(current_session(), state=wanted["state"], after=read_cursor(wanted["after"]), limit=size)
        last = cases[-1].tenant if len(cases) == size else None
        cursor = cursor_of(last.created_at, last.id) if last is not None else None
        return [_as_row(case) for case in cases], 200, link_next({}, cursor, size)


@blueprint.route("/tenants/<uuid:tenant_id>")
class OneTenant(OperatorView):
    """One organisation."""

    @blueprint.response(200, TenantCaseSchema)
    def get(self, tenant_id: UUID) -> dict[str, Any]:
        """Return an organisation with the decisions on it."""
        return _as_case(tenant_case(current_session(), tenant_id))


@blueprint.route("/tenants/<uuid:tenant_id>/decisions")
class TenantDecisions(OperatorView):
    """Decisions on the request to take part."""

    decorators = [counts_once, *OperatorView.decorators]  # noqa: RUF012 - flask.views' own way

    @blueprint.arguments(DecisionSchema)
    @blueprint.response(201, TenantCaseSchema)
    def post(self, said: dict[str, Any], tenant_id: UUID) -> dict[str, Any]:
        """Admit or refuse. The second operator who admits makes the organisation live."""
        session = current_session()
        admit_tenant(session, tenant_id, operator=actor(), decision=said["decision"], reason=said["reason"], at=now())
        return _as_case(tenant_case(session, tenant_id))


def _as_row(case: TenantCase) -> dict[str, Any]:
    tenant, details = case.tenant, case.details
    row = {name: getattr(tenant, name) for name in ("id", "slug", "name", "kind", "state", "created_at")}
    return row | {
        "scheme_id": details.scheme_id if details else None,
        "kvk_number": details.kvk_number if details else None,
        "kvk_confirmed": details.kvk_confirmed if details else False,
        "agreement_version": details.agreement_version if details else None,
    }


def _as_case(case: TenantCase) -> dict[str, Any]:
    names = ("address", "billing_email", "privacy_contact", "non_displacement_policy")
    return _as_row(case) | {
        **{name: getattr(case.details, name) if case.details else "" for name in names},
        "agreement_accepted_at": case.details.agreement_accepted_at if case.details else None,
        "decisions": case.admissions,
    }
