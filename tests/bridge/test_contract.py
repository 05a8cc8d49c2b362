# SPDX-License-Identifier: EUPL-1.2
"""What the contract holds to, on both chains."""

import pytest
from eth_utils import keccak

from token_bridge import contract
from token_bridge.addresses import operation_id
from token_bridge.chain import CallReverted
from token_bridge.contract import Event

ANNA, BAKER, CLARA = (keccak(text=name)[-20:] for name in ("anna", "baker", "clara"))
TOWN = keccak(text="town")
ROOT = keccak(text="root")


@pytest.fixture
def funded(token):
    """A token on which the town funded 100.00 and Anna, the baker and the clearing account may hold Heitjes."""
    token.do("allow", [ANNA, BAKER])
    token.do("recordFunding", [(TOWN, 100_00)])
    return token


def test_a_heitje_has_two_decimals(token):
    assert token.read("decimals") == 2


def test_an_issuer_mints_what_it_funded_and_not_a_cent_more(funded):
    funded.do("mint", [(TOWN, ANNA, 60_00)])

    with pytest.raises(CallReverted, match=r"AboveFunded\(.*funded=10000, minted=10001\)"):
        funded.do("mint", [(TOWN, ANNA, 40_01)])

    funded.do("mint", [(TOWN, BAKER, 40_00)])
    assert funded.read("totalSupply") == 100_00
    assert funded.read("minted", TOWN) == funded.read("funded", TOWN) == 100_00


def test_one_issuers_funding_is_nobody_elses(funded):
    with pytest.raises(CallReverted, match="AboveFunded"):
        funded.do("mint", [(keccak(text="other"), ANNA, 1)])


def test_a_batch_moves_balances_and_tells_root_count_and_volume(funded):
    funded.do("mint", [(TOWN, ANNA, 10_00)])

    receipt = funded.do("settleBatch", ROOT, [(ANNA, BAKER, 2_50), (BAKER, ANNA, 50)], operation=operation_id(1, 77))

    assert funded.read("balanceOf", ANNA) == 8_00
    assert funded.read("balanceOf", BAKER) == 2_00
    facts = {"id": operation_id(1, 77), "root": ROOT, "count": 2, "volume": 3_00}
    assert Event("BatchSettled", facts) in funded.events(receipt)


def test_a_batch_is_all_or_nothing(funded):
    funded.do("mint", [(TOWN, ANNA, 10_00)])

    with pytest.raises(CallReverted, match="ERC20InsufficientBalance"):
        funded.do("settleBatch", ROOT, [(ANNA, BAKER, 9_00), (ANNA, BAKER, 9_00)])

    assert funded.read("balanceOf", ANNA) == 10_00


def test_a_net_batch_must_leave_the_clearing_account_empty(funded):
    funded.do("mint", [(TOWN, ANNA, 10_00)])

    with pytest.raises(CallReverted, match=r"ClearingNotZero\(cents=1\)"):
        funded.do("settleBatch", ROOT, [(ANNA, contract.CLEARING, 5_00), (contract.CLEARING, BAKER, 4_99)])

    funded.do("settleBatch", ROOT, [(ANNA, contract.CLEARING, 5_00), (contract.CLEARING, BAKER, 5_00)])
    assert funded.read("balanceOf", BAKER) == 5_00
    assert funded.read("balanceOf", contract.CLEARING) == 0


def test_the_clearing_account_is_the_one_that_the_bridge_knows(token):
    assert bytes.fromhex(token.read("CLEARING")[2:]) == contract.CLEARING
    assert token.read("MAX_LINES") == contract.MAX_LINES


def test_an_operation_id_works_once_whatever_it_is_used_for(funded):
    used = operation_id(1, 42)
    receipt = funded.do("mint", [(TOWN, ANNA, 1_00)], operation=used)
    payload = contract.call("mint", used, [(TOWN, ANNA, 1_00)])
    assert funded.read("processed", used) == keccak(payload)
    assert Event("Processed", {"id": used, "digest": keccak(payload)}) in funded.events(receipt)

    for name, values in [
        ("mint", [[(TOWN, ANNA, 1_00)]]),
        ("recordFunding", [[(TOWN, 1_00)]]),
        ("allow", [[CLARA]]),
        ("settleBatch", [ROOT, [(ANNA, BAKER, 1)]]),
        ("redeem", [[(bytes(32), ANNA, 1)]]),
    ]:
        with pytest.raises(CallReverted, match="AlreadyProcessed"):
            funded.do(name, *values, operation=used)
    assert funded.read("totalSupply") == 1_00


def test_redeeming_burns_and_is_counted(funded):
    funded.do("mint", [(TOWN, BAKER, 10_00)])

    funded.do("redeem", [(bytes(32), BAKER, 7_00), (TOWN, BAKER, 1_00)])

    assert funded.read("totalSupply") == funded.read("totalMinted") - funded.read("totalRedeemed") == 2_00
    assert funded.read("redeemed", bytes(32)) == 7_00
    assert funded.read("redeemed", TOWN) == 1_00


def test_only_allowed_accounts_hold_heitjes(funded):
    funded.do("mint", [(TOWN, ANNA, 10_00)])
    stranger = f"account=0x{CLARA.hex()}"

    with pytest.raises(CallReverted, match=rf"NotAllowListed\({stranger}\)"):
        funded.do("mint", [(TOWN, CLARA, 1)])
    with pytest.raises(CallReverted, match=rf"NotAllowListed\({stranger}\)"):
        funded.do("settleBatch", ROOT, [(ANNA, CLARA, 1)])

    funded.do("allow", [CLARA])
    funded.do("settleBatch", ROOT, [(ANNA, CLARA, 1)])
    funded.do("disallow", [CLARA])
    with pytest.raises(CallReverted, match="NotAllowListed"):
        funded.do("settleBatch", ROOT, [(CLARA, ANNA, 1)])


def test_a_pause_stops_every_mint_move_and_burn(funded):
    funded.do("mint", [(TOWN, ANNA, 10_00)])
    funded.send(funded.admin, funded.address, contract.call("pause"))

    for name, values in [
        ("mint", [[(TOWN, ANNA, 1_00)]]),
        ("settleBatch", [ROOT, [(ANNA, BAKER, 1)]]),
        ("redeem", [[(bytes(32), ANNA, 1)]]),
    ]:
        with pytest.raises(CallReverted, match="EnforcedPause"):
            funded.do(name, *values)

    funded.send(funded.admin, funded.address, contract.call("unpause"))
    funded.do("settleBatch", ROOT, [(ANNA, BAKER, 1)])


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("mint", [[(TOWN, ANNA, 1)]]),
        ("recordFunding", [[(TOWN, 1)]]),
        ("settleBatch", [ROOT, [(ANNA, BAKER, 1)]]),
        ("redeem", [[(bytes(32), ANNA, 1)]]),
        ("allow", [[ANNA]]),
        ("disallow", [[ANNA]]),
    ],
)
def test_the_administrator_can_do_none_of_the_daily_work(funded, name, values):
    with pytest.raises(CallReverted, match="AccessControlUnauthorizedAccount"):
        funded.do(name, *values, by=funded.admin)


def test_the_settler_can_neither_pause_nor_give_out_roles(funded):
    settler = funded.settler
    with pytest.raises(CallReverted, match="AccessControlUnauthorizedAccount"):
        funded.send(settler, funded.address, contract.call("pause"))
    grant = contract.call("grantRole", funded.read("SETTLER"), settler.address)
    with pytest.raises(CallReverted, match="AccessControlUnauthorizedAccount"):
        funded.send(settler, funded.address, grant)


@pytest.mark.parametrize(
    ("name", "values"), [("transfer", [BAKER, 1]), ("approve", [BAKER, 1]), ("transferFrom", [ANNA, BAKER, 1])]
)
def test_the_loop_is_closed_to_holders_of_keys(funded, name, values):
    with pytest.raises(CallReverted, match="ClosedLoop"):
        funded.send(funded.settler, funded.address, contract.call(name, *values))


@pytest.mark.parametrize("lines", [0, 251])
def test_an_operation_has_between_one_and_250_lines(funded, lines):
    with pytest.raises(CallReverted, match=rf"WrongSize\(count={lines}, maximum=250\)"):
        funded.do("recordFunding", [(TOWN, 1)] * lines)


def test_the_largest_batch_stays_below_the_cap_of_a_transaction(funded):
    accounts = [keccak(text=str(number))[-20:] for number in range(250)]
    funded.do("allow", accounts)
    funded.do("mint", [(TOWN, ANNA, 100_00)])

    first = funded.do("settleBatch", ROOT, [(ANNA, account, 10) for account in accounts])
    worst = funded.do(
        "settleBatch",
        ROOT,
        [(account, keccak(text=str(number + 1))[-20:], 1) for number, account in enumerate(accounts[:-1])],
    )

    assert max(first.gas_used, worst.gas_used) < 16_777_216
