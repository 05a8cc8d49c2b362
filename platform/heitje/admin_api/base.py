# SPDX-License-Identifier: EUPL-1.2
"""What every resource of the admin API shares: where it stands and who may use it.

    blueprint = admin_blueprint("payouts", "Payout batches and what the bank says of them.")

    @blueprint.route("/payout-batches")
    class PayoutBatches(OperatorView):
        @blueprint.arguments(PageQuery, location="query")
        @blueprint.response(200, PayoutBatchSchema(many=True))
        def get(self, page): ...

`OperatorView` lets operators in only and enters the operator's scope; `current_session()` is then the operator's. POSTs that move money or state
carry `Idempotency-Key` (`heitje.idempotency.counts_once`, below the guard). Acts are audited with `actor()`.
"""

from collections.abc import Callable
from typing import Any, ClassVar

from flask.views import MethodView

from heitje.identity.guards import operators_only
from heitje.web.api import PREFIX, Api, ApiBlueprint

__all__ = ["ADMIN", "Api", "OperatorView", "admin_blueprint"]

ADMIN = f"{PREFIX}/admin"


def admin_blueprint(name: str, description: str) -> ApiBlueprint:
    """Return a resource under /api/v1/admin."""
    return ApiBlueprint(f"admin_{name}", __name__, url_prefix=ADMIN, description=description)


class OperatorView(MethodView):
    """A resource for operators only; others get 401 or 403 as a problem document."""

    decorators: ClassVar[list[Callable[..., Any]]] = [operators_only]
