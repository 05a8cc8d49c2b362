# SPDX-License-Identifier: EUPL-1.2
"""Heitjes are spent in a shop, become euros, are mirrored on the chain; the tenant is billed; the books are proven."""

import re
import time
from datetime import timedelta
from typing import Any

import requests

from heitje.clock import local_day, now
from heitje_server.demo.bank import answer as bank_answer
from heitje_server.demo.files import read_shops
from heitje_server.story.scene import Scene, sign_in_by_code
from heitje_server.story.visitor import TIMEOUT_S, Visitor, expect

PRICE_CENTS = 4_75
FAST_ENOUGH_S = 2.0
CROSSING_S = 120
TOTAL_SUPPLY = "0x18160ddd"
"""Selector of ERC-20's totalSupply(), the first four bytes of its keccak (EIP-20)."""


def the_citizen_pays_in_a_shop(scene: Scene) -> str:
    """The till shows a code, the citizen types it, sees shop and amount, confirms; both see the receipt within 2 s."""
    shop = read_shops()[2]
    till = scene.facts["till"] = scene.visitor()
    sign_in_by_code(scene, till, "/till/sign-in", shop.staff[0].email)
    if "/shops" in till.page.path:
        till.send(till.page.form(action="/shops/"))
    till.open("/till/")
    till.send(till.page.form(has="amount_cents"), amount_cents="4,75")
    request_page = till.page.path
    code = re.search(r"\b\d{3}\s?\d{3}\b", till.page.text)
    expect(code, f"the till shows no code: {till.page.text[:200]}")
    assert code is not None  # noqa: S101 - expected one line up
    citizen: Visitor = scene.facts["citizen"]
    citizen.open("/pay")
    citizen.send(citizen.page.form(has="code"), code=re.sub(r"\s", "", code[0]))
    expect(
        "4,75" in citizen.page.text and shop.name in citizen.page.text, "shop and amount are not shown before paying"
    )
    started = time.monotonic()
    citizen.send(citizen.page.form(action="/pay/q/"))
    expect("4,75" in citizen.page.text, "the citizen sees no receipt")
    scene.wait_for(lambda: "4,75" in till.open(f"{request_page}/outcome").text, "the till's result", FAST_ENOUGH_S)
    took = time.monotonic() - started
    expect(took <= FAST_ENOUGH_S, f"both screens took {took:.1f} s")
    citizen.open("/wallet")
    expect("7,75" in citizen.page.text, f"the wallet should hold 7,75: {citizen.page.text[:200]}")
    return f"4,75 at {shop.name}, on both screens after {took:.2f} s"


def the_shop_cashes_out(scene: Scene) -> str:
    """Redemption, payout batch by one operator, released by another, bank file, statement read back, coins burned."""
    till: Visitor = scene.facts["till"]
    till.open("/till/cash-out")
    till.send(till.page.form(has="amount_cents"))
    scheme_id = scene.api("GET", "/schemes")[0]["id"]
    scene.facts["scheme_id"] = scheme_id
    before = scene.api("GET", f"/schemes/{scheme_id}/coverage")
    batch = scene.api("POST", "/payout-batches", json={"schemeId": scheme_id})
    scene.api("POST", f"/payout-batches/{batch['id']}/release", operator=1)
    first = scene.api("GET", f"/payout-batches/{batch['id']}/file")
    again = scene.api("GET", f"/payout-batches/{batch['id']}/file")
    expect(first == again, "the bank file changes from export to export")
    statement = bank_answer(first, booked_on=local_day(now()) + timedelta(days=1))
    for _ in range(2):
        scene.api("POST", "/bank-statements", data=statement, headers={"Content-Type": "application/xml"})
    after = scene.api("GET", f"/schemes/{scheme_id}/coverage")
    burned = after["redeemedCents"] - before["redeemedCents"]
    expect(burned == batch["totalCents"], f"burned {burned} cents for a batch of {batch['totalCents']}")
    till.open("/till/cash-out")
    return f"batch {batch['msgId']}: {burned / 100:.2f} euro, burned once though the statement came twice"


def the_tenant_is_billed(scene: Scene) -> str:
    """An invoice for last month's end of the demo, with a number of its own, sent, paid, and shown in the portal."""
    organisation = scene.organisations[0]
    month = local_day(now()).replace(day=1)
    invoice = scene.api(
        "POST", "/invoices", json={"tenantId": organisation.tenant_id, "month": month.isoformat(), "upToNow": True}
    )
    visitor = organisation.visitor

    def sent() -> bool:
        return bool(scene.api("GET", f"/invoices/{invoice['id']}")["state"] == "sent")

    scene.wait_for(sent, "the invoice to be sent through the payment provider")
    visitor.open(organisation.path(f"invoices/{invoice['id']}"))
    expect(invoice["code"] in visitor.page.text, "the invoice is not in the portal")
    scene.api("POST", f"/invoices/{invoice['id']}/transfer")
    scene.wait_for(lambda: scene.api("GET", f"/invoices/{invoice['id']}")["state"] == "paid", "the invoice to be paid")
    visitor.open(organisation.path("invoices"))
    return f"{invoice['code']}: {invoice['totalCents'] / 100:.2f} euro, paid"


def the_books_are_proven(scene: Scene) -> str:
    """Entries sum to zero, balances equal entries, supply = funded - redeemed - refunded, ledger = chain."""
    proof = scene.api("GET", "/books/proof")
    expect(proof["holds"], f"the books differ: {proof['differences']}")
    coverage = scene.api("GET", f"/schemes/{scene.facts['scheme_id']}/coverage")
    supply = coverage["fundedCents"] - coverage["redeemedCents"] - coverage["refundedCents"]
    expect(coverage["outstandingCents"] == supply == coverage["poolCents"], f"supply differs: {coverage}")
    return f"supply {supply / 100:.2f} = funded - redeemed - refunded"


def the_chain_says_the_same(scene: Scene) -> str:
    """The bridge has nothing left to carry and no alarm; the contract's own supply is the ledger's to the cent."""

    def mirrored() -> dict[str, Any] | None:
        mirror = next(one for one in scene.api("GET", "/bridge") if one["schemeId"] == scene.facts["scheme_id"])
        expect(not mirror["haltedCode"] and not mirror["alarms"], f"the bridge halted: {mirror}")
        return None if mirror["waiting"] or mirror["underWay"] else mirror

    mirror = scene.wait_for(mirrored, "the bridge to carry everything over", CROSSING_S)
    outstanding = scene.api("GET", f"/schemes/{scene.facts['scheme_id']}/coverage")["outstandingCents"]
    call = {"to": mirror["address"], "data": TOTAL_SUPPLY}
    asked = {"jsonrpc": "2.0", "id": 1, "method": "eth_call", "params": [call, "latest"]}
    answer = requests.post(scene.chain_url, json=asked, timeout=TIMEOUT_S).json()
    supply = int(answer["result"], 16)
    expect(supply == outstanding, f"{supply} cents on the chain, {outstanding} outstanding in the ledger")
    return f"supply {supply / 100:.2f} at {mirror['address']}"
