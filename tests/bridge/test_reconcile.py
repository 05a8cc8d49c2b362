# SPDX-License-Identifier: EUPL-1.2
"""Nothing goes wrong unseen: what was minted, moved or rewritten behind our back is named, account and cents."""

import psycopg
import pytest
from eth_utils.crypto import keccak

from tests.bridge.conftest import signed_by
from token_bridge import contract
from token_bridge.books import rebuild

OUTSIDER = keccak(text="an account that is nobody's")[-20:]


@pytest.fixture
def settled(mirror, town):
    town.a_day()
    mirror.settle()
    assert mirror.reconcile().differences == ()
    return mirror


def by_hand(mirror, name, *values):
    """Do something on the contract that the bridge knows nothing of, with the settler's key."""
    payload = contract.call(name, keccak(text=f"by hand {name} {values}"), *values)
    signed_by(mirror.chain, mirror.node.settler, mirror.deployment.address, payload)


def test_a_mint_out_of_band_is_named_and_stops_settling(settled, town):
    issuer = keccak(text="an issuer that is nobody's")
    by_hand(settled, "allow", [OUTSIDER])
    by_hand(settled, "recordFunding", [(issuer, 5_00)])
    by_hand(settled, "mint", [(issuer, OUTSIDER, 5_00)])

    found = settled.reconcile()

    assert (
        f"no account of ours (0x{OUTSIDER.hex()}): 0 cents in the ledger, 500 on the chain, +500" in found.differences
    )
    assert any("0 cents funded in the ledger, 500 funded and 500 minted" in line for line in found.differences)
    assert "ledger-differs-from-chain" in settled.alarms()

    town.pay(1_00)
    settled.round(seconds=3600)
    assert settled.waiting() == 1  # nothing new is sealed or signed


def test_a_move_out_of_band_names_both_accounts(settled, town):
    wallet, till = settled.address_of(town.wallet), settled.address_of(town.till)
    by_hand(settled, "settleBatch", bytes(32), [(till, wallet, 1_00)])

    found = settled.reconcile()

    assert len(found.differences) == 2
    for account, off in ((town.wallet, "+100"), (town.till, "-100")):
        assert any(line.startswith(f"account {account} ") and line.endswith(off) for line in found.differences)


def test_money_left_in_the_clearing_account_is_named(settled):
    books = rebuild([])
    books.balances[contract.CLEARING] = 3
    from token_bridge.reconcile import _balances, _LedgerBooks

    ledger = _LedgerBooks(balances={}, account_of={}, minted={}, redeemed={})
    assert list(_balances(books, ledger)) == ["the clearing account: 0 cents in the ledger, 3 on the chain, +3"]


def test_an_entry_that_a_superuser_rewrote_is_named(settled, town, database):
    with psycopg.connect(database.superuser_url, autocommit=True) as superuser:
        superuser.execute("set session_replication_role = replica")
        superuser.execute(
            "update ledger_entries set balance_cents = balance_cents + 100 where account_id = %s and seq ="
            " (select max(seq) from ledger_entries where account_id = %s)",
            [town.wallet, town.wallet],
        )

    found = settled.reconcile()

    assert [line.split(":")[0] for line in found.differences] == [
        f"account {town.wallet} (0x{settled.address_of(town.wallet).hex()})"
    ]


def test_after_the_cause_is_mended_an_operator_lets_the_bridge_go_on(settled, town):
    wallet, till = settled.address_of(town.wallet), settled.address_of(town.till)
    by_hand(settled, "settleBatch", bytes(32), [(till, wallet, 1_00)])
    assert settled.reconcile().differences != ()
    by_hand(settled, "settleBatch", bytes(32), [(wallet, till, 1_00)])
    assert settled.reconcile().differences == ()

    settled.resume()
    town.pay(1_00)
    settled.settle()

    assert list(settled.alarms()) == ["key-used-elsewhere"]  # so it was, by hand
    assert settled.reconcile().differences == ()


def test_replaying_from_block_zero_with_every_event_twice_gives_the_same_books(settled):
    logs = list(settled.chain.logs(settled.deployment.address, first=0, last=settled.chain.head().number))

    once, twice = rebuild(logs), rebuild([log for log in logs for _ in range(2)])

    assert once == twice == rebuild(logs + logs)
    assert once.supply_cents == 895_00


def test_what_is_still_on_its_way_is_no_difference(mirror_of, anvil, town):
    with mirror_of(anvil) as mirror:
        town.a_day()
        mirror.settle()
        town.pay(1_00)
        town.pay(2_00)
        mirror.round()  # in a block or on its way, and not confirmed: anvil puts no block on top by itself
        assert mirror.unsettled()

        assert mirror.reconcile().differences == ()
