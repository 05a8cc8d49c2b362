# SPDX-License-Identifier: EUPL-1.2
"""The peer does not let us do what Stripe would not."""

import re
from pathlib import Path

import pytest
import requests
import stripe

from heitje_server.embedded.payment_peer.contract import BreaksContract, stripes_contract
from tests.billing.conftest import API_KEY, PeerProcess, Receiver, start_peer


def call(
    peer: PeerProcess, path: str, key: str | None = None, api_key: str = API_KEY, **params: str
) -> requests.Response:
    headers = {"Authorization": f"Bearer {api_key}"} | ({"Idempotency-Key": key} if key else {})
    return requests.post(f"{peer.url}{path}", data=params, headers=headers, timeout=10)


def test_a_wrong_api_key_is_refused(quiet_peer):
    answer = call(quiet_peer, "/v1/customers", api_key="sk_test_other")

    assert answer.status_code == 401
    assert answer.json()["error"]["type"] == "invalid_request_error"


def test_no_api_key_is_refused(quiet_peer):
    assert requests.get(f"{quiet_peer.url}/v1/events", timeout=10).status_code == 401


def test_another_api_version_is_refused(quiet_peer):
    headers = {"Authorization": f"Bearer {API_KEY}", "Stripe-Version": "2026-10-28.endive"}

    answer = requests.get(f"{quiet_peer.url}/v1/events", headers=headers, timeout=10)

    assert answer.status_code == 400
    assert "2026-05-27.dahlia" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("params", "code", "param"),
    [
        ({"nickname": "x"}, "parameter_unknown", ""),
        ({"preferred_locales": "nl"}, None, "preferred_locales"),
        ({"address[planet]": "Mars"}, "parameter_unknown", "address"),
        ({"balance": "12.5"}, None, "balance"),
        ({"name": "x" * 300}, None, "name"),
        ({"tax_exempt": "maybe"}, None, "tax_exempt"),
        ({"metadata[a][b]": "x"}, None, "metadata"),
    ],
)
def test_a_request_that_stripes_document_does_not_allow_is_refused(quiet_peer, params, code, param):
    answer = call(quiet_peer, "/v1/customers", **params)

    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert error["type"] == "invalid_request_error"
    assert error.get("code") == code
    assert error["param"].startswith(param)


def test_a_missing_parameter_is_named(quiet_peer):
    answer = call(quiet_peer, "/v1/payment_intents", currency="eur")

    assert answer.json()["error"]["code"] == "parameter_missing"
    assert "amount" in answer.json()["error"]["message"]


def test_an_unknown_address_is_refused_and_an_unlearnt_operation_says_so(quiet_peer):
    assert call(quiet_peer, "/v1/heitjes").status_code == 404
    assert call(quiet_peer, "/v1/subscriptions", customer="cus_1").status_code == 501


def test_a_parameter_that_the_peer_would_forget_is_refused(quiet_peer):
    answer = call(quiet_peer, "/v1/customers", tax_exempt="exempt")

    assert answer.status_code == 501
    assert answer.json()["error"]["param"] == "tax_exempt"


def test_the_same_key_and_body_get_the_same_answer_and_one_customer(quiet_peer):
    first = call(quiet_peer, "/v1/customers", key="customer:one", name="Heerlen")
    again = call(quiet_peer, "/v1/customers", key="customer:one", name="Heerlen")

    assert again.json() == first.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first.headers


def test_the_same_key_with_another_body_is_an_idempotency_error(quiet_peer):
    call(quiet_peer, "/v1/customers", key="customer:two", name="Heerlen")

    answer = call(quiet_peer, "/v1/customers", key="customer:two", name="Kerkrade")

    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "idempotency_error"


def test_a_declined_card_fails_as_stripe_fails_it(quiet_peer):
    client = stripe.StripeClient(
        API_KEY, stripe_version="2026-05-27.dahlia", base_addresses={"api": quiet_peer.url}, max_network_retries=0
    )
    order = {"amount": 12_50, "currency": "eur", "confirm": True, "payment_method": "pm_card_chargeDeclined"}

    with pytest.raises(stripe.CardError) as refusal:
        client.v1.payment_intents.create(order)

    assert (refusal.value.http_status, refusal.value.code) == (402, "card_declined")
    intent = client.v1.payment_intents.retrieve(refusal.value.error.payment_intent.id)
    assert intent.status == "requires_payment_method"
    assert intent.amount_received == 0
    assert client.v1.payment_intents.create(order | {"payment_method": "pm_card_visa"}).status == "succeeded"


def test_no_more_than_was_paid_can_be_refunded(quiet_peer):
    client = stripe.StripeClient(API_KEY, stripe_version="2026-05-27.dahlia", base_addresses={"api": quiet_peer.url})
    paid = client.v1.payment_intents.create(
        {"amount": 100_00, "currency": "eur", "confirm": True, "payment_method": "pm_card_visa"}
    )

    client.v1.refunds.create({"payment_intent": paid.id, "amount": 60_00})

    with pytest.raises(stripe.InvalidRequestError):
        client.v1.refunds.create({"payment_intent": paid.id, "amount": 40_01})
    client.v1.refunds.create({"payment_intent": paid.id})
    with pytest.raises(stripe.InvalidRequestError, match="already been refunded"):
        client.v1.refunds.create({"payment_intent": paid.id})


def test_the_peer_cannot_answer_what_stripes_document_does_not_name():
    contract = stripes_contract()

    with pytest.raises(BreaksContract):
        contract.check_component(
            {"id": "re_1", "object": "refund", "amount": 1, "created": 1, "currency": "eur", "mood": 1}, "refund"
        )
    with pytest.raises(BreaksContract):
        contract.check_component(
            {"id": "re_1", "object": "refund", "amount": "1", "created": 1, "currency": "eur"}, "refund"
        )
    with pytest.raises(BreaksContract):
        contract.check_component({"id": "re_1", "object": "refund"}, "refund")


def test_what_the_peer_was_told_survives_its_sudden_end(tmp_path: Path):
    peer = start_peer(tmp_path)
    customer = call(peer, "/v1/customers", key="customer:durable", name="Heerlen").json()
    peer.child.process.kill()
    peer.child.stop()

    peer = start_peer(tmp_path, port=int(peer.url.rpartition(":")[2]))
    again = call(peer, "/v1/customers", key="customer:durable", name="Heerlen")
    peer.child.stop()

    assert again.json() == customer


def test_a_webhook_is_repeated_until_it_is_answered(peer: PeerProcess, receiver: Receiver):
    for _ in range(3):
        receiver.answers.put(500)

    call(peer, "/v1/customers", name="Heerlen")

    attempts = [receiver.next("customer.created") for _ in range(4)]
    assert len({attempt.payload for attempt in attempts}) == 1


def test_a_webhook_that_was_under_way_is_sent_after_a_restart(tmp_path: Path, receiver: Receiver):
    peer = start_peer(tmp_path, webhook_url="http://127.0.0.1:9/nobody")
    call(peer, "/v1/customers", name="Heerlen")
    peer.child.process.kill()
    peer.child.stop()

    peer = start_peer(tmp_path, webhook_url=receiver.url)

    assert b'"Heerlen"' in receiver.next("customer.created").payload
    peer.child.stop()


def test_the_pay_page_says_that_it_is_a_demo_and_has_a_title(quiet_peer, gateway, funding_to_pay):
    payment = gateway.start_funding_payment(funding_to_pay())

    page = requests.get(payment.pay_url, timeout=10).text

    assert "DEMO BETALING" in page
    assert "er wordt geen echt geld betaald" in page
    assert re.search(r"<title>[^<]+</title>", page)
    assert "€\u00a01.250,00" in page
