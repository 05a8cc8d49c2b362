# SPDX-License-Identifier: EUPL-1.2
"""Run the peer: python -m heitje_server.embedded.payment_peer --port N --state FILE --api-key K ..."""

import argparse
import signal
import sys
import threading
from pathlib import Path

from werkzeug.serving import WSGIRequestHandler, make_server

from heitje_server.embedded.payment_peer.app import create_app
from heitje_server.embedded.payment_peer.contract import stripes_contract
from heitje_server.embedded.payment_peer.deliveries import Deliveries
from heitje_server.embedded.payment_peer.peer import Peer
from heitje_server.embedded.payment_peer.store import Store

HOST = "127.0.0.1"


class _QuietHandler(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:  # noqa: ARG002 - werkzeug's shape
        """Log what went wrong only."""
        if str(code)[:1] in {"4", "5"}:
            print(f"{self.command} {self.path} -> {code}", flush=True)


def read_arguments(arguments: list[str]) -> argparse.Namespace:
    """Return the settings of this process."""
    parser = argparse.ArgumentParser(
        prog="payment_peer", description="A local peer that speaks Stripe's API. Demo and tests."
    )
    parser.add_argument("--port", type=int, required=True, help="port on 127.0.0.1; 0 takes a free one and prints it")
    parser.add_argument("--state", type=Path, required=True, help="file that keeps what the peer was told")
    parser.add_argument("--api-key", required=True, help="the key that callers must show")
    parser.add_argument("--webhook-url", default="", help="where events are sent; nowhere if empty")
    parser.add_argument("--webhook-secret", action="append", default=[], help="twice while rotating")
    parser.add_argument(
        "--first-retry-s", type=float, default=2.0, help="wait after the first failed delivery; doubles"
    )
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> None:
    """Serve until SIGTERM or SIGINT."""
    settings = read_arguments(arguments)
    store = Store(settings.state)
    deliveries = Deliveries(
        store,
        url=settings.webhook_url,
        secrets=settings.webhook_secret,
        first_wait_s=settings.first_retry_s,
    )
    # The port is only known once the server has it, so the application is put in after.
    server = make_server(HOST, settings.port, _not_yet, threaded=True, request_handler=_QuietHandler)
    peer = Peer(
        store=store,
        contract=stripes_contract(),
        own_url=f"http://{HOST}:{server.port}",
        sends_webhooks=bool(settings.webhook_url),
    )
    server.app = create_app(peer, api_key=settings.api_key, after_commit=deliveries.wake)
    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, lambda *_: threading.Thread(target=server.shutdown).start())
    if settings.webhook_url:
        deliveries.start()
    print(f"payment peer on {peer.own_url}", flush=True)
    server.serve_forever()
    server.server_close()
    if settings.webhook_url:
        deliveries.stop()
    store.close()


def _not_yet(environ: object, start_response: object) -> list[bytes]:
    raise NotImplementedError


if __name__ == "__main__":
    main(sys.argv[1:])
