# SPDX-License-Identifier: EUPL-1.2
"""Webhooks on their way: signed as Stripe signs, repeated until they are answered."""

import hashlib
import hmac
import json
import threading
import time

import requests

from heitje_server.embedded.payment_peer.store import Delivery, Store

LONGEST_WAIT_S = 3600.0
GIVE_UP_AFTER = 80
"""Attempts: about three days, as long as Stripe tries."""
ANSWER_WITHIN_S = 10


class Deliveries:
    """A thread that sends what is due. `wake` it when something new is."""

    def __init__(self, store: Store, *, url: str, secrets: list[str], first_wait_s: float) -> None:
        self._store = store
        self._url = url
        self._secrets = secrets
        self._first_wait_s = first_wait_s
        self._news = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="deliveries", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        self._news.set()

    def stop(self) -> None:
        """Finish the attempt that is under way, and end."""
        self._stopping = True
        self._news.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping:
            delivery = self._store.next_delivery()
            wait_s = None if delivery is None else delivery.due_at - time.time()
            if delivery is None or (wait_s is not None and wait_s > 0):
                self._news.wait(wait_s)
                self._news.clear()
                continue
            self._attempt(delivery)

    def _attempt(self, delivery: Delivery) -> None:
        answer = self._post(delivery.event_id)
        if 200 <= answer < 300 or delivery.attempts >= GIVE_UP_AFTER:
            self._store.delivered(delivery.event_id)
        else:
            after_s = min(self._first_wait_s * 2 ** min(delivery.attempts, 20), LONGEST_WAIT_S)
            self._store.try_again(delivery.event_id, after_s=after_s)

    def _post(self, event_id: str) -> int:
        """Return the status of the answer; 0 if there was none."""
        payload = json.dumps(self._store.get(event_id)).encode()
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "Stripe-Signature": signature_header(payload, self._secrets, int(time.time())),
            "User-Agent": "Stripe/1.0 (payment peer of the demo)",
        }
        try:
            return requests.post(
                self._url, data=payload, headers=headers, timeout=ANSWER_WITHIN_S, allow_redirects=False
            ).status_code
        except requests.RequestException:
            return 0


def signature_header(payload: bytes, secrets: list[str], at_s: int) -> str:
    """Sign as Stripe does: one v1 signature for each secret that is valid now."""
    signed = f"{at_s}.".encode() + payload
    signatures = [hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() for secret in secrets]
    return ",".join([f"t={at_s}", *(f"v1={signature}" for signature in signatures)])
