# SPDX-License-Identifier: EUPL-1.2
"""When something is not as it was, nothing is signed, an alarm says why, and the ledger goes on."""

import pytest

from tests.bridge.conftest import signed_by
from token_bridge import contract
from token_bridge.keys import KeyUnreadable, LocalKey, made_key
from token_bridge.models import State


def administer(mirror, name, *values):
    """Call the contract as its administrator."""
    signed_by(mirror.chain, mirror.node.admin, mirror.deployment.address, contract.call(name, *values))


def test_a_paused_contract_parks_the_queue_and_skips_nothing(mirror, town):
    mirror.settle()
    administer(mirror, "pause")
    town.reward(5_00)
    town.pay(1_00)
    mirror.round(seconds=3600)
    mirror.round()

    kinds = [(kind, state) for kind, state in mirror.states() if state != State.CONFIRMED]
    assert ("settle", State.SEALED) in kinds
    assert mirror.alarms()["simulation-failed"]["reason"] == "EnforcedPause()"
    assert town.books.balance(town.till) == 1_00  # the shop was paid
    (mail,) = mirror.mails_to_operators()
    assert "simulation-failed" in mail

    administer(mirror, "unpause")
    mirror.resume()
    mirror.settle()
    assert mirror.on_chain(town.till) == 1_00
    assert mirror.alarms() == {}


def test_another_secret_would_give_everybody_another_address_so_nothing_is_signed(mirror_of, node, town):
    with mirror_of(node) as mirror:
        mirror.settle()
    town.reserve(1_00)
    with mirror_of(node, secret=b"another secret, of 32 bytes and more") as mirror:
        assert mirror.served() is None
        assert "secret-changed" in mirror.alarms()
        assert mirror.waiting() == 1


def test_another_key_than_the_contracts_settler_signs_nothing(mirror_of, node, town, tmp_path):
    with mirror_of(node) as mirror:
        mirror.settle()
    with mirror_of(node, signer=made_key(tmp_path / "other.key")) as mirror:
        assert mirror.served() is None
        assert "other-settler" in mirror.alarms()


def test_a_node_of_another_chain_gets_nothing(mirror_of, node, town):
    with mirror_of(node, chain_id=1) as mirror:
        assert mirror.served() is None
        assert mirror.deployment is None


def test_a_contract_that_refuses_in_the_block_stops_the_queue_until_an_operator_resumes(mirror_of, anvil, town):
    with mirror_of(anvil) as mirror:
        mirror.settle()
        anvil.rpc("evm_setAutomine", False)
        town.reward(5_00)
        mirror.round(seconds=3600)  # allow is sent, not mined
        anvil.mine()
        mirror.round()  # settle is simulated and sent
        # The pause gets into the block first: it offers more.
        pay_more = {"max_fee_wei": 10**12, "tip_wei": 10**11}
        pause_first(mirror, **pay_more)
        anvil.mine()
        mirror.round()

        assert mirror.batches()[-1].state == State.REVERTED
        assert "reverted" in mirror.alarms()
        mirror.round(seconds=3600)
        assert mirror.batches()[-1].state == State.REVERTED

        anvil.rpc("evm_setAutomine", True)
        administer(mirror, "unpause")
        mirror.resume()
        mirror.settle()
        assert mirror.on_chain(town.wallet) == 5_00
        assert mirror.reconcile().differences == ()


def pause_first(mirror, *, max_fee_wei, tip_wei):
    chain, admin = mirror.chain, mirror.node.admin
    raw, _ = admin.sign(
        {
            "type": 2,
            "chainId": chain.chain_id(),
            "nonce": chain.transaction_count(admin.address),
            "gas": 100_000,
            "maxFeePerGas": max_fee_wei,
            "maxPriorityFeePerGas": tip_wei,
            "value": 0,
            "to": mirror.deployment.address,
            "data": contract.call("pause"),
        }
    )
    chain.send_raw(raw)


def test_a_key_file_is_private_is_made_once_and_never_shows(tmp_path):
    path = tmp_path / "keys" / "settler.key"
    key = made_key(path)

    assert path.stat().st_mode & 0o777 == 0o600
    assert made_key(path).address == key.address
    secret = path.read_text().strip().removeprefix("0x")
    assert secret not in repr(key) + str(vars(key))


def test_a_file_that_is_no_key_is_named_and_its_content_is_not(tmp_path):
    path = tmp_path / "settler.key"
    path.write_text("0x1234secret")

    with pytest.raises(KeyUnreadable) as refused:
        LocalKey(path)

    assert "settler.key" in str(refused.value)
    assert "1234" not in str(refused.value)


def test_no_transaction_is_signed_without_a_chain_id(tmp_path):
    with pytest.raises(ValueError, match="chain id"):
        made_key(tmp_path / "key").sign({"nonce": 0, "gas": 21_000, "gasPrice": 1, "value": 0, "to": bytes(20)})
