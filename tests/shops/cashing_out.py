# SPDX-License-Identifier: EUPL-1.2
"""A shop that asks for euros: what it does, what it is told, how far its payouts are."""

from datetime import date, datetime
from uuid import uuid4

from sqlalchemy import text

from heitje.cents import Cents
from heitje.shops.models import Redemption, ShopDetails
from heitje.shops.redemptions import change_iban, redemptions_of_shop, request_redemption
from tests.fixtures.given import GivenShop
from tests.shops.conftest import AT, Town

OTHER_IBAN = "NL35TEST0000000031"
NEXT_DAY = date(2026, 11, 24)


def asks_for_euros(town: Town, shop: GivenShop, cents: Cents, *, key: str = "", at: datetime = AT) -> Redemption:
    with town.databases.as_shop(shop.id) as session:
        return request_redemption(
            session, shop_id=shop.id, amount_cents=cents, key=key or f"key-{uuid4()}", by=town.staff(shop), at=at
        )


def shop_with(town: Town, cents: Cents, *, name: str = "Bakkerij De Krakeling") -> GivenShop:
    shop = town.shop(name)
    town.paid(shop, town.citizen(has_cents=cents), cents)
    return shop


def state_of(town: Town, shop: GivenShop) -> list[str]:
    with town.databases.as_shop(shop.id) as session:
        return [redemption.state for redemption in redemptions_of_shop(session, shop_id=shop.id)]


def said_to(town: Town, shop: GivenShop) -> list[str]:
    with town.databases.as_shop(shop.id) as session:
        return list(session.scalars(text("select kind from messages order by created_at")))


def moves_account(town: Town, shop: GivenShop, iban: str, *, at: datetime) -> ShopDetails:
    with town.databases.as_shop(shop.id) as session:
        return change_iban(session, shop_id=shop.id, iban=iban, account_name="Nieuwe Naam", by=town.staff(shop), at=at)
