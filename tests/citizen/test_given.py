# SPDX-License-Identifier: EUPL-1.2
"""The ground of the tests holds: money is minted, reserved, earned, through the real use-cases."""


def test_a_citizen_earns_a_reward_that_was_funded_reserved_and_approved(given):
    tenant, citizen = given.tenant(), given.citizen()
    chore = given.chore(tenant, reward_cents=8_00)

    given.approve(tenant, given.hand_in(citizen, given.claim(citizen, chore)))

    assert given.balance(citizen) == 8_00


def test_a_shop_that_was_admitted_can_ask_for_a_payment(given):
    request = given.request(given.shop(), amount_cents=4_25)

    assert (request.state, request.amount_cents) == ("requested", 4_25)
