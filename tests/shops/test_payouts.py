# SPDX-License-Identifier: EUPL-1.2
"""What waits is paid by one file that two operators make and release (M12, M15, R14)."""

from hashlib import sha256
from uuid import uuid4

import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import IntegrityError

from heitje.errors import NotFound
from heitje.shops.errors import BatchNotReleased, BatchNotWaiting, FourEyesNeeded, NothingToPayOut
from heitje.shops.models import PayoutBatch, RedemptionState
from heitje.shops.payouts import batch_with_payouts, batches
from tests.shops.cashing_out import asks_for_euros, shop_with, state_of
from tests.shops.conftest import AT, Office, Town


def test_a_batch_pays_what_waits_and_its_file_is_the_same_each_time(town: Town, office: Office) -> None:
    one, two = shop_with(town, 10_00), shop_with(town, 20_50, name="Café 't Höfke & Zn")
    asks_for_euros(town, one, 10_00)
    asks_for_euros(town, two, 20_50)

    batch = office.makes_batch()
    with pytest.raises(NothingToPayOut):
        office.makes_batch()
    office.releases(batch)
    first, second = office.exports(batch), office.exports(batch)

    assert first == second
    assert sha256(first).hexdigest() == batch.file_sha256
    assert (batch.total_cents, batch.orders) == (30_50, 2)
    assert b"<CtrlSum>30.50</CtrlSum>" in first
    assert state_of(town, one) == state_of(town, two) == [RedemptionState.SENT]


def test_whoever_made_a_batch_cannot_release_it_and_the_database_says_so_too(town: Town, office: Office) -> None:
    asks_for_euros(town, shop_with(town, 5_00), 5_00)
    batch = office.makes_batch()

    with pytest.raises(FourEyesNeeded):
        office.releases(batch, operator_id=office.first)
    with pytest.raises(BatchNotReleased):
        office.exports(batch)
    with pytest.raises(IntegrityError), town.databases.across_tenants() as session:
        session.execute(
            update(PayoutBatch)
            .where(PayoutBatch.id == batch.id)
            .values(state="sent", released_by=office.first, released_at=AT)
        )
    office.releases(batch)
    with pytest.raises(BatchNotWaiting):
        office.releases(batch)


def test_what_a_batch_pays_can_be_looked_at_before_it_is_released(town: Town, office: Office) -> None:
    redemption = asks_for_euros(town, shop_with(town, 5_00), 5_00)
    made = office.makes_batch()

    with town.databases.across_tenants() as session:
        batch, payouts = batch_with_payouts(session, made.id)
        assert [payout.id for payout in payouts] == [redemption.id]
        assert batch.id in [each.id for each in batches(session, scheme_id=town.scheme_id)]
    with pytest.raises(NotFound), town.databases.across_tenants() as session:
        batch_with_payouts(session, uuid4())


def test_a_suspended_shop_is_left_out_until_it_is_active_again(town: Town, office: Office) -> None:
    shop = shop_with(town, 5_00)
    asks_for_euros(town, shop, 5_00)
    set_state = text("update shops set state = :state where id = :id")

    with town.databases.across_tenants() as session:
        session.execute(set_state, {"id": shop.id, "state": "suspended"})
    with pytest.raises(NothingToPayOut):
        office.makes_batch()
    with town.databases.across_tenants() as session:
        session.execute(set_state, {"id": shop.id, "state": "active"})
    assert office.makes_batch().total_cents == 5_00
