# SPDX-License-Identifier: EUPL-1.2
"""A node as it is on a bad day: stands before a real one and loses, delays, doubles and garbles what it is told to."""

import json
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests
from eth_utils.crypto import keccak


class Hangup(Exception):
    """Close the connection without an answer."""


class FaultProxy:
    """Forwards JSON-RPC to `node_url`, with one fault per method (or for `*`, all of them) at a time."""

    def __init__(self, node_url):
        self._node_url = node_url
        self._node = requests.Session()
        self._faults: dict[str, Callable] = {}
        self.seen = Counter()
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1

            def do_POST(self):
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                try:
                    status, body = 200, proxy._answer(request)
                except Hangup:
                    self.close_connection = True
                    return
                except ServerError:
                    status, body = 503, {"error": "try later"}
                text = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *args):
                pass

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def close(self):
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()
        self._node.close()

    def _answer(self, request):
        method = request["method"]
        self.seen[method] += 1
        fault = self._faults.get(method) or self._faults.get("*")
        return fault(request) if fault else self.forward(request)

    def forward(self, request):
        return self._node.post(self._node_url, json=request, timeout=30).json()

    @contextmanager
    def fault(self, act, *methods):
        """Answer these methods by `act(request)` while inside."""
        for method in methods or ("*",):
            self._faults[method] = act
        try:
            yield
        finally:
            for method in methods or ("*",):
                self._faults.pop(method, None)

    # Acts

    def down(self, request):
        raise Hangup

    def error_500(self, request):
        raise ServerError

    def swallow_answer(self, request):
        """The node does it; nobody hears of it."""
        self.forward(request)
        raise Hangup

    def lose(self, request):
        """The node says yes and forgets."""
        raw = bytes.fromhex(request["params"][0].removeprefix("0x"))
        return {"jsonrpc": "2.0", "id": request["id"], "result": "0x" + keccak(raw).hex()}

    def twice(self, request):
        """The request arrives two times; the second answer comes back."""
        self.forward(request)
        return self.forward(request)

    def saying(self, change):
        """Forward, and change the result."""

        def act(request):
            reply = self.forward(request)
            return reply | {"result": change(reply["result"])}

        return act

    @contextmanager
    def hold(self, method, *, after=False):
        """Stop the first such request before it reaches the node, or `after` that; gives an event set when it is held."""
        reached, released = threading.Event(), threading.Event()

        def act(request):
            if after:
                self.forward(request)
            reached.set()
            released.wait(60)
            raise Hangup

        with self.fault(act, method):
            try:
                yield reached
            finally:
                released.set()


class ServerError(Exception):
    """Answer with a 503."""
