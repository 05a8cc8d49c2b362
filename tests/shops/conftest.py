# SPDX-License-Identifier: EUPL-1.2
"""A town with shops, people who have something to spend, operators who pay the shops out, and somebody at a till."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import text, update
from sqlalchemy.orm import Session

from heitje.audit import Actor
from heitje.cents import Cents
from heitje.config import Settings
from heitje.db.request import databases as app_databases
from heitje.db.session import Databases
from heitje.ledger.accounts import balance_of, open_account, wallet_of
from heitje.ledger.models import AccountKind, TransferKind
from heitje.ledger.proof import prove_books
from heitje.ledger.transfers import post
from heitje.shops.bank_answers import StatementRead, read_statement
from heitje.shops.models import Payment, PayoutBatch, Redemption
from heitje.shops.payments import pay_request, request_payment
from heitje.shops.payouts import PayoutAccount, batch_file, make_batch, release_batch
from heitje_server.app import create_app
from heitje_server.features import load_features
from tests.fixtures.databases import Database
from tests.fixtures.given import Given, GivenCitizen, GivenShop, GivenTenant
from tests.fixtures.servers import MailAddress
from tests.fixtures.signed_in import session_token
from tests.shops.till import Till

load_features()
AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
StandAt = Callable[..., Till]
ACCOUNT = PayoutAccount(iban="NL13TEST0123456789", name="Stichting Heerlens Heitje")


@dataclass(frozen=True, kw_only=True)
class Town:
    """Shortcuts over `given`: each call is a transaction of its own, in the scope of whoever acts."""

    databases: Databases
    given: Given
    tenant: GivenTenant

    def shop(self, name: str = "Bakkerij De Krakeling") -> GivenShop:
        return self.given.shop(name)

    def citizen(self, *, has_cents: Cents = 0, name: str = "Willem de Vries") -> GivenCitizen:
        citizen = self.given.citizen(name)
        if has_cents:
            self.reward(citizen, has_cents)
        return citizen

    def reward(self, citizen: GivenCitizen, cents: Cents) -> None:
        """Pay a reward without the chore that earns it: what is spent here is not about earning."""
        with self.databases.as_citizen(citizen.id) as session:
            wallet_id = wallet_of(session, scheme_id=self.scheme_id, citizen_id=citizen.id)
        with self.databases.across_tenants() as session:
            treasury_id = open_account(session, AccountKind.TREASURY, scheme_id=self.scheme_id)
        owner = {"scheme_id": self.scheme_id, "tenant_id": self.tenant.id, "budget_line_id": uuid4()}
        with self.databases.as_tenant(self.tenant.id) as session:
            budget_id = open_account(session, AccountKind.BUDGET, **owner)
            reserved_id = open_account(session, AccountKind.RESERVED, **owner)
        with self.databases.across_tenants() as session:
            self._post(session, TransferKind.MINT, treasury_id, budget_id, cents)
        with self.databases.as_tenant(self.tenant.id) as session:
            self._post(session, TransferKind.RESERVE, budget_id, reserved_id, cents)
            self._post(session, TransferKind.REWARD, reserved_id, wallet_id, cents)

    def _post(self, session: Session, kind: TransferKind, source_id: int, target_id: int, cents: Cents) -> None:
        post(
            session, kind, scheme_id=self.scheme_id, source_id=source_id, target_id=target_id,
            amount_cents=cents, key=f"test:{uuid4()}", at=AT,
        )  # fmt: skip

    def asks(self, shop: GivenShop, cents: Cents, *, at: datetime = AT) -> Payment:
        with self.databases.as_shop(shop.id) as session:
            return request_payment(session, shop_id=shop.id, amount_cents=cents, staff_id=shop.staff_id, at=at)

    def pays(self, citizen: GivenCitizen, request: Payment, *, at: datetime = AT) -> Payment:
        with self.databases.as_citizen(citizen.id) as session:
            return pay_request(
                session,
                nonce=request.nonce,
                citizen_id=citizen.id,
                wallet_account_id=wallet_of(session, scheme_id=self.given.scheme_id, citizen_id=citizen.id),
                by=citizen.actor,
                at=at,
            )

    def paid(self, shop: GivenShop, citizen: GivenCitizen, cents: Cents, *, at: datetime = AT) -> Payment:
        return self.pays(citizen, self.asks(shop, cents, at=at), at=at)

    def takings(self, shop: GivenShop) -> Cents:
        with self.databases.as_shop(shop.id) as session:
            return balance_of(session, shop.account_id)

    def staff(self, shop: GivenShop) -> Actor:
        return Actor(kind="shop", id=f"{shop.id}:{shop.staff_id}")

    @property
    def scheme_id(self) -> UUID:
        return self.given.scheme_id


@dataclass(frozen=True, kw_only=True)
class Office:
    """Two operators at work in a scheme where nothing else waits to be paid."""

    town: Town
    first: UUID
    second: UUID

    def by(self, operator_id: UUID) -> Actor:
        return Actor(kind="operator", id=str(operator_id))

    def makes_batch(self, *, at: datetime = AT) -> PayoutBatch:
        with self.town.databases.across_tenants() as session:
            return make_batch(
                session, scheme_id=self.town.scheme_id, account=ACCOUNT,
                made_by=self.first, by=self.by(self.first), at=at,
            )  # fmt: skip

    def releases(self, batch: PayoutBatch, *, operator_id: UUID | None = None) -> PayoutBatch:
        operator_id = operator_id or self.second
        with self.town.databases.across_tenants() as session:
            return release_batch(session, batch.id, released_by=operator_id, by=self.by(operator_id), at=AT)

    def exports(self, batch: PayoutBatch) -> bytes:
        with self.town.databases.across_tenants() as session:
            return batch_file(session, batch.id, by=self.by(self.second), at=AT)[1]

    def sends(self) -> tuple[PayoutBatch, bytes]:
        batch = self.releases(self.makes_batch())
        return batch, self.exports(batch)

    def reads(self, content: bytes) -> StatementRead:
        with self.town.databases.across_tenants() as session:
            return read_statement(session, content, payout_iban=ACCOUNT.iban, by=self.by(self.first), at=AT)


@pytest.fixture(scope="module")
def given(databases: Databases) -> Given:
    """A town that is a week old when the tests begin."""
    return Given(databases, at=AT - timedelta(days=7))


@pytest.fixture(scope="module")
def town(databases: Databases, given: Given) -> Iterator[Town]:
    """The town of this test module. When its tests are done the books must still be right."""
    made = Town(databases=databases, given=given, tenant=given.tenant())
    yield made
    with databases.across_tenants() as session:
        assert prove_books(session).differences == []


@pytest.fixture
def office(town: Town) -> Office:
    """Operators who find nothing waiting from the test before."""
    operators = uuid4(), uuid4()
    with town.databases.across_tenants() as session:
        session.execute(update(Redemption).where(Redemption.state == "requested").values(state="held"))
        for operator_id in operators:
            session.execute(
                text(
                    "insert into operators (id, name, email, token_sha256, token_expires_at)"
                    " values (:id, 'Olaf Operator', :email, :token, '2027-01-01')"
                ),
                {"id": operator_id, "email": f"{operator_id}@example.org", "token": operator_id.bytes},
            )
    return Office(town=town, first=operators[0], second=operators[1])


@pytest.fixture(scope="module")
def app(database: Database, mail_server: MailAddress) -> Iterator[Flask]:
    app = create_app(
        Settings(
            secret_key="a secret of the tests, longer than 32 characters",
            database_url=database.app_url,
            operator_database_url=database.operator_url,
            public_url="https://heitje.example",
            smtp_url=mail_server.url,
        )
    )
    # The cookie of a site on https has another name; the tests speak http.
    app.session_interface.cookie_name = "heitje"
    app.session_interface.is_secure = False
    yield app
    with app.app_context():
        app_databases().dispose()


@pytest.fixture
def stand_at(app: Flask, town: Town) -> StandAt:
    """Somebody of the shop, signed in: the owner, or whoever only takes payments."""

    def at(shop: GivenShop, *, role: str = "owner") -> Till:
        staff_id = shop.staff_id
        if role != "owner":
            staff_id = uuid4()
            with town.databases.across_tenants() as session:
                session.execute(
                    text(
                        "insert into shop_staff (shop_id, id, email, name, role)"
                        " values (:shop, :id, :email, 'Kassa', 'till')"
                    ),
                    {"shop": shop.id, "id": staff_id, "email": f"{staff_id}@example.org"},
                )
        return Till(app, session_token(town.databases, replace(shop, staff_id=staff_id)))

    return at
