# SPDX-License-Identifier: EUPL-1.2
"""The bank paid a shop out and took it back: what was burned is minted again and goes back to the shop."""

import pytest

from heitje.ledger.models import TransferKind
from token_bridge import contract
from token_bridge.addresses import issuer_id
from token_bridge.bridge import Rules
from token_bridge.models import Kind
from token_bridge.operations import NO_ISSUER
from token_bridge.redeploy import redeploy


def pay_out(town, cents):
    """The shop cashes out and the bank pays."""
    town.redeem(cents)
    town.burn(cents)


def take_back(town, cents):
    """The bank takes it back after all."""
    with town.books.databases.across_tenants() as session:
        town.books.post(session, TransferKind.REISSUE, town.books.treasury_id, town.redeeming, cents)
        town.books.post(session, TransferKind.RETURN, town.redeeming, town.till, cents)


def agrees_with_the_ledger(mirror, town):
    for account in town.accounts():
        assert mirror.on_chain(account) == town.books.balance(account)
    assert mirror.read("totalSupply") == -town.books.balance(town.books.treasury_id)
    assert mirror.read("balanceOf", contract.CLEARING) == 0
    assert mirror.reconcile().differences == ()
    assert mirror.alarms() == {}


@pytest.fixture(params=[True, False], ids=["net", "gross"])
def mirror(mirror_of, node, request):
    with mirror_of(node, rules=Rules(net=request.param)) as mirror:
        yield mirror


def test_a_payout_that_came_back_after_it_was_burned_is_minted_again_to_the_cent(mirror, town):
    town.reward(20_00)
    town.pay(7_50)
    pay_out(town, 5_00)
    mirror.settle()
    assert mirror.read("totalSupply") == 995_00

    take_back(town, 5_00)
    mirror.settle()

    agrees_with_the_ledger(mirror, town)
    assert mirror.on_chain(town.till) == 7_50
    assert mirror.on_chain(town.redeeming) == 0
    assert mirror.read("totalSupply") == 1000_00
    # What came back is nobody's funding anew: the issuer's own totals stay as they were.
    assert mirror.read("minted", issuer_id(town.line.tenant_id)) == 1000_00
    assert mirror.read("minted", NO_ISSUER) == mirror.read("redeemed", NO_ISSUER) == 5_00
    assert [kind for kind, _ in mirror.states()][-3:] == [Kind.FUND, Kind.MINT, Kind.SETTLE]


def test_a_payout_that_came_back_before_anything_crossed_agrees_as_well(mirror, town):
    town.reward(20_00)
    town.pay(7_50)
    pay_out(town, 7_50)
    take_back(town, 7_50)
    pay_out(town, 2_50)

    mirror.settle()

    agrees_with_the_ledger(mirror, town)
    assert mirror.on_chain(town.till) == 5_00
    assert mirror.read("totalSupply") == 997_50


def test_the_books_agree_in_the_middle_of_a_closing_that_brings_a_payout_back(mirror, town):
    town.reward(20_00)
    town.pay(7_50)
    pay_out(town, 5_00)
    take_back(town, 5_00)
    for _ in range(20):
        mirror.round()
        assert mirror.reconcile().differences == ()
        mirror.node.mine()
        if not mirror.waiting() and not mirror.unsettled():
            break
    agrees_with_the_ledger(mirror, town)


def test_a_new_contract_opens_with_what_came_back(mirror, town):
    town.reward(20_00)
    town.pay(7_50)
    pay_out(town, 5_00)
    take_back(town, 5_00)
    mirror.settle()
    before = mirror.deployment.address

    redeploy(mirror.bridge, mirror.session.merge(mirror.deployment), admin=mirror.node.admin.address, at=mirror.at)
    mirror.bridge.keep()
    mirror.settle()

    assert mirror.deployment.address != before
    agrees_with_the_ledger(mirror, town)
    pay_out(town, 5_00)
    take_back(town, 5_00)
    mirror.settle()
    agrees_with_the_ledger(mirror, town)
