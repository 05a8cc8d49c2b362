# SPDX-License-Identifier: EUPL-1.2
"""A node on its bad days: whatever it loses, doubles or forgets, each line has its effect exactly once."""

from datetime import timedelta

import pytest
from eth_utils.crypto import keccak

from tests.bridge.conftest import signed_by
from token_bridge import contract
from token_bridge.bridge import Rules
from token_bridge.chain import NodeUnavailable
from token_bridge.models import State
from token_bridge.run import round_of_all
from token_bridge.send import attempts_of

pytestmark = pytest.mark.node
PATIENCE = timedelta(seconds=30)


@pytest.fixture
def settled(mirror_of, anvil, proxy, town):
    """A bridge behind the proxy whose contract stands and whose town has its money; then the node mines on demand."""
    with mirror_of(anvil, url=proxy.url, rules=Rules(patience=PATIENCE, seconds=0)) as mirror:
        town.reward(50_00)
        town.pay(20_00)
        mirror.settle()
        anvil.rpc("evm_setAutomine", False)
        yield mirror


def crossed_once(mirror, town):
    """Finish, and see that every account and every event is there once."""
    mirror.settle()
    for account in town.accounts():
        assert mirror.on_chain(account) == town.books.balance(account)
    logs = mirror.chain.logs(mirror.deployment.address, first=0, last=mirror.chain.head().number)
    told = [contract.event(log.topics, log.payload) for log in logs]
    done = [event.facts["id"] for event in told if event.name == "Processed"]
    assert sorted(done) == sorted(batch.operation_id for batch in mirror.batches() if batch.sequence > 0)
    assert mirror.reconcile().differences == ()


def last(mirror):
    return mirror.batches()[-1]


def attempts(mirror):
    found = list(attempts_of(mirror.session, last(mirror)))
    mirror.session.commit()
    return found


def test_a_node_that_is_down_delays_the_chain_and_nothing_else(settled, proxy, town):
    with proxy.fault(proxy.down):
        for _ in range(5):
            town.pay(1_00)
            round_of_all(settled.bridge, settled.orders, at=settled.at)
        assert "node-unavailable" in settled.alarms()
        assert settled.waiting() == 5
        assert town.books.balance(town.till) == 25_00

    crossed_once(settled, town)
    round_of_all(settled.bridge, settled.orders, at=settled.at)
    assert "node-unavailable" not in settled.alarms()


def test_a_node_that_answers_with_errors_delays_the_chain_and_nothing_else(settled, proxy, town):
    town.pay(1_00)
    with proxy.fault(proxy.error_500):
        round_of_all(settled.bridge, settled.orders, at=settled.at)
    crossed_once(settled, town)


@pytest.mark.parametrize("method", ["eth_call", "eth_estimateGas", "eth_getBlockByNumber", "eth_getTransactionReceipt"])
def test_a_node_that_fails_at_one_question_is_asked_again(settled, proxy, town, method):
    town.pay(1_00)
    with proxy.fault(proxy.down, method), pytest.raises(NodeUnavailable):
        for _ in range(3):
            settled.round()
    settled.session.rollback()
    crossed_once(settled, town)


def test_an_answer_that_never_comes_is_no_second_transaction(settled, proxy, town):
    town.pay(1_00)
    with proxy.fault(proxy.swallow_answer, "eth_sendRawTransaction"), pytest.raises(NodeUnavailable):
        settled.round()
    settled.session.rollback()
    assert last(settled).state == State.SIGNED  # in doubt

    settled.round()
    assert last(settled).state == State.SENT
    assert attempts(settled)[0].last_answer != ""  # "already known"
    crossed_once(settled, town)
    assert len(attempts(settled)) == 1


def test_a_request_that_arrives_twice_has_one_effect(settled, proxy, town):
    town.pay(1_00)
    with proxy.fault(proxy.twice, "eth_sendRawTransaction"):
        settled.round()
    crossed_once(settled, town)
    assert len(attempts(settled)) == 1


def test_a_transaction_that_the_node_lost_is_sent_again_after_a_while(settled, proxy, town):
    town.pay(1_00)
    with proxy.fault(proxy.lose, "eth_sendRawTransaction"):
        settled.round()
    assert last(settled).state == State.SENT
    settled.node.mine()
    settled.round(seconds=20)
    assert proxy.seen["eth_sendRawTransaction"] == len(settled.batches())

    settled.round(seconds=15)

    assert proxy.seen["eth_sendRawTransaction"] == len(settled.batches()) + 1
    assert attempts(settled)[0].sendings == 2
    crossed_once(settled, town)
    assert len(attempts(settled)) == 1


def test_a_transaction_dropped_from_the_pool_is_sent_again(settled, town, anvil):
    town.pay(1_00)
    settled.round()
    anvil.rpc("anvil_dropTransaction", "0x" + attempts(settled)[0].transaction_hash.hex())
    anvil.mine()

    settled.round(seconds=31)

    crossed_once(settled, town)
    assert len(attempts(settled)) == 1


def test_a_stuck_transaction_is_replaced_at_its_nonce_for_an_eighth_more_on_both_fees(settled, town, anvil):
    town.pay(1_00)
    settled.round()
    (first,) = attempts(settled)

    settled.round(seconds=91)

    second, _ = attempts(settled)
    assert second.nonce == first.nonce
    assert second.max_fee_wei >= first.max_fee_wei * 9 / 8
    assert second.tip_wei >= first.tip_wei * 9 / 8
    crossed_once(settled, town)


def test_gas_ten_times_dearer_is_followed_up_to_the_limit_and_no_further(mirror_of, anvil, proxy, town):
    limit = 60 * 10**9
    rules = Rules(patience=PATIENCE, seconds=0, max_fee_wei=limit)
    with mirror_of(anvil, url=proxy.url, rules=rules) as mirror:
        town.reserve(1_00)
        mirror.settle()
        anvil.rpc("evm_setAutomine", False)
        town.reserve(1_00)
        mirror.round()
        # 100 gwei a unit: more than the limit allows, so no block takes it.
        anvil.rpc("anvil_setNextBlockBaseFeePerGas", hex(100 * 10**9))
        anvil.mine()
        for _ in range(30):
            anvil.rpc("anvil_setNextBlockBaseFeePerGas", hex(100 * 10**9))
            mirror.round(seconds=91)

        found = attempts(mirror)
        assert 1 <= len(found) <= rules.max_attempts
        assert all(attempt.max_fee_wei <= limit for attempt in found)
        assert len({attempt.nonce for attempt in found}) == 1
        assert "transaction-stuck" in mirror.alarms()

        anvil.rpc("anvil_setNextBlockBaseFeePerGas", hex(10**9))
        crossed_once(mirror, town)
        assert "transaction-stuck" not in mirror.alarms()


def test_whichever_of_two_attempts_is_mined_settles_the_batch(settled, proxy, town, anvil):
    town.pay(1_00)
    settled.round()
    with proxy.fault(proxy.lose, "eth_sendRawTransaction"):
        settled.round(seconds=91)  # a replacement that never arrives
    assert len(attempts(settled)) == 2
    anvil.mine()  # the first one is mined

    settled.round()

    assert last(settled).state == State.MINED
    crossed_once(settled, town)


def test_a_reorganisation_before_confirmation_sends_the_batch_back_and_again(mirror_of, anvil, proxy, town):
    with mirror_of(anvil, url=proxy.url, rules=Rules(seconds=0, confirmations=3)) as mirror:
        town.reserve(1_00)
        mirror.settle()
        anvil.rpc("evm_setAutomine", False)
        town.reserve(1_00)
        mirror.round()
        anvil.mine()
        mirror.round()
        assert last(mirror).state == State.MINED
        gone = last(mirror).mined_hash

        anvil.rpc("anvil_reorg", 1, [])
        mirror.round()
        assert last(mirror).state == State.SENT
        assert last(mirror).orphaned == 1

        crossed_once(mirror, town)
        assert last(mirror).mined_hash != gone
        assert len(attempts(mirror)) == 1


def test_a_reorganisation_deeper_than_that_halts_the_bridge_and_payments_go_on(settled, town, anvil):
    town.pay(1_00)
    crossed_once(settled, town)
    confirmed = last(settled)
    assert confirmed.state == State.CONFIRMED

    anvil.rpc("anvil_reorg", 3, [])
    town.pay(2_00)
    settled.round()
    settled.round(seconds=3600)

    assert "confirmed-block-gone" in settled.alarms()
    assert settled.waiting() == 1
    assert town.books.balance(town.till) == 23_00

    assert settled.resume() == 1
    crossed_once(settled, town)
    assert settled.alarms() == {}


def test_a_nonce_that_somebody_else_used_is_replaced_and_told(settled, proxy, town, anvil):
    town.pay(1_00)
    with proxy.fault(proxy.lose, "eth_sendRawTransaction"):
        settled.round()
    nonce = last(settled).nonce
    anvil.rpc("evm_setAutomine", True)
    payload = contract.call("recordFunding", keccak(text="by hand"), [(bytes(32), 0)])
    signed_by(settled.chain, anvil.settler, settled.deployment.address, payload)

    settled.round(seconds=31)
    settled.settle()

    assert last(settled).nonce > nonce
    assert "key-used-elsewhere" in settled.alarms()
    for account in town.accounts():
        assert settled.on_chain(account) == town.books.balance(account)


def test_another_chain_behind_the_same_address_gets_nothing(settled, proxy, town):
    town.pay(1_00)
    sent = proxy.seen["eth_sendRawTransaction"]
    with proxy.fault(proxy.saying(lambda _: "0x1"), "eth_chainId"):
        round_of_all(settled.bridge, settled.orders, at=settled.at)

    assert proxy.seen["eth_sendRawTransaction"] == sent
    assert settled.alarms()["wrong-chain"]["found"] == 1
    crossed_once(settled, town)
    assert "wrong-chain" not in settled.alarms()


def test_a_frozen_head_confirms_nothing(settled, proxy, town):
    head = settled.chain.head().number
    block = settled.node.rpc("eth_getBlockByNumber", hex(head), False)
    town.pay(1_00)

    def frozen(request):
        return {"jsonrpc": "2.0", "id": request["id"], "result": block} if request["params"][0] == "latest" else None

    with proxy.fault(lambda request: frozen(request) or proxy.forward(request), "eth_getBlockByNumber"):
        for _ in range(4):
            settled.round()
            settled.node.mine()
        assert last(settled).state == State.MINED
    crossed_once(settled, town)
