# SPDX-License-Identifier: EUPL-1.2
"""The mirror's state for operators."""

from marshmallow import fields

from heitje.admin_api.base import OperatorView, admin_blueprint
from heitje.db.request import current_session
from heitje.web.api import CamelSchema
from token_bridge.state import SchemeMirror, bridge_state

blueprint = admin_blueprint("bridge", "How far the chain has followed the ledger.")


class SchemeMirrorSchema(CamelSchema):
    """One scheme: its contract, what waits since when, what is under way, and what needs a person."""

    scheme_id = fields.UUID()
    scheme = fields.String(metadata={"description": "The scheme's slug."})
    chain_id = fields.Integer(allow_none=True)
    address = fields.String(allow_none=True)
    waiting = fields.Integer(metadata={"description": "Transfers that no operation holds yet."})
    waiting_since = fields.AwareDateTime(allow_none=True)
    under_way = fields.Integer(metadata={"description": "Operations that are not confirmed yet."})
    confirmed_operations = fields.Integer()
    confirmed_at = fields.AwareDateTime(allow_none=True)
    halted_code = fields.String(allow_none=True)
    alarms = fields.List(fields.String())


@blueprint.route("/bridge")
class BridgeState(OperatorView):
    """The mirror of every scheme."""

    @blueprint.response(200, SchemeMirrorSchema(many=True))
    def get(self) -> list[SchemeMirror]:
        """List the mirrors. Payments in shops depend on none of it."""
        return bridge_state(current_session())
