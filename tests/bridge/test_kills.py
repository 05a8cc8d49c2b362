# SPDX-License-Identifier: EUPL-1.2
"""kill -9 at every state of an operation: the next bridge finishes the work, each line exactly once."""

import os
import signal
import threading
import time
from contextlib import contextmanager

import psycopg
import pytest
from click.testing import CliRunner

from heitje_server.commands.bridge import command as bridge_command
from heitje_server.commands.reconcile import command as reconcile_command
from tests.bridge.bridge_process import start_bridge
from tests.bridge.conftest import signed_by
from tests.bridge.mirror import SECRET, Mirror
from token_bridge import contract
from token_bridge.models import State

pytestmark = pytest.mark.node


@pytest.fixture
def environment(database, books, tmp_path, proxy):
    """A database in which this scheme alone has a bridge, and what the commands need to know."""
    with psycopg.connect(database.superuser_url) as superuser:
        superuser.execute("update chain_deployments set retired_at = now()")
        superuser.execute("delete from ledger_outbox where scheme_id <> %s", [books.scheme_id])
    return {
        "PATH": os.environ["PATH"],
        "HEITJE_HOME": str(tmp_path),
        "DATABASE_URL": database.app_url,
        "OPERATOR_DATABASE_URL": database.operator_url,
        "CHAIN_URL": proxy.url,
        "SECRET_KEY": SECRET.decode(),
    }


def heitje(command, environment, *arguments):
    """Give a command as on the command line; return its result."""
    return CliRunner().invoke(command, list(arguments), env=environment)


@contextmanager
def running_bridge(environment):
    process = start_bridge(environment)
    try:
        yield process
    finally:
        process.terminate()
        process.join(20)
        if process.is_alive():
            process.kill()
            process.join()
            raise AssertionError("the bridge did not end when told to")
        process.close()


def kill(process):
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert process.exitcode == -signal.SIGKILL


def finish(environment, anvil):
    """Run another bridge until everything has crossed; return what `heitje reconcile` says."""
    enough = threading.Event()

    def blocks():
        while not enough.wait(0.2):
            anvil.rpc("anvil_mine", "0x1")

    miner = threading.Thread(target=blocks)
    with running_bridge(environment):
        miner.start()
        try:
            return heitje(reconcile_command, environment, "--wait", "60")
        finally:
            enough.set()
            miner.join()


def each_line_once(books, database, anvil, town):
    with Mirror(books, database, anvil, secret=SECRET) as mirror:
        for account in town.accounts():
            assert mirror.on_chain(account) == books.balance(account)
        logs = mirror.chain.logs(mirror.deployment.address, first=0, last=mirror.chain.head().number)
        told = [contract.event(log.topics, log.payload) for log in logs]
        done = [event.facts["id"] for event in told if event.name == "Processed"]
        assert sorted(done) == sorted(batch.operation_id for batch in mirror.batches() if batch.sequence > 0)
        assert {batch.state for batch in mirror.batches()} == {State.CONFIRMED}
        nonces = [batch.nonce for batch in mirror.batches()]
        assert nonces == sorted(set(nonces))


@pytest.mark.parametrize(
    ("method", "after"),
    [
        pytest.param("eth_estimateGas", False, id="sealed"),
        pytest.param("eth_sendRawTransaction", False, id="signed and not sent"),
        pytest.param("eth_sendRawTransaction", True, id="sent and not recorded"),
        pytest.param("eth_getTransactionReceipt", False, id="sent and recorded"),
        pytest.param("eth_getTransactionReceipt", True, id="mined and not recorded"),
        pytest.param("eth_getCode", False, id="about to confirm the contract"),
    ],
)
def test_a_bridge_that_is_killed_leaves_nothing_undone_and_nothing_doubled(
    environment, books, database, anvil, proxy, town, method, after
):
    town.a_day()
    with proxy.hold(method, after=after) as reached, running_bridge(environment) as process:
        while not reached.wait(0.1):
            anvil.rpc("anvil_mine", "0x1")
        kill(process)
    town.a_day()

    said = finish(environment, anvil)

    assert (said.exit_code, said.stderr) == (0, ""), said.output
    assert "Ledger and chain agree." in said.stdout
    each_line_once(books, database, anvil, town)


@pytest.mark.parametrize("kind", ["mint", "settle", "redeem"])
def test_a_kill_between_signing_and_sending_of_any_operation(environment, books, database, anvil, proxy, town, kind):
    """The held request is the one whose call is this operation's."""
    town.a_day()
    selector = contract.call_selector({"settle": "settleBatch"}.get(kind, kind))
    held, released = threading.Event(), threading.Event()

    def act(request):
        if selector.hex() in request["params"][0]:
            held.set()
            released.wait(60)
        return proxy.forward(request)

    with proxy.fault(act, "eth_sendRawTransaction"), running_bridge(environment) as process:
        while not held.wait(0.1):
            anvil.rpc("anvil_mine", "0x1")
        kill(process)
        released.set()  # and the request arrives after all, from a bridge that is dead

    said = finish(environment, anvil)

    assert (said.exit_code, said.stderr) == (0, ""), said.output
    each_line_once(books, database, anvil, town)


def test_a_kill_while_mined_and_unconfirmed(environment, books, database, anvil, town):
    town.a_day()
    with running_bridge(environment) as process:
        wait_for(database, "select count(*) from chain_batches where state = 'mined'")
        kill(process)

    said = finish(environment, anvil)

    assert (said.exit_code, said.stderr) == (0, ""), said.output
    each_line_once(books, database, anvil, town)


def wait_for(database, query, *, within_s=30):
    deadline = time.monotonic() + within_s
    with psycopg.connect(database.superuser_url, autocommit=True) as superuser:
        while superuser.execute(query).fetchone() == (0,):
            assert time.monotonic() < deadline, query


def test_reconcile_exits_with_an_error_and_names_the_account(environment, books, database, anvil, town):
    town.a_day()
    assert finish(environment, anvil).exit_code == 0
    with Mirror(books, database, anvil, secret=SECRET) as mirror:
        wallet, till = mirror.address_of(town.wallet), mirror.address_of(town.till)
        payload = contract.call("settleBatch", b"\x07" * 32, bytes(32), [(wallet, till, 1)])
        signed_by(mirror.chain, anvil.settler, mirror.deployment.address, payload)

    said = heitje(reconcile_command, environment)

    assert said.exit_code == 1
    assert f"account {town.wallet} " in said.stderr
    assert "-1" in said.stderr


def test_operators_see_pause_and_resume_on_the_command_line(environment, books, database, anvil, town):
    slug = f"s-{books.scheme_id.hex[:12]}"

    def say(*arguments):
        found = heitje(bridge_command, environment, *arguments)
        assert found.exit_code == 0, found.output
        return found.stdout

    town.a_day()
    assert finish(environment, anvil).exit_code == 0
    assert "0 transfers wait" in state_line(say("state"), slug)
    say("pause", slug)
    town.pay(1_00)
    with running_bridge(environment):
        wait_for(database, "select count(*) from chain_alarms where code = 'simulation-failed' and cleared_at is null")
    assert "HALTED (simulation-failed)" in state_line(say("state"), slug)

    say("unpause", slug)
    assert "Resumed" in say("resume", slug)
    assert finish(environment, anvil).exit_code == 0
    assert "working" in state_line(say("state"), slug)


def state_line(text, slug):
    return next(line for line in text.splitlines() if line.startswith(slug))
