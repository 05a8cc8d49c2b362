# SPDX-License-Identifier: EUPL-1.2
"""The embedded chain as a node: the JSON-RPC methods that wallets, explorers and the bridge use, over HTTP on loopback.

So the bridge, `heitje reconcile` and anybody's own script speak to it as to every other node.
"""

import json
import logging
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from token_bridge import embedded_answers as answers
from token_bridge.embedded_chain import Call, CallFailed, EmbeddedChain, TransactionRefused

TIP_WEI = 10**9
SECONDS_A_BLOCK = 1.0
LARGEST_REQUEST = 4_000_000

_log = logging.getLogger(__name__)


class RpcError(Exception):
    """What a node answers instead of a result."""

    def __init__(self, code: int, message: str, data: str | None = None) -> None:
        super().__init__(message)
        self.body: dict[str, Any] = {"code": code, "message": message}
        if data is not None:
            self.body["data"] = data


class Node:
    """Answers JSON-RPC methods from an embedded chain."""

    def __init__(self, chain: EmbeddedChain) -> None:
        self._chain = chain
        self._methods: Mapping[str, Callable[..., Any]] = {
            "eth_blockNumber": lambda: hex(chain.head_number()),
            "eth_call": self._call,
            "eth_chainId": lambda: hex(chain.chain_id),
            "eth_estimateGas": self._estimate_gas,
            "eth_gasPrice": lambda: hex(self._base_fee() + TIP_WEI),
            "eth_getBalance": lambda address, tag="latest": hex(self._state(tag).get_balance(_bytes(address))),
            "eth_getBlockByHash": self._block_by_hash,
            "eth_getBlockByNumber": self._block_by_number,
            "eth_getCode": lambda address, tag="latest": answers.hexed(self._state(tag).get_code(_bytes(address))),
            "eth_getLogs": self._logs,
            "eth_getStorageAt": self._storage,
            "eth_getTransactionByHash": self._transaction,
            "eth_getTransactionCount": lambda address, tag="latest": hex(self._state(tag).get_nonce(_bytes(address))),
            "eth_getTransactionReceipt": self._receipt,
            "eth_maxPriorityFeePerGas": lambda: hex(TIP_WEI),
            "eth_sendRawTransaction": lambda raw: answers.hexed(chain.send_raw(_bytes(raw))),
            "eth_syncing": lambda: False,
            "net_version": lambda: str(chain.chain_id),
            "web3_clientVersion": lambda: "heitje-embedded/1",
        }

    def answer(self, request: Any) -> dict[str, Any]:
        """Answer one request object with one response object."""
        reply: dict[str, Any] = {"jsonrpc": "2.0", "id": request.get("id") if isinstance(request, dict) else None}
        try:
            reply["result"] = self._result(request)
        except RpcError as error:
            reply["error"] = error.body
        except CallFailed as failed:
            reply["error"] = RpcError(3, "execution reverted", answers.hexed(failed.output)).body
        except TransactionRefused as refused:
            reply["error"] = RpcError(-32000, str(refused)).body
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            reply["error"] = RpcError(-32602, f"invalid parameters: {error}").body
        return reply

    def _result(self, request: Any) -> Any:
        if not isinstance(request, dict) or not isinstance(request.get("method"), str):
            raise RpcError(-32600, "not a JSON-RPC request")
        method = self._methods.get(request["method"])
        if method is None:
            raise RpcError(-32601, f"the embedded chain has no method {request['method']}")
        return method(*request.get("params", []))

    def _number(self, tag: Any) -> int:
        if tag in ("latest", "pending", "safe", "finalized", None):
            return self._chain.head_number()
        number = 0 if tag == "earliest" else int(tag, 16)
        if number > self._chain.head_number():
            raise RpcError(-32000, "header not found")
        return number

    def _state(self, tag: Any) -> Any:
        return self._chain.state(self._number(tag))

    def _base_fee(self) -> int:
        block = self._chain.block(self._chain.head_number())
        fee: int = block.header.base_fee_per_gas if block is not None else 0
        return fee

    def _call(self, message: Mapping[str, str], tag: Any = "latest") -> str:
        return answers.hexed(self._chain.call(_message(message), self._number(tag)))

    def _estimate_gas(self, message: Mapping[str, str], _tag: Any = "latest") -> str:
        return hex(self._chain.estimate_gas(_message(message)))

    def _storage(self, address: str, slot: str, tag: Any = "latest") -> str:
        value: int = self._state(tag).get_storage(_bytes(address), int(slot, 16))
        return answers.hexed(value.to_bytes(32, "big"))

    def _block_by_number(self, tag: Any, whole: bool = False) -> Any:  # noqa: FBT001, FBT002 - the order of JSON-RPC
        try:
            block = self._chain.block(self._number(tag))
        except RpcError:
            return None
        return answers.block(block, whole=whole) if block is not None else None

    def _block_by_hash(self, block_hash: str, whole: bool = False) -> Any:  # noqa: FBT001, FBT002 - as above
        block = self._chain.block_by_hash(_bytes(block_hash))
        return answers.block(block, whole=whole) if block is not None else None

    def _transaction(self, transaction_hash: str) -> Any:
        found = self._chain.find_transaction(_bytes(transaction_hash))
        return answers.transaction(*found) if found else None

    def _receipt(self, transaction_hash: str) -> Any:
        found = self._chain.find_transaction(_bytes(transaction_hash))
        if found is None:
            return None
        block, index = found
        return answers.receipt(block, index, self._chain.receipts(block))

    def _logs(self, wanted: Mapping[str, Any]) -> list[dict[str, Any]]:
        if "blockHash" in wanted:
            block = self._chain.block_by_hash(_bytes(wanted["blockHash"]))
            blocks = [block] if block is not None else []
        else:
            first, last = self._number(wanted.get("fromBlock")), self._number(wanted.get("toBlock"))
            blocks = list(self._chain.filled_blocks(first, last))
        return [
            log
            for block in blocks
            for log in answers.logs(block, self._chain.receipts(block))
            if answers.log_matches(log, wanted)
        ]


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.removeprefix("0x"))


def _message(message: Mapping[str, str]) -> Call:
    return Call(
        sender=_bytes(message.get("from") or "00" * 20),
        to=_bytes(message.get("to") or ""),
        payload=_bytes(message.get("data") or message.get("input") or ""),
        value=int(message.get("value") or "0x0", 16),
    )


class NodeServer:
    """The embedded chain on an address of this machine, from construction until `close`."""

    def __init__(self, chain: EmbeddedChain, *, port: int = 0) -> None:
        self._chain = chain
        self._closing = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", port), _handler(Node(chain)))
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        self._threads = [
            threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True),
            threading.Thread(target=self._mine_on_top, daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def _mine_on_top(self) -> None:
        while not self._closing.wait(SECONDS_A_BLOCK):
            self._chain.mine_on_top()

    def close(self) -> None:
        """Stop answering, then let go of the chain."""
        self._closing.set()
        self._http.shutdown()
        for thread in self._threads:
            thread.join()
        self._http.server_close()
        self._chain.close()


def _handler(node: Node) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Answers leave at once and in one piece; else each waits 40 ms for the other side's acknowledgement.
        wbufsize = -1
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            if length > LARGEST_REQUEST:
                self.close_connection = True
                self._reply(413, RpcError(-32600, "request too large").body)
                return
            try:
                request = json.loads(self.rfile.read(length))
            except ValueError:
                self._reply(400, {"jsonrpc": "2.0", "id": None, "error": RpcError(-32700, "not JSON").body})
                return
            self._reply(
                200, [node.answer(one) for one in request] if isinstance(request, list) else node.answer(request)
            )

        def _reply(self, status: int, body: Any) -> None:
            text = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - named by the standard library
            _log.debug(format, *args)

    return Handler
