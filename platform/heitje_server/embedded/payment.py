# SPDX-License-Identifier: EUPL-1.2
"""Starts the payment peer, which speaks Stripe's API: demo and tests only."""

import sys
from dataclasses import dataclass
from pathlib import Path

import requests

from heitje_server.embedded.remembered import remembered_port, remembered_secret
from heitje_server.embedded.supervisor import Child, start_child, wait_until_ready


@dataclass(frozen=True, kw_only=True)
class PaymentPeer:
    """A running peer."""

    url: str
    api_key: str
    webhook_secret: str
    child: Child

    def stop(self) -> None:
        self.child.stop()


def start(home: Path, *, webhook_url: str, port: int = 0) -> PaymentPeer:
    """Start the peer, which keeps its state in `home` and sends its events to `webhook_url`."""
    home = home.resolve()
    port = remembered_port(home, "payment-peer", port)
    api_key = f"sk_test_{remembered_secret(home, 'payment-peer-key')}"
    webhook_secret = f"whsec_{remembered_secret(home, 'payment-peer-webhooks')}"
    child = start_child(
        "payment_peer",
        [
            *(sys.executable, "-m", "heitje_server.embedded.payment_peer"),
            *("--port", str(port), "--state", home / "payment_peer.sqlite", "--api-key", api_key),
            *("--webhook-url", webhook_url, "--webhook-secret", webhook_secret),
        ],
        home=home,
    )
    url = f"http://127.0.0.1:{port}"
    wait_until_ready(child, lambda: _answers(url))
    return PaymentPeer(url=url, api_key=api_key, webhook_secret=webhook_secret, child=child)


def _answers(url: str) -> bool:
    """Any answer will do: without a key it is a refusal."""
    try:
        requests.get(f"{url}/v1/events", timeout=5)
    except requests.RequestException:
        return False
    return True
