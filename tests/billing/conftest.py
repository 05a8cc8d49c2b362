# SPDX-License-Identifier: EUPL-1.2
"""The payment peer as a process of its own, and somebody who receives its webhooks."""

import hashlib
import hmac
import queue
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests

from heitje.config import Settings
from heitje_server.embedded.supervisor import Child, start_child, wait_until_ready
from heitje_server.features import load_features
from tenants.billing.payments import FundingToPay
from tenants.billing.stripe_gateway import StripeGateway

load_features()

API_KEY = "sk_test_of_the_tests"
SECRET = "whsec_of_the_tests"


def sign(payload: bytes, *, secret: str = SECRET, age_s: int = 0) -> str:
    at_s = int(time.time()) - age_s
    digest = hmac.new(secret.encode(), f"{at_s}.".encode() + payload, hashlib.sha256).hexdigest()
    return f"t={at_s},v1={digest}"


@dataclass(frozen=True, kw_only=True)
class Delivery:
    payload: bytes
    signature: str


@dataclass(kw_only=True)
class Receiver:
    """A web server that keeps what it is sent and answers what it is told to: 200 unless `answers` says more."""

    url: str = ""
    deliveries: "queue.Queue[Delivery]" = field(default_factory=queue.Queue)
    answers: "queue.Queue[int]" = field(default_factory=queue.Queue)

    def next(self, event_type: str) -> Delivery:
        """Return the next delivery of that type; others are dropped."""
        while True:
            delivery = self.deliveries.get(timeout=20)
            if f'"type": "{event_type}"'.encode() in delivery.payload:
                return delivery


@dataclass(kw_only=True)
class PeerProcess:
    url: str
    child: Child
    settings: Settings

    def pay(self, pay_url: str, choice: str) -> requests.Response:
        """Do what a person does on the page: press one button."""
        return requests.post(pay_url, data={"choice": choice}, allow_redirects=False, timeout=10)


def start_peer(home: Path, *, port: int = 0, webhook_url: str = "") -> PeerProcess:
    command = [
        sys.executable, "-m", "heitje_server.embedded.payment_peer",
        "--port", str(port), "--state", str(home / "peer.sqlite"), "--api-key", API_KEY,
        "--webhook-url", webhook_url, "--webhook-secret", SECRET, "--first-retry-s", "0.05",
    ]  # fmt: skip
    log = home / "logs" / "peer.log"
    said_before = len(_addresses(log))
    child = start_child("peer", command, home=home)
    wait_until_ready(child, lambda: len(_addresses(log)) > said_before)
    url = _addresses(log)[-1]
    settings = Settings(stripe_api_key=API_KEY, stripe_api_base=url, stripe_webhook_secrets=SECRET)
    return PeerProcess(url=url, child=child, settings=settings)


def _addresses(log: Path) -> list[str]:
    return re.findall(r"^payment peer on (\S+)$", log.read_text(), re.MULTILINE) if log.exists() else []


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    received = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            payload = self.rfile.read(int(self.headers["Content-Length"]))
            try:
                status = received.answers.get_nowait()
            except queue.Empty:
                status = 200
            self.send_response(status)
            self.end_headers()
            received.deliveries.put(Delivery(payload=payload, signature=self.headers["Stripe-Signature"]))

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    received.url = f"http://127.0.0.1:{server.server_port}/webhooks/stripe"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield received
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture(scope="module")
def quiet_peer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PeerProcess]:
    """One peer for the whole module that tells nobody."""
    peer = start_peer(tmp_path_factory.mktemp("peer"))
    yield peer
    peer.child.stop()


@pytest.fixture
def peer(tmp_path: Path, receiver: Receiver) -> Iterator[PeerProcess]:
    """A peer of this test's own that tells the receiver."""
    started = start_peer(tmp_path, webhook_url=receiver.url)
    yield started
    started.child.stop()


@pytest.fixture
def gateway(quiet_peer: PeerProcess) -> StripeGateway:
    return StripeGateway(quiet_peer.settings)


@pytest.fixture
def funding_to_pay(gateway: StripeGateway) -> Callable[..., FundingToPay]:
    """Make an order to pay 1250 euros, or what the changes say."""

    def make(**changes: Any) -> FundingToPay:
        customer_id = changes.get("customer_id") or gateway.ensure_customer(
            tenant_id=str(uuid4()), name="Gemeente Heerlen", email="financien@heerlen.example"
        )
        order = FundingToPay(
            tenant_id=str(uuid4()),
            funding_id=str(uuid4()),
            customer_id=customer_id,
            amount_cents=1250_00,
            description="Storting op Groen 2026",
            success_url="http://127.0.0.1:8000/funded",
            cancel_url="http://127.0.0.1:8000/not-funded",
        )
        return replace(order, **changes)

    return make


from tests.billing.door import asked, door, handle_all, provider, stands  # noqa: E402, F401 - fixtures for all here
