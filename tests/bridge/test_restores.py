# SPDX-License-Identifier: EUPL-1.2
"""An older database beside a newer chain, a lost chain, a new contract: nothing is done twice, everything is found."""

import os
import signal

import psycopg
import pytest

from heitje_server.embedded import chain as embedded
from tests.bridge.conftest import RunningNode
from token_bridge import contract
from token_bridge.addresses import issuer_id
from token_bridge.bridge import Rules
from token_bridge.models import State
from token_bridge.redeploy import redeploy


def forget(database, deployment_id, closing):
    """Bring the bridge's tables to where an older backup has them: before this closing."""
    with psycopg.connect(database.superuser_url) as superuser:
        superuser.execute("set session_replication_role = replica")
        newer = "select id from chain_batches where deployment_id = %(deployment)s and closing >= %(closing)s"
        bounds = {"deployment": deployment_id, "closing": closing}
        superuser.execute(
            "insert into ledger_outbox (transfer_id, scheme_id) select l.transfer_id, t.scheme_id from chain_batch_lines"
            f" l join ledger_transfers t on t.id = l.transfer_id where l.batch_id in ({newer})",
            bounds,
        )
        for table in ("chain_attempts", "chain_batch_lines"):
            superuser.execute(f"delete from {table} where batch_id in ({newer})", bounds)
        superuser.execute(f"delete from chain_batches where id in ({newer})", bounds)
        superuser.execute(
            "update chain_accounts a set sealed_seq = coalesce((select max(case when l.source_id = a.account_id then"
            " l.source_seq else l.target_seq end) from chain_batch_lines l join chain_batches b on b.id = l.batch_id"
            " where b.deployment_id = a.deployment_id and a.account_id in (l.source_id, l.target_id)), 0)"
            " where deployment_id = %(deployment)s",
            bounds,
        )


def test_an_older_database_finds_what_was_done_and_sends_nothing_again(mirror, town, database):
    town.a_day()
    mirror.settle()
    for _ in range(2):
        town.pay(1_00)
        mirror.settle()
    nonce = mirror.chain.transaction_count(mirror.node.settler.address)
    last = mirror.batches()[-1]
    mirror.session.close()
    forget(database, mirror.deployment.id, last.closing)
    assert mirror.waiting() == 1

    mirror.settle()

    assert mirror.batches()[-1].digest == last.digest
    assert mirror.batches()[-1].state == State.CONFIRMED
    assert mirror.chain.transaction_count(mirror.node.settler.address) == nonce
    assert mirror.reconcile().differences == ()
    town.pay(1_00)
    mirror.settle()
    assert mirror.on_chain(town.till) == town.books.balance(town.till)


def test_an_older_database_whose_batch_would_be_another_stops_and_sends_nothing(mirror, town, database):
    town.a_day()
    mirror.settle()
    town.pay(1_00)
    mirror.settle()
    nonce = mirror.chain.transaction_count(mirror.node.settler.address)
    last = mirror.batches()[-1]
    mirror.session.close()
    forget(database, mirror.deployment.id, last.closing)
    town.pay(2_00)  # now the closing holds two lines

    mirror.settle()

    assert "chain-ahead" in mirror.alarms()
    assert mirror.chain.transaction_count(mirror.node.settler.address) == nonce


def test_a_new_contract_opens_with_everything_that_was(mirror, town):
    town.a_day()
    mirror.settle()
    old = mirror.deployment
    town.pay(1_00)

    redeploy(mirror.bridge, mirror.session.merge(old), admin=mirror.node.admin.address, at=mirror.at)
    mirror.bridge.keep()
    mirror.settle()

    assert mirror.deployment.address != old.address
    for account in town.accounts():
        assert mirror.on_chain(account) == town.books.balance(account)
    issuer = issuer_id(town.line.tenant_id)
    assert mirror.read("funded", issuer) == mirror.read("minted", issuer) == 1000_00
    assert mirror.read("redeemed", issuer) == 100_00
    assert mirror.read("redeemed", bytes(32)) == 5_00
    assert mirror.read("balanceOf", contract.CLEARING) == 0
    assert mirror.reconcile().differences == ()

    town.a_day()
    mirror.settle()
    assert mirror.reconcile().differences == ()


def test_a_chain_that_was_lost_altogether_is_begun_anew(mirror_of, tmp_path, town):
    first = embedded.start(tmp_path / "first")
    with mirror_of(RunningNode(first.url, first.settler, first.admin)) as mirror:
        town.a_day()
        mirror.settle()
    first.stop()

    (tmp_path / "second").mkdir()
    (tmp_path / "first" / "secrets").rename(tmp_path / "second" / "secrets")
    second = embedded.start(tmp_path / "second")
    try:
        with mirror_of(RunningNode(second.url, second.settler, second.admin)) as mirror:
            town.pay(1_00)
            assert mirror.served() is None
            assert "wrong-chain" in mirror.alarms()
            redeploy(mirror.bridge, mirror.session.merge(mirror.deployment), admin=second.admin.address, at=mirror.at)
            mirror.bridge.keep()
            mirror.settle()
            for account in town.accounts():
                assert mirror.on_chain(account) == town.books.balance(account)
            assert mirror.reconcile().differences == ()
    finally:
        second.stop()


@pytest.mark.parametrize("rounds", [0, 1, 3])
def test_the_embedded_chain_killed_between_rounds_loses_nothing(mirror_of, tmp_path, town, rounds):
    server = embedded.start(tmp_path)
    with mirror_of(RunningNode(server.url, server.settler, server.admin), rules=Rules(seconds=0)) as mirror:
        town.a_day()
        for _ in range(rounds):
            mirror.round()
        os.killpg(server.child.pid, signal.SIGKILL)
        server.child.process.wait()
        server = embedded.start(tmp_path)
        try:
            assert server.url == mirror.node.url  # a home keeps its ports
            mirror.settle()
            for account in town.accounts():
                assert mirror.on_chain(account) == town.books.balance(account)
            assert mirror.reconcile().differences == ()
        finally:
            server.stop()


def test_the_bridge_compares_the_books_by_itself_when_its_work_is_done(mirror, town):
    from eth_utils.crypto import keccak

    from tests.bridge.conftest import signed_by
    from token_bridge.run import Reconciler, round_of_all

    town.a_day()
    mirror.settle()
    stranger = contract.call("allow", keccak(text=f"{mirror.deployment.id}"), [b"\x09" * 20])
    signed_by(mirror.chain, mirror.node.settler, mirror.deployment.address, stranger)
    wallet, till = mirror.address_of(town.wallet), mirror.address_of(town.till)
    move = contract.call("settleBatch", keccak(text=f"{mirror.deployment.id}/"), bytes(32), [(wallet, till, 1)])
    signed_by(mirror.chain, mirror.node.settler, mirror.deployment.address, move)

    round_of_all(mirror.bridge, mirror.orders, at=mirror.at, reconciler=Reconciler())

    assert len(mirror.alarms()["ledger-differs-from-chain"]["differences"]) == 2
    assert mirror.deployment.halted_code == "ledger-differs-from-chain"
