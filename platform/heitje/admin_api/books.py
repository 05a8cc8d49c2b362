# SPDX-License-Identifier: EUPL-1.2
"""Budget lines with their balances, and the proof that the books are right."""

from typing import Any

from marshmallow import fields
from sqlalchemy import select
from sqlalchemy.orm import aliased

from heitje.admin_api.base import OperatorView, admin_blueprint
from heitje.db.request import current_session
from heitje.ledger.models import Account
from heitje.ledger.proof import Proof, prove_books
from heitje.purses.models import BudgetLine
from heitje.web.api import CamelSchema

blueprint = admin_blueprint("books", "Budget lines and the proof of the books.")


class BudgetLineSchema(CamelSchema):
    """A line with what is available and reserved, in cents."""

    id = fields.UUID()
    tenant_id = fields.UUID()
    scheme_id = fields.UUID()
    name = fields.String()
    state = fields.String()
    starts_on = fields.Date()
    ends_on = fields.Date()
    available_cents = fields.Integer()
    reserved_cents = fields.Integer()


class BudgetQuery(CamelSchema):
    """Which lines: of one tenant, or all."""

    tenant_id = fields.UUID()


class ProofSchema(CamelSchema):
    """`holds` when nothing differs; else each difference names its row."""

    holds = fields.Boolean()
    differences = fields.List(fields.String())


@blueprint.route("/budget-lines")
class BudgetLines(OperatorView):
    """Budget lines across tenants."""

    @blueprint.arguments(BudgetQuery, location="query")
    @blueprint.response(200, BudgetLineSchema(many=True))
    def get(self, wanted: dict[str, Any]) -> list[dict[str, Any]]:
        """List lines with their balances, by tenant and name."""
        budget, reserved = aliased(Account), aliased(Account)
        query = (
            select(BudgetLine, budget.balance_cents, reserved.balance_cents)
            .join(budget, budget.id == BudgetLine.budget_account_id)
            .join(reserved, reserved.id == BudgetLine.reserved_account_id)
            .order_by(BudgetLine.tenant_id, BudgetLine.name)
        )
        if "tenant_id" in wanted:
            query = query.where(BudgetLine.tenant_id == wanted["tenant_id"])
        names = ("id", "tenant_id", "scheme_id", "name", "state", "starts_on", "ends_on")
        return [
            {name: getattr(line, name) for name in names} | {"available_cents": available, "reserved_cents": held}
            for line, available, held in current_session().execute(query)
        ]


@blueprint.route("/books/proof")
class BooksProof(OperatorView):
    """The proof of the books, made now."""

    @blueprint.response(200, ProofSchema)
    def get(self) -> Proof:
        """Check every transfer, entry, balance, reservation and cap row."""
        return prove_books(current_session())
