# SPDX-License-Identifier: EUPL-1.2
"""Schemes with their supply and coverage: what is outstanding, and the euros behind it."""

from typing import Any
from uuid import UUID

from marshmallow import fields
from sqlalchemy import select

from heitje.admin_api.base import OperatorView, admin_blueprint
from heitje.allowance.cap import CapRule
from heitje.db.request import current_session
from heitje.errors import NotFound
from heitje.ledger.proof import Supply, supply_of
from heitje.schemes import Scheme
from heitje.web.api import CamelSchema

blueprint = admin_blueprint("schemes", "Schemes: token, rules, coverage.")


class SchemeSchema(CamelSchema):
    """One token with its rules."""

    id = fields.UUID()
    slug = fields.String()
    name = fields.String()
    area_name = fields.String()
    play_money = fields.Boolean()
    guaranteed_until = fields.Date()


class CoverageSchema(CamelSchema):
    """Cents: funded - redeemed - refunded = pool; covered when the pool is what is outstanding."""

    funded_cents = fields.Integer()
    redeemed_cents = fields.Integer()
    refunded_cents = fields.Integer()
    outstanding_cents = fields.Integer()
    pool_cents = fields.Integer()
    covered = fields.Function(lambda supply: supply.pool_cents >= supply.outstanding_cents)
    coverage_percent = fields.Function(
        lambda supply: 100 if supply.outstanding_cents == 0 else supply.pool_cents * 100 // supply.outstanding_cents
    )


class CapRuleSchema(CamelSchema):
    """A yearly cap with the ruling behind it."""

    id = fields.UUID()
    limit_cents = fields.Integer()
    valid_from = fields.Date()
    valid_until = fields.Date()
    ruling = fields.String()
    authority = fields.String()
    review_on = fields.Date()


@blueprint.route("/schemes")
class Schemes(OperatorView):
    """All schemes."""

    @blueprint.response(200, SchemeSchema(many=True))
    def get(self) -> Any:
        """List schemes by name."""
        return current_session().scalars(select(Scheme).order_by(Scheme.name, Scheme.id)).all()


@blueprint.route("/schemes/<uuid:scheme_id>/coverage")
class Coverage(OperatorView):
    """Whether every Heitje has its euro."""

    @blueprint.response(200, CoverageSchema)
    def get(self, scheme_id: UUID) -> Supply:
        """Return the figures of this moment, from the ledger itself."""
        if current_session().get(Scheme, scheme_id) is None:
            raise NotFound(kind="scheme")
        return supply_of(current_session(), scheme_id)


@blueprint.route("/schemes/<uuid:scheme_id>/cap-rules")
class CapRules(OperatorView):
    """The yearly caps of a scheme."""

    @blueprint.response(200, CapRuleSchema(many=True))
    def get(self, scheme_id: UUID) -> Any:
        """List rules, newest first."""
        query = select(CapRule).where(CapRule.scheme_id == scheme_id).order_by(CapRule.valid_from.desc(), CapRule.id)
        return current_session().scalars(query).all()
