# SPDX-License-Identifier: EUPL-1.2
"""The ledger's tables, for reading only: `ledger_post` alone writes them (migration 0003)."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy.orm import Mapped, mapped_column

from heitje.cents import Cents
from heitje.db.base import Base


class AccountKind(StrEnum):
    """Whose money: the treasury's balance is below zero by exactly what is outstanding."""

    TREASURY = "treasury"
    BUDGET = "budget"
    RESERVED = "reserved"
    WALLET = "wallet"
    SHOP = "shop"
    REDEEMING = "redeeming"


class TransferKind(StrEnum):
    """Each kind goes one way only; the table in migration 0003 says which."""

    MINT = "mint"
    REFUND_FUNDING = "refund_funding"
    RESERVE = "reserve"
    RELEASE = "release"
    REWARD = "reward"
    PAYMENT = "payment"
    REFUND = "refund"
    REDEEM = "redeem"
    RETURN = "return"
    BURN = "burn"
    REISSUE = "reissue"


class Account(Base):
    """One balance. Which account belongs to whom is told by the one owner column that is filled."""

    __tablename__ = "ledger_accounts"

    id: Mapped[int] = mapped_column(primary_key=True)
    scheme_id: Mapped[UUID]
    kind: Mapped[str]
    tenant_id: Mapped[UUID | None]
    budget_line_id: Mapped[UUID | None]
    citizen_id: Mapped[UUID | None]
    shop_id: Mapped[UUID | None]
    balance_cents: Mapped[Cents]
    floor_cents: Mapped[Cents]
    last_seq: Mapped[int]


class Entry(Base):
    """One side of a transfer, with the balance it left. `seq` counts an account's entries without a gap."""

    __tablename__ = "ledger_entries"

    account_id: Mapped[int] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    transfer_id: Mapped[int]
    kind: Mapped[str]
    amount_cents: Mapped[Cents]
    balance_cents: Mapped[Cents]
    note: Mapped[str]


class TransferRow(Base):
    """The journal: one row per movement, unique by (scheme, key). Operators and the books read it."""

    __tablename__ = "ledger_transfers"

    id: Mapped[int] = mapped_column(primary_key=True)
    scheme_id: Mapped[UUID]
    kind: Mapped[str]
    key: Mapped[str]
    source_id: Mapped[int]
    target_id: Mapped[int]
    amount_cents: Mapped[Cents]
    at: Mapped[datetime]
