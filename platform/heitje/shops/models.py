# SPDX-License-Identifier: EUPL-1.2
"""Shops with their staff; payments and refunds; redemptions, payout batches and bank bookings (migration 0007)."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID, uuid4

from sqlalchemy import FetchedValue, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from heitje.cents import Cents
from heitje.db.base import Base


class ShopState(StrEnum):
    """Only an active shop takes payments; a suspended one keeps its takings and may still give money back."""

    APPLIED = "applied"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    CLOSED = "closed"


class ShopCategory(StrEnum):
    """What kind of shop, for people who look for one."""

    RETAIL = "retail"
    HOSPITALITY = "hospitality"
    CULTURE = "culture"
    SERVICES = "services"
    FOOD = "food"
    SPORT = "sport"


class StaffRole(StrEnum):
    """Who stands at the till takes payments and gives refunds; the owner also cashes out."""

    OWNER = "owner"
    TILL = "till"


class PaymentState(StrEnum):
    """See lifecycles. A part refund leaves `completed`, with `refunded_cents` above zero."""

    REQUESTED = "requested"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    VOIDED = "voided"
    REFUNDED = "refunded"


PAID = (PaymentState.COMPLETED, PaymentState.VOIDED, PaymentState.REFUNDED)
"""States of a payment that was made, whatever became of it later."""


class RedemptionState(StrEnum):
    """See lifecycles. `paid` and `returned` are what the bank said."""

    REQUESTED = "requested"
    HELD = "held"
    BATCHED = "batched"
    SENT = "sent"
    PAID = "paid"
    RETURNED = "returned"


class BatchState(StrEnum):
    """`sent` after a second operator released the file, `settled` when the bank has answered for every payout.

    `withdrawn` instead of released: its payouts wait for another batch, and its file never leaves.
    """

    BATCHED = "batched"
    SENT = "sent"
    SETTLED = "settled"
    WITHDRAWN = "withdrawn"


class Shop(Base):
    """The public face of a shop that accepts Heitjes."""

    __tablename__ = "shops"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    scheme_id: Mapped[UUID]
    name: Mapped[str]
    category: Mapped[str]
    description: Mapped[str] = mapped_column(default="")
    opening_hours: Mapped[str] = mapped_column(default="")
    address: Mapped[str]
    centre: Mapped[str] = mapped_column(default="")
    neighbourhood_code: Mapped[str]
    lat: Mapped[float]
    lon: Mapped[float]
    state: Mapped[str] = mapped_column(default=ShopState.APPLIED.value)
    account_id: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())


class ShopDetails(Base):
    """Where a shop's money goes, and what its bookkeeping needs. Seen by the shop and the operator."""

    __tablename__ = "shop_details"

    shop_id: Mapped[UUID] = mapped_column(primary_key=True)
    iban: Mapped[str]
    account_name: Mapped[str]
    kvk_number: Mapped[str] = mapped_column(default="")
    vat_number: Mapped[str] = mapped_column(default="")
    contract_signed_on: Mapped[date | None]
    iban_checked_at: Mapped[datetime | None]
    iban_changed_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())


class ShopStaff(Base):
    """Somebody who may use the till, known by e-mail address."""

    __tablename__ = "shop_staff"

    shop_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    email: Mapped[str]
    name: Mapped[str]
    role: Mapped[str]
    state: Mapped[str] = mapped_column(default="active")


class Payment(Base):
    """What a till asked for, and who paid it. Amount, shop and nonce never change: no role may write them."""

    __tablename__ = "payments"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    shop_id: Mapped[UUID]
    scheme_id: Mapped[UUID]
    amount_cents: Mapped[Cents]
    code: Mapped[str]
    nonce: Mapped[str]
    state: Mapped[str] = mapped_column(default=PaymentState.REQUESTED.value)
    shop_name: Mapped[str]
    shop_account_id: Mapped[int]
    requested_by: Mapped[UUID | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    completed_at: Mapped[datetime | None]
    citizen_id: Mapped[UUID | None]
    wallet_account_id: Mapped[int | None]
    refunded_cents: Mapped[Cents] = mapped_column(default=0)
    transfer_id: Mapped[int | None]

    @property
    def refundable_cents(self) -> Cents:
        """What can still be given back."""
        return self.amount_cents - self.refunded_cents if self.state in PAID else 0

    @property
    def reference(self) -> str:
        """What shop and payer both see of a payment, such as "B4F1A90C2"."""
        return f"B{self.id.hex[:8].upper()}"


class PaymentRefund(Base):
    """Money given back on a payment. `key` is the till's own: the same key gives back once."""

    __tablename__ = "payment_refunds"

    shop_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    payment_id: Mapped[UUID]
    amount_cents: Mapped[Cents]
    transfer_id: Mapped[int]
    key: Mapped[str]
    at: Mapped[datetime]


class PayoutBatch(Base):
    """Redemptions in one bank file. The bytes are made once and kept; two operators put them on their way."""

    __tablename__ = "payout_batches"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    scheme_id: Mapped[UUID]
    msg_id: Mapped[str]
    state: Mapped[str] = mapped_column(default=BatchState.BATCHED.value)
    total_cents: Mapped[Cents]
    orders: Mapped[int]
    file: Mapped[bytes] = mapped_column(LargeBinary, deferred=True, deferred_raiseload=True)
    file_sha256: Mapped[str]
    made_by: Mapped[UUID]
    released_by: Mapped[UUID | None]
    created_at: Mapped[datetime]
    released_at: Mapped[datetime | None]


class Redemption(Base):
    """Heitjes that a shop turns into euros. IBAN and name are those of the moment of asking."""

    __tablename__ = "redemptions"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    shop_id: Mapped[UUID]
    scheme_id: Mapped[UUID]
    amount_cents: Mapped[Cents]
    state: Mapped[str] = mapped_column(default=RedemptionState.REQUESTED.value)
    iban: Mapped[str]
    account_name: Mapped[str]
    end_to_end_id: Mapped[str]
    key: Mapped[str]
    batch_id: Mapped[UUID | None]
    hold_reason: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    paid_at: Mapped[datetime | None]
    returned_at: Mapped[datetime | None]
    return_reason: Mapped[str] = mapped_column(default="")


class BankBookingRow(Base):
    """A payment on a bank statement, read once by account and the bank's reference; and what it meant."""

    __tablename__ = "bank_bookings"

    iban: Mapped[str] = mapped_column(primary_key=True)
    servicer_reference: Mapped[str] = mapped_column(primary_key=True)
    amount_cents: Mapped[Cents]
    booked_on: Mapped[date]
    end_to_end_id: Mapped[str] = mapped_column(default="")
    msg_id: Mapped[str] = mapped_column(default="")
    remittance: Mapped[str] = mapped_column(default="")
    return_reason: Mapped[str] = mapped_column(default="")
    outcome: Mapped[str]
    explanation: Mapped[str] = mapped_column(default="")
    read_at: Mapped[datetime]
