# SPDX-License-Identifier: EUPL-1.2
"""The two chains that every test of the bridge runs on: the embedded one, and anvil as a real node."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from heitje.db.session import Databases
from heitje_server.embedded.chain import start_anvil
from tests.bridge.fault_proxy import FaultProxy
from tests.bridge.mirror import Mirror, Town
from tests.ledger.books import Books
from token_bridge import contract
from token_bridge.addresses import operation_id
from token_bridge.chain import Chain, Receipt, address_of
from token_bridge.embedded_chain import EmbeddedChain
from token_bridge.embedded_rpc import NodeServer
from token_bridge.keys import LocalKey, Signer, home_keys

ANVIL = Path(__file__).parents[2] / "node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil"


@dataclass(frozen=True)
class RunningNode:
    """A node with two rich keys: the one that the platform works with, and the administrator's."""

    url: str
    settler: LocalKey
    admin: LocalKey
    embedded: EmbeddedChain | None = None
    """The chain itself, when it lives in this process."""

    def rpc(self, method, *params):
        """Ask the node anything, such as anvil's own methods."""
        reply = requests.post(
            self.url, json={"jsonrpc": "2.0", "id": 1, "method": method, "params": params}, timeout=10
        )
        body = reply.json()
        assert "error" not in body, body
        return body["result"]

    @property
    def is_anvil(self):
        return self.rpc("web3_clientVersion").startswith("anvil")

    def mine(self, blocks=1):
        """Put empty blocks on top; an embedded chain in a process of its own does so by itself, each second."""
        if self.embedded is not None:
            self.embedded.mine_on_top()
        elif self.is_anvil:
            self.rpc("anvil_mine", hex(blocks))
        else:
            threading.Event().wait(0.3)


@contextmanager
def running_anvil(home: Path, *options: str) -> Iterator[RunningNode]:
    server = start_anvil(home, program=ANVIL, options=options)
    try:
        yield RunningNode(server.url, server.settler, server.admin)
    finally:
        server.stop()


@contextmanager
def running_embedded(home: Path) -> Iterator[RunningNode]:
    settler, admin = home_keys(home)
    embedded = EmbeddedChain(home / "chain", rich=[settler.address, admin.address])
    server = NodeServer(embedded)
    try:
        yield RunningNode(server.url, settler, admin, embedded)
    finally:
        server.close()


@pytest.fixture
def anvil(tmp_path):
    with running_anvil(tmp_path) as node:
        yield node


@pytest.fixture(scope="module", params=["embedded", pytest.param("anvil", marks=pytest.mark.node)])
def node(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("node")
    with (running_embedded if request.param == "embedded" else running_anvil)(folder) as running:
        yield running


@pytest.fixture
def chain(node):
    return Chain(node.url)


def receipt_of(chain: Chain, transaction_hash: bytes, *, within_s: float = 10.0) -> Receipt:
    """Ask for a receipt until it is there: anvil answers before it has made the block."""
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        receipt = chain.receipt(transaction_hash)
        if receipt is not None:
            return receipt
    raise AssertionError(f"no receipt of {transaction_hash.hex()} within {within_s} s")


def signed_by(chain: Chain, signer: Signer, to: bytes | None, payload: bytes) -> Receipt:
    """Try a call, then do it with this key, and wait until it is in a block."""
    chain.simulate(signer.address, to, payload)
    fees = chain.fees()
    raw, transaction_hash = signer.sign(
        {
            "type": 2,
            "chainId": chain.chain_id(),
            "nonce": chain.transaction_count(signer.address),
            "gas": chain.estimate_gas(signer.address, to, payload),
            "maxFeePerGas": fees.max_fee_wei,
            "maxPriorityFeePerGas": fees.tip_wei,
            "value": 0,
            "data": payload,
        }
        | ({"to": to} if to else {})
    )
    assert chain.send_raw(raw)[0].value == "taken"
    receipt = receipt_of(chain, transaction_hash)
    assert receipt.succeeded
    return receipt


class Token:
    """A deployed contract, driven by hand."""

    def __init__(self, chain: Chain, settler: Signer, admin: Signer) -> None:
        self.chain = chain
        self.settler, self.admin = settler, admin
        self._sequence = 0
        creation = contract.creation(
            name="Heitje",
            symbol="HTJ",
            admin=admin.address,
            admin_delay_s=0,
            treasurer=settler.address,
            settler=settler.address,
            registrar=settler.address,
            pauser=admin.address,
        )
        self.address = address_of(settler.address, chain.transaction_count(settler.address))
        self.send(settler, None, creation)

    def send(self, signer: Signer, to: bytes | None, payload: bytes) -> Receipt:
        """Try it, then do it; raises CallReverted when the contract refuses."""
        return signed_by(self.chain, signer, to, payload)

    def do(self, name, *values, by=None, operation=None):
        """Do an operation under a fresh id, or under the given one."""
        self._sequence += 1
        number = operation or operation_id(1, self._sequence)
        return self.send(by or self.settler, self.address, contract.call(name, number, *values))

    def read(self, name, *values):
        return self.chain.read(self.address, name, *values)

    def events(self, receipt):
        return [contract.event(log.topics, log.payload) for log in receipt.logs]


@pytest.fixture
def token(chain, node):
    return Token(chain, node.settler, node.admin)


@pytest.fixture
def databases(database):
    made = Databases(database.app_url, database.operator_url)
    yield made
    made.dispose()


@pytest.fixture
def books(databases):
    return Books(databases)


@pytest.fixture
def town(books):
    return Town(books)


@pytest.fixture
def mirror_of(books, database):
    """Start a bridge for the scheme on a node; the test decides with what rules."""

    def start(node, **orders):
        return Mirror(books, database, node, **orders)

    return start


@pytest.fixture
def mirror(mirror_of, node):
    with mirror_of(node) as mirror:
        yield mirror


@pytest.fixture
def proxy(anvil):
    proxy = FaultProxy(anvil.url)
    yield proxy
    proxy.close()
