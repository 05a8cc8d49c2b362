# SPDX-License-Identifier: EUPL-1.2
"""From the ledger to the chain and back, on both chains: what happened in the town is what anyone can check."""

from datetime import timedelta

import pytest

from heitje.ledger.models import TransferKind
from token_bridge import contract, merkle
from token_bridge.addresses import issuer_id
from token_bridge.bridge import Rules
from token_bridge.models import BatchLine, Kind, State


def test_a_day_in_town_is_on_the_chain_to_the_cent(mirror, town):
    town.a_day()

    mirror.settle()

    for account in town.accounts():
        assert mirror.on_chain(account) == town.books.balance(account)
    issuer = issuer_id(town.line.tenant_id)
    assert mirror.read("funded", issuer) == mirror.read("minted", issuer) == 1000_00
    assert mirror.read("redeemed", bytes(32)) == 5_00
    assert mirror.read("redeemed", issuer) == 100_00
    assert mirror.read("totalSupply") == 895_00 == -town.books.balance(town.books.treasury_id)
    assert mirror.read("balanceOf", contract.CLEARING) == 0
    kinds = [kind for kind, _ in mirror.states()]
    assert kinds == [Kind.CREATE, Kind.ALLOW, Kind.FUND, Kind.MINT, Kind.SETTLE, Kind.REDEEM]
    assert mirror.alarms() == {}


def test_the_books_agree_after_every_closing_and_in_the_middle_of_one(mirror, town):
    for _ in range(3):
        town.a_day()
        for _ in range(20):
            mirror.round()
            found = mirror.reconcile()
            assert found.differences == ()
            mirror.node.mine()
            if not mirror.waiting() and not mirror.unsettled():
                break
    assert mirror.reconcile().supply_cents == 1000_00 - 3 * 105_00
    assert mirror.reconcile().funded_cents == 1000_00


def test_in_gross_mode_the_moves_are_the_transfers(mirror_of, node, town):
    with mirror_of(node, rules=Rules(net=False)) as mirror:
        town.a_day()
        mirror.settle()

        (settle,) = [batch for batch in mirror.batches() if batch.kind == Kind.SETTLE]
        moves = decoded_moves(settle)
        assert (mirror.address_of(town.wallet), mirror.address_of(town.till), 7_50) in moves
        assert settle.move_count == 4
        assert mirror.reconcile().differences == ()


def test_in_net_mode_nobody_can_read_who_paid_whom(mirror, town):
    town.reward(20_00)
    town.pay(7_50)
    mirror.settle()

    (settle,) = [batch for batch in mirror.batches() if batch.kind == Kind.SETTLE]
    for source, target, _ in decoded_moves(settle):
        assert contract.CLEARING in (source, target)


def decoded_moves(batch):
    from eth_abi.abi import decode

    _, _, moves = decode(["bytes32", "bytes32", "(address,address,uint256)[]"], batch.payload[4:])
    return [(bytes.fromhex(source[2:]), bytes.fromhex(target[2:]), cents) for source, target, cents in moves]


def test_lines_that_cancel_each_other_out_still_leave_their_root(mirror, town):
    mirror.settle()
    with town.books.databases.as_tenant(town.line.tenant_id) as session:
        town.books.post(session, TransferKind.RESERVE, town.line.budget_id, town.line.reserved_id, 3_00)
        town.books.post(session, TransferKind.RELEASE, town.line.reserved_id, town.line.budget_id, 3_00)
    mirror.settle()

    last = mirror.batches()[-1]
    assert (last.kind, last.state, last.volume_cents) == (Kind.SETTLE, State.CONFIRMED, 0)
    assert last.root != bytes(32)
    assert mirror.reconcile().differences == ()


def test_a_citizen_can_prove_a_payment_by_the_root_on_the_chain(mirror, town):
    from token_bridge.proof import prove_transfer

    town.reward(20_00)
    town.reward(5_00)
    payment = town.pay(7_50)
    mirror.settle()

    proof = prove_transfer(mirror.session, mirror.orders.secret, payment.id)
    told = [
        contract.event(log.topics, log.payload)
        for log in mirror.chain.logs(mirror.deployment.address, first=0, last=mirror.chain.head().number)
    ]
    assert proof.root in [event.facts["root"] for event in told if event.name == "BatchSettled"]
    assert merkle.is_proven(proof.root, proof.leaf, proof.path)
    assert proof.amount_cents == 7_50


def test_a_batch_closes_by_count(mirror_of, node, town):
    with mirror_of(node, rules=Rules(lines=3, seconds=10**9)) as mirror:
        town.reserve(1_00)
        mirror.round()
        assert mirror.waiting() == 2  # the mint and the reservation

        town.reserve(1_00)
        mirror.round()
        assert mirror.waiting() == 0


def test_a_batch_closes_by_time(mirror_of, node, town):
    with mirror_of(node, rules=Rules(lines=100, seconds=3 * 3600)) as mirror:
        mirror.round()
        assert mirror.waiting() == 1

        mirror.at += timedelta(hours=2)
        mirror.round()
        assert mirror.waiting() == 0


def test_more_than_one_operation_can_hold_crosses_in_several(mirror_of, node, books, town):
    mirror_of_many = mirror_of(node, rules=Rules(lines=400, net=False))
    with mirror_of_many as mirror, books.databases.as_tenant(town.line.tenant_id) as session:
        for _ in range(280):
            books.post(session, TransferKind.RESERVE, town.line.budget_id, town.line.reserved_id, 10)
        session.commit()
        mirror.settle()

        assert [batch.move_count for batch in mirror.batches() if batch.kind == Kind.SETTLE] == [250, 30]
        assert mirror.on_chain(town.line.reserved_id) == 28_00
        assert mirror.reconcile().differences == ()


def test_every_line_of_the_outbox_crosses_exactly_once(mirror, town):
    transfers = {town.reserve(10).id for _ in range(7)}
    mirror.settle()
    transfers |= {town.reserve(10).id for _ in range(7)}
    mirror.settle()

    crossed = [line.transfer_id for line in mirror.session.query(BatchLine).all()]
    assert len(crossed) == len(set(crossed))
    assert transfers <= set(crossed)


def test_each_scheme_has_a_token_of_its_own(mirror_of, node, town, databases, database):
    from tests.bridge.mirror import Mirror, Town
    from tests.ledger.books import Books

    other = Town(Books(databases))
    town.reward(20_00)
    other.reward(3_00)
    with Mirror(town.books, database, node) as mirror:
        mirror.settle()
        first = mirror.deployment.address
    with Mirror(other.books, database, node) as mirror:
        mirror.settle()
        assert mirror.deployment.address != first
        assert mirror.on_chain(other.wallet) == 3_00
        assert mirror.on_chain(town.wallet) == 0


def test_there_is_one_bridge_at_a_time(mirror, mirror_of, node):
    from token_bridge.run import BridgeRunning

    with pytest.raises(BridgeRunning), mirror_of(node):
        pass
