# SPDX-License-Identifier: EUPL-1.2
"""A town with shops and people who have something to spend."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy.orm import Session

from heitje.audit import Actor
from heitje.cents import Cents
from heitje.db.session import Databases
from heitje.ledger.accounts import balance_of, open_account, wallet_of
from heitje.ledger.models import AccountKind, TransferKind
from heitje.ledger.proof import prove_books
from heitje.ledger.transfers import post
from heitje.shops.models import Payment
from heitje.shops.payments import pay_request, request_payment
from heitje_server.features import load_features
from tests.fixtures.given import Given, GivenCitizen, GivenShop, GivenTenant

load_features()
AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


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
