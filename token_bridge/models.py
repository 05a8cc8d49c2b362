# SPDX-License-Identifier: EUPL-1.2
"""The bridge's tables (migration 0009). Only the operator's role sees them; they hold nothing of a person."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, ForeignKey, Identity, Integer, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from heitje.cents import Cents
from heitje.db.base import Base


class Kind(StrEnum):
    """What an operation does on the contract; `create` makes the contract itself."""

    CREATE = "create"
    ALLOW = "allow"
    FUND = "fund"
    MINT = "mint"
    SETTLE = "settle"
    REDEEM = "redeem"


class State(StrEnum):
    """How far an operation is; migration 0009 draws the ways between."""

    SEALED = "sealed"
    SIGNED = "signed"
    SENT = "sent"
    MINED = "mined"
    CONFIRMED = "confirmed"
    REVERTED = "reverted"


class Deployment(Base):
    """One contract for one scheme. While `halted_at` is set nothing new is signed for it."""

    __tablename__ = "chain_deployments"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    scheme_id: Mapped[UUID]
    chain_id: Mapped[int]
    settler: Mapped[bytes] = mapped_column(LargeBinary)
    admin: Mapped[bytes] = mapped_column(LargeBinary)
    address: Mapped[bytes | None] = mapped_column(LargeBinary)
    net: Mapped[bool] = mapped_column(Boolean)
    secret_check: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]
    retired_at: Mapped[datetime | None]
    halted_at: Mapped[datetime | None]
    halted_code: Mapped[str | None]


class ChainAccount(Base):
    """The address that stands for a ledger account, and its last entry that was sealed into an operation."""

    __tablename__ = "chain_accounts"

    deployment_id: Mapped[int] = mapped_column(ForeignKey("chain_deployments.id"), primary_key=True)
    account_id: Mapped[int] = mapped_column(primary_key=True)
    address: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_seq: Mapped[int]
    opening_seq: Mapped[int] = mapped_column(default=0)


class Batch(Base):
    """One operation, sealed: its bytes never change again, whatever becomes of it."""

    __tablename__ = "chain_batches"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    deployment_id: Mapped[int] = mapped_column(ForeignKey("chain_deployments.id"))
    sequence: Mapped[int] = mapped_column(Integer)
    closing: Mapped[int] = mapped_column(Integer)
    kind: Mapped[str]
    operation_id: Mapped[bytes] = mapped_column(LargeBinary)
    payload: Mapped[bytes] = mapped_column(LargeBinary)
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    root: Mapped[bytes | None] = mapped_column(LargeBinary)
    move_count: Mapped[int] = mapped_column(Integer)
    volume_cents: Mapped[Cents]
    state: Mapped[str] = mapped_column(default=State.SEALED)
    nonce: Mapped[int | None]
    mined_block: Mapped[int | None]
    mined_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    gas_used: Mapped[int | None]
    orphaned: Mapped[int] = mapped_column(Integer, default=0)
    sealed_at: Mapped[datetime]
    confirmed_at: Mapped[datetime | None]


class BatchLine(Base):
    """A transfer of the ledger inside an operation, with its place in both accounts."""

    __tablename__ = "chain_batch_lines"

    batch_id: Mapped[int] = mapped_column(ForeignKey("chain_batches.id"), primary_key=True)
    line: Mapped[int] = mapped_column(Integer, primary_key=True)
    transfer_id: Mapped[int]
    source_id: Mapped[int]
    source_seq: Mapped[int]
    target_id: Mapped[int]
    target_seq: Mapped[int]
    amount_cents: Mapped[Cents]


class Attempt(Base):
    """A transaction signed for an operation. `raw` is empty when another bridge's was found on the chain."""

    __tablename__ = "chain_attempts"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey("chain_batches.id"))
    nonce: Mapped[int]
    transaction_hash: Mapped[bytes] = mapped_column(LargeBinary)
    raw: Mapped[bytes | None] = mapped_column(LargeBinary)
    gas: Mapped[int]
    max_fee_wei: Mapped[int]
    tip_wei: Mapped[int]
    signed_at: Mapped[datetime]
    last_sent_at: Mapped[datetime | None]
    sendings: Mapped[int] = mapped_column(Integer, default=0)
    last_answer: Mapped[str] = mapped_column(default="")


class Alarm(Base):
    """Something a person must look at; open until `cleared_at`."""

    __tablename__ = "chain_alarms"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    deployment_id: Mapped[int] = mapped_column(ForeignKey("chain_deployments.id"))
    code: Mapped[str]
    facts: Mapped[dict[str, Any]]
    raised_at: Mapped[datetime]
    cleared_at: Mapped[datetime | None]
