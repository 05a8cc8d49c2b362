# SPDX-License-Identifier: EUPL-1.2
"""Chores, slots and kits; claims with evidence and decisions (migration 0006); vettings (0010)."""

from datetime import date, datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

from sqlalchemy import ARRAY, ForeignKeyConstraint, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from heitje.cents import Cents
from heitje.db.base import Base, TenantOwned

EvidenceKind = Literal["photo", "hours", "code", "remark"]


class ChoreState(StrEnum):
    """See lifecycles. `full` is not a state: it is `open` with no free slot."""

    DRAFT = "draft"
    OPEN = "open"
    ON_HOLD = "on_hold"
    CLOSING = "closing"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class ClaimState(StrEnum):
    """See lifecycles. `approved` without `rewarded` waits for room in a new year; issuers see no difference."""

    HELD = "held"
    IN_PROGRESS = "in_progress"
    SUBMITTED = "submitted"
    NEEDS_MORE = "needs_more"
    APPROVED = "approved"
    REWARDED = "rewarded"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    NO_SHOW = "no_show"


UNDER_WAY = (ClaimState.HELD, ClaimState.IN_PROGRESS, ClaimState.SUBMITTED, ClaimState.NEEDS_MORE)
"""States in which a claim keeps its slot and its room under the cap."""
DONE = (ClaimState.APPROVED, ClaimState.REWARDED)


class VettingState(StrEnum):
    """Valid counts until its last day; lapsed means that a newer one took its place."""

    REQUESTED = "requested"
    VALID = "valid"
    REFUSED = "refused"
    REVOKED = "revoked"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


class PickupPoint(TenantOwned, Base):
    """A building with opening hours where kits are handed out."""

    __tablename__ = "pickup_points"

    name: Mapped[str]
    address: Mapped[str]
    opening_hours: Mapped[str]
    lat: Mapped[float]
    lon: Mapped[float]


class Kit(TenantOwned, Base):
    """Tools with their instructions, at a pick-up point."""

    __tablename__ = "kits"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "pickup_point_id"], ["pickup_points.tenant_id", "pickup_points.id"]),
    )

    pickup_point_id: Mapped[UUID]
    name: Mapped[str]
    contents: Mapped[str]
    instructions: Mapped[str]

    pickup_point: Mapped[PickupPoint] = relationship(lazy="raise_on_sql", viewonly=True)


class Chore(TenantOwned, Base):
    """One piece of work. `starts_at` empty: whenever it suits, until `closes_at`."""

    __tablename__ = "chores"
    __table_args__ = (ForeignKeyConstraint(["tenant_id", "kit_id"], ["kits.tenant_id", "kits.id"]),)

    scheme_id: Mapped[UUID]
    department_id: Mapped[UUID]
    budget_line_id: Mapped[UUID]
    title: Mapped[str]
    description: Mapped[str]
    good_result: Mapped[str]
    why: Mapped[str] = mapped_column(default="")
    safety_note: Mapped[str] = mapped_column(default="")
    category_code: Mapped[str]
    neighbourhood_code: Mapped[str]
    place_name: Mapped[str]
    address: Mapped[str] = mapped_column(default="")
    lat: Mapped[float]
    lon: Mapped[float]
    duration_minutes: Mapped[int]
    reward_cents: Mapped[Cents]
    slots_count: Mapped[int]
    slots_free: Mapped[int] = mapped_column(default=0)
    starts_at: Mapped[datetime | None]
    closes_at: Mapped[datetime]
    evidence: Mapped[list[str]] = mapped_column(ARRAY(Text))
    min_age: Mapped[int] = mapped_column(default=16)
    skill: Mapped[str] = mapped_column(default="none")
    indoors: Mapped[bool] = mapped_column(default=False)
    together: Mapped[bool] = mapped_column(default=False)
    kit_id: Mapped[UUID | None]
    place_owner: Mapped[str] = mapped_column(default="")
    state: Mapped[str] = mapped_column(default=ChoreState.DRAFT.value)
    version: Mapped[int] = mapped_column(default=1)
    created_by: Mapped[UUID]
    created_at: Mapped[datetime]
    published_at: Mapped[datetime | None]

    kit: Mapped[Kit | None] = relationship(lazy="raise_on_sql", viewonly=True)


class Slot(TenantOwned, Base):
    """One person's seat in a chore. Its state follows the claims on it, by a trigger."""

    __tablename__ = "slots"

    chore_id: Mapped[UUID]
    number: Mapped[int]
    state: Mapped[str] = mapped_column(default="free")


class Attestation(Base):
    """Who signed that no staff hours are replaced, in which words. Never edited."""

    __tablename__ = "attestations"

    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    chore_id: Mapped[UUID] = mapped_column(primary_key=True)
    member_id: Mapped[UUID]
    wording: Mapped[str]
    at: Mapped[datetime]


class Claim(TenantOwned, Base):
    """A citizen's hold on a slot, up to the reward. `citizen_name` is what the issuer sees of the person."""

    __tablename__ = "claims"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "chore_id"], ["chores.tenant_id", "chores.id"]),
        ForeignKeyConstraint(["tenant_id", "slot_id"], ["slots.tenant_id", "slots.id"]),
    )

    chore_id: Mapped[UUID]
    slot_id: Mapped[UUID]
    citizen_id: Mapped[UUID]
    citizen_name: Mapped[str]
    wallet_account_id: Mapped[int]
    reward_cents: Mapped[Cents]
    state: Mapped[str] = mapped_column(default=ClaimState.HELD.value)
    start_by: Mapped[datetime]
    rounds: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    submitted_at: Mapped[datetime | None]
    decided_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    chore: Mapped[Chore] = relationship(lazy="raise_on_sql", viewonly=True)
    evidence: Mapped[list["Evidence"]] = relationship(
        lazy="raise_on_sql", viewonly=True, order_by="Evidence.created_at, Evidence.position"
    )
    decisions: Mapped[list["ClaimDecision"]] = relationship(
        lazy="raise_on_sql", viewonly=True, order_by="ClaimDecision.at"
    )


class Evidence(TenantOwned, Base):
    """One thing handed in: a photo (`file_key`), minutes worked, a remark or a code."""

    __tablename__ = "evidence"
    __table_args__ = (ForeignKeyConstraint(["tenant_id", "claim_id"], ["claims.tenant_id", "claims.id"]),)

    claim_id: Mapped[UUID]
    round: Mapped[int]
    position: Mapped[int] = mapped_column(default=0)
    """Photos stay in the order in which they were handed in: before, then after."""
    kind: Mapped[str]
    minutes: Mapped[int | None]
    remark: Mapped[str | None]
    file_key: Mapped[str | None]
    media_type: Mapped[str | None]
    created_at: Mapped[datetime]


class ClaimDecision(TenantOwned, Base):
    """What an approver decided on one round of evidence, and why."""

    __tablename__ = "claim_decisions"
    __table_args__ = (ForeignKeyConstraint(["tenant_id", "claim_id"], ["claims.tenant_id", "claims.id"]),)

    claim_id: Mapped[UUID]
    round: Mapped[int]
    decision: Mapped[str]
    reason_code: Mapped[str] = mapped_column(default="")
    reason: Mapped[str] = mapped_column(default="")
    quality: Mapped[int | None]
    member_id: Mapped[UUID]
    at: Mapped[datetime]


class Vetting(TenantOwned, Base):
    """That one organisation knows a citizen well enough for a kind of chore. What it looked at is not kept."""

    __tablename__ = "vettings"

    citizen_id: Mapped[UUID]
    citizen_name: Mapped[str]
    category_code: Mapped[str]
    state: Mapped[str] = mapped_column(default=VettingState.REQUESTED.value)
    requested_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]
    """The member who decided last."""
    valid_until: Mapped[date | None]
    """The last day on which it holds."""
    appointment: Mapped[str] = mapped_column(default="")
    """What to bring and where, as last written to the citizen; only while the request waits."""
    reason: Mapped[str] = mapped_column(default="")
    """Why not, or no more: the citizen reads it."""
    version: Mapped[int] = mapped_column(default=1)
