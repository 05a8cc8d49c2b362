# SPDX-License-Identifier: EUPL-1.2
"""Whatever is done to the contract in whatever order, it does what a few lines of Python say, or refuses whole."""

import shutil
import tempfile
from collections import defaultdict
from pathlib import Path

from eth_utils.crypto import keccak
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from token_bridge import contract
from token_bridge.chain import address_of
from token_bridge.embedded_chain import Call, EmbeddedChain
from token_bridge.keys import home_keys

ACCOUNTS = [keccak(text=f"account {number}")[-20:] for number in range(5)] + [contract.CLEARING]
ISSUERS = [keccak(text=f"issuer {number}") for number in range(2)]
account, issuer = st.sampled_from(ACCOUNTS), st.sampled_from(ISSUERS)
cents = st.integers(0, 40_00)


class Refused(Exception):
    """The model says no."""


class Model:
    """What the contract ought to hold."""

    def __init__(self):
        self.balances, self.funded, self.minted, self.redeemed = (defaultdict(int) for _ in range(4))
        self.allowed, self.used, self.paused = {contract.CLEARING}, set(), False

    def move(self, source, target, amount):
        if self.paused or {source, target} - {None} - self.allowed:
            raise Refused
        if source is not None and self.balances[source] < amount:
            raise Refused
        if source is not None:
            self.balances[source] -= amount
        if target is not None:
            self.balances[target] += amount


class ContractMachine(RuleBasedStateMachine):
    @initialize()
    def deploy(self):
        self.folder = Path(tempfile.mkdtemp())
        self.settler, self.admin = home_keys(self.folder)
        rich = [self.settler.address, self.admin.address]
        self.chain = EmbeddedChain(self.folder / "chain", rich=rich)
        self.nonces = dict.fromkeys(rich, 0)
        who = self.settler.address
        creation = contract.creation(
            name="Heitje",
            symbol="HTJ",
            admin=self.admin.address,
            admin_delay_s=0,
            treasurer=who,
            settler=who,
            registrar=who,
            pauser=self.admin.address,
        )
        self.address = address_of(who, 0)
        self.send(self.settler, None, creation)
        self.model, self.sequence = Model(), 0

    def teardown(self):
        if hasattr(self, "chain"):
            self.chain.close()
            shutil.rmtree(self.folder)

    def send(self, signer, to, payload):
        """Do it in a block, whether it succeeds or not; return whether it did."""
        nonce = self.nonces[signer.address]
        self.nonces[signer.address] += 1
        transaction = {"type": 2, "chainId": self.chain.chain_id, "nonce": nonce, "gas": 8_000_000, "value": 0}
        transaction |= {"maxFeePerGas": 10**12, "maxPriorityFeePerGas": 1, "data": payload}
        raw, _ = signer.sign(transaction | ({"to": to} if to else {}))
        block, index = self.chain.find_transaction(self.chain.send_raw(raw))
        return self.chain.receipts(block)[index].state_root == b"\x01"

    def do(self, name, values, act, *, again=False):
        """Do it to the contract and to the model: both take it, or both refuse and nothing has changed."""
        if not again:
            self.sequence += 1
        number = keccak(text=str(self.sequence))
        before = self.snapshot()
        try:
            if number in self.model.used or not values[-1]:
                raise Refused
            act()
            self.model.used.add(number)
            expected = True
        except Refused:
            self.restore(before)
            expected = False
        assert self.send(self.settler, self.address, contract.call(name, number, *values)) is expected

    def snapshot(self):
        model = self.model
        return [dict(book) for book in (model.balances, model.funded, model.minted, model.redeemed)], set(model.allowed)

    def restore(self, before):
        books, self.model.allowed = before
        for name, book in zip(("balances", "funded", "minted", "redeemed"), books, strict=True):
            setattr(self.model, name, defaultdict(int, book))

    @rule(accounts=st.lists(account, max_size=3), again=st.booleans())
    def allow(self, accounts, again):
        self.do("allow", [accounts], lambda: self.model.allowed.update(accounts), again=again)

    @rule(accounts=st.lists(st.sampled_from(ACCOUNTS[:-1]), max_size=1))
    def disallow(self, accounts):
        self.do("disallow", [accounts], lambda: self.model.allowed.difference_update(accounts))

    @rule(fundings=st.lists(st.tuples(issuer, cents), max_size=3), again=st.booleans())
    def fund(self, fundings, again):
        def act():
            for who, amount in fundings:
                self.model.funded[who] += amount

        self.do("recordFunding", [fundings], act, again=again)

    @rule(issues=st.lists(st.tuples(issuer, st.sampled_from(ACCOUNTS[:-1]), cents), max_size=3), again=st.booleans())
    def mint(self, issues, again):
        def act():
            for who, target, amount in issues:
                self.model.minted[who] += amount
                if self.model.minted[who] > self.model.funded[who]:
                    raise Refused
                self.model.move(None, target, amount)

        self.do("mint", [issues], act, again=again)

    @rule(moves=st.lists(st.tuples(account, account, cents), max_size=5), again=st.booleans())
    def settle(self, moves, again):
        def act():
            for source, target, amount in moves:
                self.model.move(source, target, amount)
            if self.model.balances[contract.CLEARING]:
                raise Refused

        self.do("settleBatch", [bytes(32), moves], act, again=again)

    @rule(redemptions=st.lists(st.tuples(issuer, st.sampled_from(ACCOUNTS[:-1]), cents), max_size=3))
    def redeem(self, redemptions):
        def act():
            for who, source, amount in redemptions:
                self.model.redeemed[who] += amount
                self.model.move(source, None, amount)

        self.do("redeem", [redemptions], act)

    @rule()
    def switch(self):
        function = "unpause" if self.model.paused else "pause"
        assert self.send(self.admin, self.address, contract.call(function))
        self.model.paused = not self.model.paused

    @rule(name=st.sampled_from(["mint", "recordFunding", "redeem"]), who=account, amount=cents)
    def outsider(self, name, who, amount):
        """Somebody else with a key, here the administrator, gets nowhere."""
        line = (ISSUERS[0], amount) if name == "recordFunding" else (ISSUERS[0], who, amount)
        assert not self.send(self.admin, self.address, contract.call(name, keccak(text="mine"), [line]))
        assert not self.send(self.admin, self.address, contract.call("transfer", who, amount))

    def read(self, name, *values):
        call = Call(sender=bytes(20), to=self.address, payload=contract.call(name, *values))
        return contract.answer(name, self.chain.call(call, self.chain.head_number()))

    @invariant()
    def contract_and_model_agree(self):
        if not hasattr(self, "model"):
            return
        model = self.model
        for one in ACCOUNTS:
            assert self.read("balanceOf", one) == model.balances[one]
        for one in ISSUERS:
            assert self.read("minted", one) == model.minted[one] <= self.read("funded", one) == model.funded[one]
        assert self.read("totalSupply") == self.read("totalMinted") - self.read("totalRedeemed")
        assert self.read("totalSupply") == sum(model.balances.values())
        assert model.balances[contract.CLEARING] == 0


TestContract = ContractMachine.TestCase
TestContract.settings = settings(
    max_examples=6, stateful_step_count=15, deadline=None, suppress_health_check=list(HealthCheck)
)
