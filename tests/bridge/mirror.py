# SPDX-License-Identifier: EUPL-1.2
"""A scheme's ledger, its bridge, and a clock that the test moves."""

from datetime import timedelta

from sqlalchemy import select, text

from heitje.db.session import make_engine
from heitje.ledger.accounts import open_account
from heitje.ledger.models import AccountKind, TransferKind
from tests.ledger.books import AT
from token_bridge.addresses import account_address
from token_bridge.bridge import Rules, resume
from token_bridge.chain import Chain
from token_bridge.confirm import rewind
from token_bridge.models import Alarm, Batch, Deployment, State
from token_bridge.reconcile import reconcile
from token_bridge.run import Orders, round_of_one, served, the_only_bridge

SECRET = b"the secret of the tests, 32 bytes and more"


class Mirror:
    """One bridge for one scheme. Use it as a context manager: it holds the bridge's lock."""

    def __init__(self, books, database, node, *, url=None, rules=None, secret=SECRET, signer=None, chain_id=0):
        self.books, self.node = books, node
        self.at = AT + timedelta(hours=1)
        self.orders = Orders(
            chain=Chain(url or node.url, timeout_s=5),
            signer=signer or node.settler,
            secret=secret,
            rules=rules or Rules(),
            admin=node.admin.address,
            chain_id=chain_id,
        )
        self._engine = make_engine(database.operator_url, pool_size=1)
        self._held = the_only_bridge(self._engine)

    def __enter__(self):
        try:
            self.session = self._held.__enter__()
        except BaseException:
            self._engine.dispose()
            raise
        self.bridge = self.orders.bridge(self.session)
        return self

    def __exit__(self, *error):
        self._held.__exit__(*error)
        self._engine.dispose()

    @property
    def chain(self):
        return self.bridge.chain

    @property
    def deployment(self):
        query = select(Deployment).where(Deployment.scheme_id == self.books.scheme_id, Deployment.retired_at.is_(None))
        found = self.session.scalar(query)
        self.session.commit()
        return found

    def served(self):
        return served(self.bridge, self.orders, self.books.scheme_id, self.chain.chain_id(), at=self.at)

    def round(self, *, seconds=1):
        """Let some time pass, then one round of the bridge for this scheme."""
        self.at += timedelta(seconds=seconds)
        deployment = self.served()
        round_of_one(self.bridge, deployment, at=self.at)
        self.bridge.keep()

    def settle(self, *, rounds=60, seconds=1):
        """Do rounds, with a block after each, until nothing is left to do."""
        for _ in range(rounds):
            self.round(seconds=seconds)
            self.node.mine()
            if not self.waiting() and not self.unsettled():
                return
            if self.deployment.halted_at is not None:
                return
        raise AssertionError(f"not settled after {rounds} rounds: {self.states()}, {self.alarms()}")

    def resume(self):
        taken_back = rewind(self.bridge, self.deployment)
        resume(self.session, self.session.merge(self.deployment), at=self.at)
        self.bridge.keep()
        return taken_back

    def waiting(self):
        query = text("select count(*) from ledger_outbox where scheme_id = :scheme")
        found = self.session.execute(query, {"scheme": self.books.scheme_id}).scalar_one()
        self.session.commit()
        return found

    def batches(self):
        self.session.expire_all()
        query = select(Batch).where(Batch.deployment_id == self.deployment.id).order_by(Batch.sequence)
        found = list(self.session.scalars(query))
        self.session.commit()
        return found

    def states(self):
        return [(batch.kind, batch.state) for batch in self.batches()]

    def unsettled(self):
        return [batch for batch in self.batches() if batch.state != State.CONFIRMED]

    def mails_to_operators(self):
        query = text("select arguments->'findings'->>0 from job_outbox where job = 'operators.mail' and key like :key")
        return list(self.session.scalars(query, {"key": f"%bridge.{self.deployment.id}.%"}))

    def alarms(self):
        query = select(Alarm).where(Alarm.deployment_id == self.deployment.id, Alarm.cleared_at.is_(None))
        found = {alarm.code: alarm.facts for alarm in self.session.scalars(query)}
        self.session.commit()
        return found

    def reconcile(self):
        return reconcile(self.session, self.chain, self.deployment, at=self.at)

    def address_of(self, account_id):
        return account_address(self.orders.secret, self.books.scheme_id, account_id)

    def on_chain(self, account_id):
        return self.chain.read(self.deployment.address, "balanceOf", self.address_of(account_id))

    def read(self, name, *values):
        return self.chain.read(self.deployment.address, name, *values)


class Town:
    """People who earn, pay and redeem in a scheme's ledger."""

    def __init__(self, books):
        self.books = books
        self.line = books.line(funded_cents=1000_00)
        self.citizen_id, self.wallet = books.citizen()
        self.shop_id, self.till = books.shop()
        with books.databases.across_tenants() as session:
            self.redeeming = open_account(session, AccountKind.REDEEMING, scheme_id=books.scheme_id)

    def _post(self, context, kind, source, target, cents):
        with context as session:
            return self.books.post(session, kind, source, target, cents)

    def reserve(self, cents):
        tenant = self.books.databases.as_tenant(self.line.tenant_id)
        return self._post(tenant, TransferKind.RESERVE, self.line.budget_id, self.line.reserved_id, cents)

    def reward(self, cents, wallet=None):
        self.reserve(cents)
        tenant = self.books.databases.as_tenant(self.line.tenant_id)
        return self._post(tenant, TransferKind.REWARD, self.line.reserved_id, wallet or self.wallet, cents)

    def pay(self, cents):
        citizen = self.books.databases.as_citizen(self.citizen_id)
        return self._post(citizen, TransferKind.PAYMENT, self.wallet, self.till, cents)

    def redeem(self, cents):
        shop = self.books.databases.as_shop(self.shop_id)
        self._post(shop, TransferKind.REDEEM, self.till, self.redeeming, cents)

    def burn(self, cents):
        operator = self.books.databases.across_tenants()
        return self._post(operator, TransferKind.BURN, self.redeeming, self.books.treasury_id, cents)

    def refund(self, cents):
        operator = self.books.databases.across_tenants()
        return self._post(operator, TransferKind.REFUND_FUNDING, self.line.budget_id, self.books.treasury_id, cents)

    def a_day(self):
        """Earn 20.00, pay 7.50, pay out 5.00, give 100.00 back to the issuer."""
        self.reward(20_00)
        self.pay(7_50)
        self.redeem(5_00)
        self.burn(5_00)
        self.refund(100_00)

    def accounts(self):
        return [self.line.budget_id, self.line.reserved_id, self.wallet, self.till, self.redeeming]
