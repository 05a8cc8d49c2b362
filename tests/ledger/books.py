# SPDX-License-Identifier: EUPL-1.2
"""A small town for tests of the books: one scheme, two tenants with a budget line each, citizens, shops."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.orm import Session

from heitje.db.session import Databases
from heitje.ledger.accounts import open_account
from heitje.ledger.models import AccountKind, TransferKind
from heitje.ledger.transfers import Transfer, post

AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Line:
    """A tenant's budget line and its two accounts."""

    tenant_id: UUID
    line_id: UUID
    budget_id: int
    reserved_id: int


@dataclass
class Books:
    """Databases of a migrated, empty database, and what was put into it."""

    databases: Databases
    scheme_id: UUID = field(default_factory=uuid4)
    treasury_id: int = 0

    def __post_init__(self) -> None:
        with self.databases.across_tenants() as session:
            session.execute(
                text(
                    "insert into schemes (id, slug, name, area_name, guaranteed_until)"
                    " values (:id, :slug, 'Test', 'Test', '2030-01-01')"
                ),
                {"id": self.scheme_id, "slug": f"s-{self.scheme_id.hex[:12]}"},
            )
            self.treasury_id = open_account(session, AccountKind.TREASURY, scheme_id=self.scheme_id)

    def tenant(self) -> UUID:
        tenant_id = uuid4()
        with self.databases.across_tenants() as session:
            session.execute(
                text("insert into tenants (id, slug, name, kind, state) values (:id, :slug, 'Org', 'care', 'live')"),
                {"id": tenant_id, "slug": f"t{tenant_id.hex[:12]}"},
            )
        return tenant_id

    def line(self, *, tenant_id: UUID | None = None, funded_cents: int = 0) -> Line:
        tenant_id = tenant_id or self.tenant()
        line_id = uuid4()
        with self.databases.as_tenant(tenant_id) as session:
            owner = {"scheme_id": self.scheme_id, "tenant_id": tenant_id, "budget_line_id": line_id}
            line = Line(
                tenant_id,
                line_id,
                open_account(session, AccountKind.BUDGET, **owner),
                open_account(session, AccountKind.RESERVED, **owner),
            )
        if funded_cents:
            self.mint(line, funded_cents)
        return line

    def mint(self, line: Line, cents: int, key: str = "") -> Transfer:
        with self.databases.across_tenants() as session:
            return self.post(session, TransferKind.MINT, self.treasury_id, line.budget_id, cents, key=key)

    def citizen(self, *, wallet_cents: int = 0) -> tuple[UUID, int]:
        citizen_id = uuid4()
        with self.databases.as_citizen(citizen_id) as session:
            session.execute(
                text("insert into citizens (id, email, name) values (:id, :email, 'Burger')"),
                {"id": citizen_id, "email": f"{citizen_id.hex}@example.org"},
            )
            wallet_id = open_account(session, AccountKind.WALLET, scheme_id=self.scheme_id, citizen_id=citizen_id)
        if wallet_cents:
            self.fill(wallet_id, wallet_cents)
        return citizen_id, wallet_id

    def fill(self, wallet_id: int, cents: int) -> None:
        line = self.line(funded_cents=cents)
        with self.databases.as_tenant(line.tenant_id) as session:
            self.post(session, TransferKind.RESERVE, line.budget_id, line.reserved_id, cents)
            self.post(session, TransferKind.REWARD, line.reserved_id, wallet_id, cents)

    def shop(self) -> tuple[UUID, int]:
        shop_id = uuid4()
        with self.databases.across_tenants() as session:
            session.execute(
                text(
                    "insert into neighbourhoods (code, name, district_code, district_name, municipality_code,"
                    " municipality_name, residents, lat, lon, shape) values ('BU0000TEST', 'T', 'W', 'W', 'G', 'G', 1,"
                    " 50.9, 6.0, '{}') on conflict do nothing"
                )
            )
            session.execute(
                text(
                    "insert into shops (id, scheme_id, name, category, address, neighbourhood_code, lat, lon, state)"
                    " values (:id, :scheme, 'Winkel', 'retail', 'Straat 1', 'BU0000TEST', 50.9, 6.0, 'active')"
                ),
                {"id": shop_id, "scheme": self.scheme_id},
            )
            account_id = open_account(session, AccountKind.SHOP, scheme_id=self.scheme_id, shop_id=shop_id)
        return shop_id, account_id

    def post(
        self, session: Session, kind: TransferKind, source_id: int, target_id: int, cents: int, key: str = ""
    ) -> Transfer:
        return post(
            session,
            kind,
            scheme_id=self.scheme_id,
            source_id=source_id,
            target_id=target_id,
            amount_cents=cents,
            key=key or f"test:{uuid4()}",
            at=AT,
        )

    def cap_rule(
        self, *, limit_cents: int = 1500_00, year: int = 2026, years: int = 3, rule_id: UUID | None = None
    ) -> None:
        with self.databases.across_tenants() as session:
            session.execute(
                text(
                    "insert into cap_rules (id, scheme_id, limit_cents, valid_from, valid_until, ruling, authority,"
                    " review_on) values (:id, :scheme, :limit, :start, :end, 'Besluit', 'Belastingdienst', :end)"
                ),
                {
                    "id": rule_id or uuid4(),
                    "scheme": self.scheme_id,
                    "limit": limit_cents,
                    "start": date(year, 1, 1),
                    "end": date(year + years - 1, 12, 31),
                },
            )

    def balance(self, account_id: int) -> int:
        with self.databases.across_tenants() as session:
            return int(
                session.execute(
                    text("select balance_cents from ledger_accounts where id = :id"), {"id": account_id}
                ).scalar_one()
            )
