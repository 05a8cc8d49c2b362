# SPDX-License-Identifier: EUPL-1.2
"""Who operates: oneself, and the list of all."""

from typing import Any

from marshmallow import fields
from sqlalchemy import select

from heitje.admin_api.base import OperatorView, admin_blueprint
from heitje.db.request import current_session
from heitje.identity.guards import current_operator
from heitje.identity.models import Operator
from heitje.web.api import CamelSchema

blueprint = admin_blueprint("operators", "The people who operate the platform.")


class OperatorSchema(CamelSchema):
    """A person with a token; the token itself is shown once, when it is made."""

    id = fields.UUID()
    name = fields.String()
    email = fields.Email()
    state = fields.String()
    token_expires_at = fields.AwareDateTime()


@blueprint.route("/operators")
class Operators(OperatorView):
    """All operators."""

    @blueprint.response(200, OperatorSchema(many=True))
    def get(self) -> Any:
        """List operators by name."""
        return current_session().scalars(select(Operator).order_by(Operator.name, Operator.id)).all()


@blueprint.route("/operators/me")
class Me(OperatorView):
    """Whose token this is."""

    @blueprint.response(200, OperatorSchema)
    def get(self) -> Operator:
        """Return the operator who asks."""
        return current_operator()
