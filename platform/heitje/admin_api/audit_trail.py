# SPDX-License-Identifier: EUPL-1.2
"""The audit trail: every act of weight, newest first."""

from collections.abc import Sequence
from typing import Any

from marshmallow import fields, validate
from sqlalchemy import select

from heitje.admin_api.base import OperatorView, admin_blueprint
from heitje.audit import AuditEvent
from heitje.db.request import current_session
from heitje.errors import NotFound
from heitje.web.api import CamelSchema, PageQuery, link_next

blueprint = admin_blueprint("audit", "The audit trail.")


class AuditQuery(PageQuery):
    """Which acts."""

    tenant_id = fields.UUID()
    subject = fields.String(validate=validate.Length(max=100))
    action = fields.String(validate=validate.Length(max=60))


class AuditEventSchema(CamelSchema):
    """One act. `transferId` joins it to the ledger."""

    id = fields.Integer()
    at = fields.AwareDateTime()
    action = fields.String()
    actor_kind = fields.String()
    actor_id = fields.String()
    tenant_id = fields.UUID(allow_none=True)
    subject = fields.String()
    transfer_id = fields.Integer(allow_none=True)
    request_id = fields.String()
    facts = fields.Dict(keys=fields.String())


@blueprint.route("/audit-events")
class AuditEvents(OperatorView):
    """All acts."""

    @blueprint.arguments(AuditQuery, location="query")
    @blueprint.response(200, AuditEventSchema(many=True))
    def get(self, wanted: dict[str, Any]) -> tuple[Sequence[AuditEvent], int, dict[str, str]]:
        """List acts, newest first."""
        size = wanted["page_size"]
        query = select(AuditEvent).order_by(AuditEvent.id.desc()).limit(size)
        for name in ("tenant_id", "subject", "action"):
            if name in wanted:
                query = query.where(getattr(AuditEvent, name) == wanted[name])
        if wanted["after"]:
            if not wanted["after"].isdecimal():
                raise NotFound(kind="page")
            query = query.where(AuditEvent.id < int(wanted["after"]))
        events = current_session().scalars(query).all()
        cursor = str(events[-1].id) if len(events) == size else None
        return events, 200, link_next({}, cursor, size)
