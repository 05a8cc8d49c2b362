# SPDX-License-Identifier: EUPL-1.2
"""Shops: who there is, letting one in, halting one and letting it go on."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from marshmallow import fields, validate

from heitje.admin_api.base import OperatorView, admin_blueprint
from heitje.admin_api.cursors import cursor_of, read_name_cursor
from heitje.clock import now
from heitje.db.request import current_session
from heitje.idempotency import counts_once
from heitje.identity.guards import actor
from heitje.shops.admission import NewShop, admit_shop, resume_shop, shops_of_scheme, suspend_shop
from heitje.shops.effect import CentreSpending, spending_by_centre
from heitje.shops.models import Shop, ShopCategory, ShopState
from heitje.web.api import CamelSchema, PageQuery, link_next

blueprint = admin_blueprint("shops", "Shops that accept Heitjes.")


class ShopsQuery(PageQuery):
    """Which shops."""

    scheme_id = fields.UUID(required=True)
    state = fields.String(load_default="", validate=validate.OneOf(("", *ShopState)))


class ShopSchema(CamelSchema):
    """The public face of a shop, and whether it may take payments."""

    id = fields.UUID()
    scheme_id = fields.UUID()
    name = fields.String()
    category = fields.String()
    description = fields.String()
    opening_hours = fields.String()
    address = fields.String()
    centre = fields.String()
    neighbourhood_code = fields.String()
    lat = fields.Float()
    lon = fields.Float()
    state = fields.String()
    created_at = fields.AwareDateTime()


class NewShopSchema(CamelSchema):
    """A shop to let in. Its owner signs in to the till with `ownerEmail`."""

    scheme_id = fields.UUID(required=True)
    name = fields.String(required=True)
    category = fields.Enum(ShopCategory, by_value=True, required=True)
    address = fields.String(required=True, validate=validate.Length(2, 200))
    neighbourhood_code = fields.String(required=True)
    lat = fields.Float(required=True, validate=validate.Range(-90, 90))
    lon = fields.Float(required=True, validate=validate.Range(-180, 180))
    iban = fields.String(required=True, validate=validate.Length(max=60))
    account_name = fields.String(required=True, validate=validate.Length(max=200))
    owner_name = fields.String(required=True, validate=validate.Length(1, 100))
    owner_email = fields.Email(required=True, validate=validate.Length(max=254))
    description = fields.String(load_default="", validate=validate.Length(max=400))
    opening_hours = fields.String(load_default="", validate=validate.Length(max=200))
    centre = fields.String(load_default="", validate=validate.Length(max=100))
    kvk_number = fields.String(load_default="")
    vat_number = fields.String(load_default="")
    contract_signed_on = fields.Date(load_default=None, allow_none=True)


class ReasonSchema(CamelSchema):
    """Why."""

    reason = fields.String(required=True, validate=validate.Length(3, 1000))


class MonthQuery(CamelSchema):
    """Any day of the month that is asked for."""

    month = fields.Date(required=True)


class CentreSpendingSchema(CamelSchema):
    """What was spent in a centre, less what was given back; the empty name stands for all smaller places."""

    centre = fields.String()
    shops = fields.Integer()
    payments = fields.Integer()
    spent_cents = fields.Integer()


@blueprint.route("/shops")
class Shops(OperatorView):
    """All shops of a scheme."""

    @blueprint.arguments(ShopsQuery, location="query")
    @blueprint.response(200, ShopSchema(many=True))
    def get(self, wanted: dict[str, Any]) -> tuple[Sequence[Shop], int, dict[str, str]]:
        """List shops by name."""
        size = wanted["page_size"]
        found = shops_of_scheme(
            current_session(),
            scheme_id=wanted["scheme_id"],
            state=ShopState(wanted["state"]) if wanted["state"] else None,
            after=read_name_cursor(wanted["after"]),
            limit=size,
        )
        cursor = cursor_of(found[-1].name, found[-1].id) if len(found) == size else None
        return found, 200, link_next({}, cursor, size)

    @counts_once
    @blueprint.arguments(NewShopSchema)
    @blueprint.response(201, ShopSchema)
    def post(self, said: dict[str, Any]) -> Shop:
        """Let a shop in: it can take payments at once."""
        scheme_id = said.pop("scheme_id")
        return admit_shop(current_session(), scheme_id=scheme_id, new=NewShop(**said), by=actor(), at=now())


@blueprint.route("/shops/<uuid:shop_id>/suspend")
class ShopSuspension(OperatorView):
    """Halting a shop."""

    @counts_once
    @blueprint.arguments(ReasonSchema)
    @blueprint.response(200, ShopSchema)
    def post(self, said: dict[str, Any], shop_id: UUID) -> Shop:
        """Stop new payments and payouts; its takings stay its own, and it can still give back."""
        return suspend_shop(current_session(), shop_id, reason=said["reason"], by=actor(), at=now())


@blueprint.route("/shops/<uuid:shop_id>/resume")
class ShopResumption(OperatorView):
    """Letting a shop go on."""

    @counts_once
    @blueprint.response(200, ShopSchema)
    def post(self, shop_id: UUID) -> Shop:
        """Let a halted shop take payments again."""
        return resume_shop(current_session(), shop_id, by=actor(), at=now())


@blueprint.route("/schemes/<uuid:scheme_id>/spending")
class Spending(OperatorView):
    """Where Heitjes are spent."""

    @blueprint.arguments(MonthQuery, location="query")
    @blueprint.response(200, CentreSpendingSchema(many=True))
    def get(self, wanted: dict[str, Any], scheme_id: UUID) -> list[CentreSpending]:
        """List spending per shopping centre in a month; what speaks of a few is added up."""
        first = wanted["month"].replace(day=1)
        before = (first + timedelta(days=31)).replace(day=1)
        return spending_by_centre(current_session(), scheme_id=scheme_id, first=first, before=before)
