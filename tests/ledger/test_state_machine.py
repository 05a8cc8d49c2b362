# SPDX-License-Identifier: EUPL-1.2
"""M1: whatever is done in whatever order, with faults thrown in, the books add up after every single step."""

import os
from collections.abc import Iterator
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from heitje.allowance.cap import YearlyCapReached, commit_room, hold_room, release_room
from heitje.db.session import Databases
from heitje.ledger.accounts import open_account
from heitje.ledger.errors import BalanceTooLow
from heitje.ledger.models import AccountKind, TransferKind
from tests.fixtures.databases import Database
from tests.ledger.books import Books

EXAMPLES = int(os.environ.get("STATE_MACHINE_EXAMPLES", "500"))
STEPS = 50
LIMIT_CENTS = 150_00
TODAY = date(2026, 11, 23)

INVARIANTS = """
with mine as (select * from ledger_accounts where scheme_id = %(scheme)s),
moved as (
  select coalesce(sum(amount_cents) filter (where kind = 'mint'), 0) as minted,
         coalesce(sum(amount_cents) filter (where kind in ('burn', 'refund_funding')), 0) as burned
  from ledger_transfers where scheme_id = %(scheme)s),
entries as (
  select e.account_id, sum(e.amount_cents) as total, count(*) as rows, max(e.seq) as last
  from ledger_entries e where e.account_id = any (array(select id from mine)) group by e.account_id)
select
  (select count(*) from mine m left join entries e on e.account_id = m.id
   where m.balance_cents <> coalesce(e.total, 0) or m.last_seq <> coalesce(e.rows, 0)
      or m.last_seq <> coalesce(e.last, 0) or m.balance_cents < m.floor_cents),
  (select count(*) from (select transfer_id from ledger_entries where account_id = any (array(select id from mine))
   group by transfer_id having sum(amount_cents) <> 0 or count(*) <> 2) x),
  (select minted - burned from moved),
  (select json_object_agg(id, balance_cents) from mine where kind <> 'treasury'),
  (select json_object_agg(r.citizen_id, json_build_array(held_cents, committed_cents))
   from cap_rooms r join cap_rules u on u.id = r.rule_id where u.scheme_id = %(scheme)s)
"""


class Fault(Exception):
    """Thrown after the work and before the commit: all of it must be undone."""


class Town(RuleBasedStateMachine):
    """Two lines of two tenants, two citizens, two shops; amounts large enough to run dry and hit the cap."""

    databases: Databases
    auditor: psycopg.Connection

    def __init__(self) -> None:
        super().__init__()
        self.earned: dict[UUID, int] = {}
        self.held: dict[UUID, int] = {}
        self.claims: list[dict[str, Any]] = []
        self.balances: dict[int, int] = {}

    @initialize()
    def open_town(self) -> None:
        self.books = Books(self.databases)
        self.books.cap_rule(limit_cents=LIMIT_CENTS)
        self.lines = [self.books.line(), self.books.line()]
        self.citizens = [self.books.citizen(), self.books.citizen()]
        self.shops = [self.books.shop(), self.books.shop()]
        with self.databases.across_tenants() as session:
            self.redeeming_id = open_account(session, AccountKind.REDEEMING, scheme_id=self.books.scheme_id)
        accounts = [account for line in self.lines for account in (line.budget_id, line.reserved_id)]
        accounts += [account for _, account in (*self.citizens, *self.shops)]
        self.balances = dict.fromkeys([*accounts, self.redeeming_id], 0)

    which = st.integers(0, 1)
    cents = st.integers(1, 90_00)
    fault = st.integers(0, 9).map(lambda roll: roll == 0)

    def move(self, scope: Any, kind: TransferKind, source: int, target: int, cents: int, *, fault: bool) -> bool:
        """Post, and expect exactly what the model says; returns whether money moved."""
        enough = kind is TransferKind.MINT or self.balances[source] >= cents
        try:
            with scope as session:
                self.books.post(session, kind, source, target, cents)
                if fault:
                    raise Fault
        except BalanceTooLow:
            assert not enough
            return False
        except Fault:
            return False
        assert enough
        if kind is not TransferKind.MINT:
            self.balances[source] -= cents
        if kind not in {TransferKind.BURN, TransferKind.REFUND_FUNDING}:
            self.balances[target] += cents
        return True

    @rule(which=which, cents=cents, fault=fault)
    def fund(self, which: int, cents: int, fault: bool) -> None:
        line = self.lines[which]
        scope = self.databases.across_tenants()
        self.move(scope, TransferKind.MINT, self.books.treasury_id, line.budget_id, cents, fault=fault)

    @rule(which=which, cents=cents, fault=fault)
    def give_funding_back(self, which: int, cents: int, fault: bool) -> None:
        line = self.lines[which]
        scope = self.databases.across_tenants()
        self.move(scope, TransferKind.REFUND_FUNDING, line.budget_id, self.books.treasury_id, cents, fault=fault)

    @rule(which=which, cents=cents, fault=fault)
    def publish(self, which: int, cents: int, fault: bool) -> None:
        line = self.lines[which]
        scope = self.databases.as_tenant(line.tenant_id)
        self.move(scope, TransferKind.RESERVE, line.budget_id, line.reserved_id, cents, fault=fault)

    @rule(which=which, cents=cents, fault=fault)
    def release(self, which: int, cents: int, fault: bool) -> None:
        line = self.lines[which]
        scope = self.databases.as_tenant(line.tenant_id)
        self.move(scope, TransferKind.RELEASE, line.reserved_id, line.budget_id, cents, fault=fault)

    @rule(line=which, who=which, cents=cents, fault=fault)
    def claim(self, line: int, who: int, cents: int, fault: bool) -> None:
        citizen_id, _ = self.citizens[who]
        claim_id = uuid4()
        used = self.earned.get(citizen_id, 0) + self.held.get(citizen_id, 0)
        try:
            with self.databases.as_citizen(citizen_id) as session:
                hold_room(
                    session,
                    scheme_id=self.books.scheme_id,
                    claim_id=claim_id,
                    tenant_id=self.lines[line].tenant_id,
                    reward_cents=cents,
                    on=TODAY,
                )
                if fault:
                    raise Fault
        except YearlyCapReached as refused:
            assert used + cents > LIMIT_CENTS
            assert refused.facts["room_cents"] == LIMIT_CENTS - used
            return
        except Fault:
            return
        assert used + cents <= LIMIT_CENTS
        self.held[citizen_id] = self.held.get(citizen_id, 0) + cents
        self.claims.append({"id": claim_id, "line": line, "who": who, "cents": cents})

    @rule(pick=st.integers(0, 99), fault=fault)
    def approve(self, pick: int, fault: bool) -> None:
        if not self.claims:
            return
        claim = self.claims[pick % len(self.claims)]
        line, (citizen_id, wallet_id) = self.lines[claim["line"]], self.citizens[claim["who"]]
        enough = self.balances[line.reserved_id] >= claim["cents"]
        try:
            with self.databases.as_tenant(line.tenant_id) as session:
                assert commit_room(session, claim_id=claim["id"], on=TODAY)
                self.books.post(session, TransferKind.REWARD, line.reserved_id, wallet_id, claim["cents"])
                if fault:
                    raise Fault
        except BalanceTooLow:
            assert not enough
            return
        except Fault:
            return
        assert enough
        self.balances[line.reserved_id] -= claim["cents"]
        self.balances[wallet_id] += claim["cents"]
        self.held[citizen_id] -= claim["cents"]
        self.earned[citizen_id] = self.earned.get(citizen_id, 0) + claim["cents"]
        self.claims.remove(claim)

    @rule(pick=st.integers(0, 99))
    def reject(self, pick: int) -> None:
        if not self.claims:
            return
        claim = self.claims.pop(pick % len(self.claims))
        with self.databases.as_tenant(self.lines[claim["line"]].tenant_id) as session:
            release_room(session, claim_id=claim["id"])
            release_room(session, claim_id=claim["id"])
        self.held[self.citizens[claim["who"]][0]] -= claim["cents"]

    @rule(who=which, where=which, cents=cents, fault=fault)
    def pay(self, who: int, where: int, cents: int, fault: bool) -> None:
        (citizen_id, wallet_id), (_, shop_account_id) = self.citizens[who], self.shops[where]
        scope = self.databases.as_citizen(citizen_id)
        self.move(scope, TransferKind.PAYMENT, wallet_id, shop_account_id, cents, fault=fault)

    @rule(who=which, where=which, cents=cents, fault=fault)
    def refund(self, who: int, where: int, cents: int, fault: bool) -> None:
        (_, wallet_id), (shop_id, shop_account_id) = self.citizens[who], self.shops[where]
        scope = self.databases.as_shop(shop_id)
        self.move(scope, TransferKind.REFUND, shop_account_id, wallet_id, cents, fault=fault)

    @rule(where=which, cents=cents, fault=fault)
    def redeem(self, where: int, cents: int, fault: bool) -> None:
        shop_id, shop_account_id = self.shops[where]
        scope = self.databases.as_shop(shop_id)
        self.move(scope, TransferKind.REDEEM, shop_account_id, self.redeeming_id, cents, fault=fault)

    @rule(where=which, cents=cents, fault=fault)
    def bank_returns(self, where: int, cents: int, fault: bool) -> None:
        scope = self.databases.across_tenants()
        self.move(scope, TransferKind.RETURN, self.redeeming_id, self.shops[where][1], cents, fault=fault)

    @rule(cents=cents, fault=fault)
    def bank_pays(self, cents: int, fault: bool) -> None:
        scope = self.databases.across_tenants()
        self.move(scope, TransferKind.BURN, self.redeeming_id, self.books.treasury_id, cents, fault=fault)

    @invariant()
    def books_add_up(self) -> None:
        if not self.balances:
            return
        found = self.auditor.execute(INVARIANTS, {"scheme": self.books.scheme_id}).fetchone()
        assert found is not None
        accounts_off, transfers_off, pool_cents, balances, rooms = found
        assert (accounts_off, transfers_off) == (0, 0)
        assert {int(account_id): cents for account_id, cents in balances.items()} == self.balances
        assert pool_cents == sum(self.balances.values())
        for citizen_id, _ in self.citizens:
            room = (rooms or {}).get(str(citizen_id), [0, 0])
            assert room == [self.held.get(citizen_id, 0), self.earned.get(citizen_id, 0)]


@pytest.fixture
def town(databases: Databases, database: Database) -> Iterator[type[Town]]:
    Town.databases = databases
    with psycopg.connect(database.superuser_url, autocommit=True) as Town.auditor:
        yield Town


def test_the_books_add_up_after_every_step(town: type[Town]) -> None:
    run_state_machine_as_test(
        town,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=os.environ.get("CI") == "true",
            suppress_health_check=list(HealthCheck),
        ),
    )
