# SPDX-License-Identifier: EUPL-1.2
"""A shop asks for euros: what is set aside, and to which account it goes (M12)."""

from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.exc import DBAPIError

from heitje.errors import InvalidInput
from heitje.ledger.errors import BalanceTooLow, KeyReused
from heitje.shops.errors import NothingToPayOut
from heitje.shops.models import Redemption, RedemptionState, ShopDetails
from heitje.shops.redemptions import change_iban
from tests.shops.cashing_out import OTHER_IBAN, asks_for_euros, moves_account, said_to, shop_with, state_of
from tests.shops.conftest import AT, Office, Town


def test_a_redemption_sets_the_heitjes_aside_and_keeps_the_account_of_that_moment(town: Town) -> None:
    shop = shop_with(town, 15_00)

    redemption = asks_for_euros(town, shop, 10_00)

    assert town.takings(shop) == 5_00
    assert (redemption.state, redemption.iban) == (RedemptionState.REQUESTED, "NL02ABNA0123456789")
    assert len(redemption.end_to_end_id) <= 35


def test_the_same_key_asks_once_and_more_than_the_balance_is_refused(town: Town) -> None:
    shop = shop_with(town, 10_00)

    first, second = (asks_for_euros(town, shop, 6_00, key="the-same") for _ in range(2))

    assert first.id == second.id
    with pytest.raises(KeyReused):
        asks_for_euros(town, shop, 1_00, key="the-same")
    with pytest.raises(BalanceTooLow):
        asks_for_euros(town, shop, 4_01)
    with pytest.raises(InvalidInput):
        asks_for_euros(town, shop, 0)
    assert town.takings(shop) == 4_00


def test_a_shop_sees_only_its_own_redemptions_and_cannot_call_one_paid(town: Town) -> None:
    shop, other = shop_with(town, 5_00), town.shop("De Buurman")
    redemption = asks_for_euros(town, shop, 5_00)

    assert state_of(town, other) == []
    with pytest.raises(DBAPIError, match="permission denied"), town.databases.as_shop(shop.id) as session:
        session.execute(update(Redemption).where(Redemption.id == redemption.id).values(state="paid"))


def test_a_changed_account_is_announced_and_waits_48_hours(town: Town, office: Office) -> None:
    shop = shop_with(town, 5_00)
    moves_account(town, shop, "nl35 test 0000 0000 31", at=AT)
    asks_for_euros(town, shop, 5_00)

    assert said_to(town, shop) == ["iban-changed"]
    with pytest.raises(NothingToPayOut):
        office.makes_batch(at=AT + timedelta(hours=48) - timedelta(microseconds=1))
    batch = office.makes_batch(at=AT + timedelta(hours=48))
    office.releases(batch)
    assert f"<IBAN>{OTHER_IBAN}</IBAN>".encode() in office.exports(batch)


def test_an_account_put_in_by_a_thief_and_taken_out_again_gets_nothing(town: Town, office: Office) -> None:
    shop = shop_with(town, 5_00)
    moves_account(town, shop, OTHER_IBAN, at=AT)
    asks_for_euros(town, shop, 5_00, at=AT)
    moves_account(town, shop, "NL02ABNA0123456789", at=AT + timedelta(hours=1))

    batch = office.makes_batch(at=AT + timedelta(hours=49))
    office.releases(batch)

    content = office.exports(batch)
    assert OTHER_IBAN.encode() not in content
    assert b"<IBAN>NL02ABNA0123456789</IBAN>" in content


def test_saving_the_same_account_changes_nothing(town: Town) -> None:
    shop = town.shop()
    moves_account(town, shop, OTHER_IBAN, at=AT)

    assert moves_account(town, shop, OTHER_IBAN, at=AT + timedelta(hours=1)).iban_changed_at == AT
    assert said_to(town, shop) == ["iban-changed"]


@pytest.mark.parametrize(
    ("iban", "name", "field"),
    [
        ("NL35TEST0000000032", "Bakkerij", "iban"),
        ("CH9300762011623852957", "Bakkerij", "iban"),
        (OTHER_IBAN, "パン屋", "account_name"),
        (OTHER_IBAN, " ", "account_name"),
    ],
)
def test_an_account_that_no_bank_can_pay_is_refused(town: Town, iban: str, name: str, field: str) -> None:
    shop = town.shop()

    with pytest.raises(InvalidInput) as refused, town.databases.as_shop(shop.id) as session:
        change_iban(session, shop_id=shop.id, iban=iban, account_name=name, by=town.staff(shop), at=AT)
    assert list(refused.value.errors) == [field]


def test_a_shop_cannot_say_of_itself_that_its_account_was_checked(town: Town) -> None:
    shop = town.shop()

    with pytest.raises(DBAPIError, match="permission denied"), town.databases.as_shop(shop.id) as session:
        session.execute(update(ShopDetails).where(ShopDetails.shop_id == shop.id).values(iban_checked_at=AT))
