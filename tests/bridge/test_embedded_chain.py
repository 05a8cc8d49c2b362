# SPDX-License-Identifier: EUPL-1.2
"""The embedded chain loses nothing, has one owner, and says no like a node."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import requests

from heitje_server.embedded import chain as embedded
from tests.bridge.conftest import Token
from token_bridge import contract
from token_bridge.chain import Chain, NodeRefused, Sending
from token_bridge.embedded_chain import BLOCKS_ON_TOP, EmbeddedChain
from token_bridge.embedded_store import ChainInUse
from token_bridge.keys import home_keys


def transaction(signer, nonce, chain_id, **changes):
    plain = {"type": 2, "chainId": chain_id, "nonce": nonce, "gas": 21_000, "to": bytes(20), "value": 1, "data": b""}
    return signer.sign(plain | {"maxFeePerGas": 10**10, "maxPriorityFeePerGas": 1} | changes)


def test_a_killed_chain_comes_back_with_every_block_it_reported(tmp_path):
    server = embedded.start(tmp_path)
    chain = Chain(server.url)
    token = Token(chain, server.settler, server.admin)
    issuer = b"\x01".rjust(32)
    token.do("recordFunding", [(issuer, 5_00)])
    genesis = chain.block_hash(0)

    os.killpg(server.child.pid, signal.SIGKILL)
    server.child.process.wait()
    server = embedded.start(tmp_path)
    try:
        again = Chain(server.url)
        assert again.block_hash(0) == genesis
        assert again.read(token.address, "funded", issuer) == 5_00
        token.chain = again
        token.do("recordFunding", [(issuer, 1_00)])
        assert again.read(token.address, "totalFunded") == 6_00
    finally:
        server.stop()


KILLED_WHILE_WRITING = """
import sys
from pathlib import Path
from token_bridge.embedded_chain import EmbeddedChain
from token_bridge.keys import home_keys
from tests.bridge.test_embedded_chain import transaction

home = Path(sys.argv[1])
settler, _ = home_keys(home)
chain = EmbeddedChain(home / "chain", rich=[settler.address])
for nonce in range(10_000):
    chain.send_raw(transaction(settler, nonce, chain.chain_id)[0])
    print(nonce, flush=True)
"""


def test_a_kill_in_the_middle_of_a_block_leaves_whole_blocks_only(tmp_path):
    settler, _ = home_keys(tmp_path)
    here = Path(__file__).parents[2]
    with subprocess.Popen(
        [sys.executable, "-c", KILLED_WHILE_WRITING, tmp_path], stdout=subprocess.PIPE, text=True, cwd=here
    ) as writer:
        reported = 0
        for line in writer.stdout:
            reported = int(line) + 1
            if reported == 30:
                writer.kill()

    chain = EmbeddedChain(tmp_path / "chain", rich=[settler.address])
    try:
        head = chain.head_number()
        assert head in (reported, reported + 1)
        assert chain.state(head).get_nonce(settler.address) == head
        assert chain.filled_blocks(0, head) is not None
        chain.send_raw(transaction(settler, head, chain.chain_id)[0])
    finally:
        chain.close()


def test_a_folder_has_one_owner(tmp_path):
    chain = EmbeddedChain(tmp_path, rich=[])
    try:
        with pytest.raises(ChainInUse, match="in use"):
            EmbeddedChain(tmp_path, rich=[])
    finally:
        chain.close()
    EmbeddedChain(tmp_path, rich=[]).close()


def test_a_transaction_gets_its_blocks_on_top_and_then_the_chain_rests(tmp_path):
    settler, _ = home_keys(tmp_path)
    chain = EmbeddedChain(tmp_path / "chain", rich=[settler.address])
    try:
        chain.send_raw(transaction(settler, 0, chain.chain_id)[0])
        mined = sum(1 for _ in iter(chain.mine_on_top, False))
        assert mined == BLOCKS_ON_TOP
        assert chain.head_number() == 1 + BLOCKS_ON_TOP
    finally:
        chain.close()


def test_a_node_says_why_it_does_not_take_a_transaction(node, chain):
    nonce = chain.transaction_count(node.settler.address)
    chain_id = chain.chain_id()

    def send(number, **changes):
        return chain.send_raw(transaction(node.settler, number, chain_id, **changes)[0])[0]

    assert send(nonce) is Sending.TAKEN
    assert send(nonce) in (Sending.KNOWN, Sending.NONCE_USED)
    assert send(nonce, value=2) is Sending.NONCE_USED
    assert send(nonce + 1, value=10**40) is Sending.REFUSED


def test_the_gateway_sees_blocks_logs_and_receipts_alike_on_both_chains(node, chain, token):
    issuer = b"\x02".rjust(32)
    receipt = token.do("recordFunding", [(issuer, 5_00), (issuer, 1_00)])

    logs = list(chain.logs(token.address, first=0, last=chain.head().number))

    assert [log for log in logs if log.transaction_hash == receipt.transaction_hash] == list(receipt.logs)
    assert [contract.event(log.topics, log.payload).name for log in logs][-3:] == ["Funded", "Funded", "Processed"]
    assert chain.block_hash(receipt.block_number) == receipt.block_hash
    assert chain.knows(receipt.transaction_hash)
    assert not chain.knows(bytes(32))
    assert chain.receipt(bytes(32)) is None
    assert chain.block_hash(10**9) is None
    assert chain.code(token.address) != b""
    assert chain.balance_wei(node.settler.address) > 0


def test_nonsense_gets_a_json_rpc_error_and_not_a_crash(tmp_path):
    server = embedded.start(tmp_path)
    try:
        for body, code in [
            (b"{", -32700),
            (b"[]", None),
            (b"7", -32600),
            (b'{"method": "eth_mine", "id": 1}', -32601),
            (b'{"method": "eth_getBalance", "id": 1, "params": ["0xzz"]}', -32602),
            (b'{"method": "eth_getBalance", "id": 1}', -32602),
            (b'{"method": "eth_sendRawTransaction", "id": 1, "params": ["0x00"]}', -32000),
        ]:
            reply = requests.post(server.url, data=body, timeout=5).json()
            assert (reply["error"]["code"] if isinstance(reply, dict) else None) == code
        with pytest.raises(NodeRefused, match="header not found"):
            Chain(server.url).read(bytes(20), "decimals", block=10**6)
    finally:
        server.stop()


def test_many_readers_do_not_disturb_a_writer(tmp_path):
    settler, _ = home_keys(tmp_path)
    chain = EmbeddedChain(tmp_path / "chain", rich=[settler.address])
    done = threading.Event()
    failures = []

    def read():
        while not done.is_set():
            try:
                chain.state(chain.head_number()).get_nonce(settler.address)
            except Exception as error:  # noqa: BLE001 - shown by the assertion
                failures.append(error)
                return

    readers = [threading.Thread(target=read) for _ in range(3)]
    try:
        for reader in readers:
            reader.start()
        for nonce in range(20):
            chain.send_raw(transaction(settler, nonce, chain.chain_id)[0])
    finally:
        done.set()
        for reader in readers:
            reader.join()
        chain.close()
    assert failures == []
