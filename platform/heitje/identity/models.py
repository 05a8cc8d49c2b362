# SPDX-License-Identifier: EUPL-1.2
"""Tenants with departments, members and identity providers; citizens; operators; codes and sessions."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Boolean, FetchedValue, ForeignKey, ForeignKeyConstraint, Integer, LargeBinary, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column, relationship

from heitje.db.base import Base, TenantOwned


class Tenant(Base):
    """The public face of an issuing organisation."""

    __tablename__ = "tenants"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    slug: Mapped[str]
    name: Mapped[str]
    kind: Mapped[str]
    state: Mapped[str] = mapped_column(default="sandbox")
    brand_colour: Mapped[str] = mapped_column(default="#7b1e5b")
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    version: Mapped[int] = mapped_column(Integer, default=1)


class TenantDetails(Base):
    """What only the organisation itself and the operator know."""

    __tablename__ = "tenant_details"

    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenants.id"), primary_key=True)
    scheme_id: Mapped[UUID] = mapped_column(ForeignKey("schemes.id"))
    kvk_number: Mapped[str]
    billing_email: Mapped[str] = mapped_column(default="")
    billing_reference: Mapped[str] = mapped_column(default="")
    privacy_contact: Mapped[str] = mapped_column(default="")
    address: Mapped[str] = mapped_column(default="")
    stripe_customer_id: Mapped[str | None]
    agreement_version: Mapped[str | None]
    agreement_accepted_at: Mapped[datetime | None]
    agreement_accepted_by: Mapped[UUID | None]
    non_displacement_policy: Mapped[str] = mapped_column(default="")
    kvk_confirmed: Mapped[bool] = mapped_column(Boolean, default=False)


class TenantAdmission(Base):
    """What one operator decided about letting an organisation go live."""

    __tablename__ = "tenant_admissions"

    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenants.id"), primary_key=True)
    operator_id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    decision: Mapped[str]
    reason: Mapped[str] = mapped_column(default="")


class Department(TenantOwned, Base):
    """Part of a tenant with budget lines and roles of its own."""

    __tablename__ = "departments"

    name: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())


class IdentityProvider(TenantOwned, Base):
    """The OpenID provider through which a tenant's members sign in. `version` rises with each change."""

    __tablename__ = "identity_providers"

    name: Mapped[str]
    issuer: Mapped[str]
    client_id: Mapped[str]
    client_secret: Mapped[str] = mapped_column(default="")
    scopes: Mapped[str] = mapped_column(default="openid profile email")
    enabled: Mapped[bool] = mapped_column(Boolean, default=True)
    version: Mapped[int] = mapped_column(Integer, default=1)


class Member(TenantOwned, Base):
    """A person with roles in a tenant. Who signs in is (provider, subject); the address only invites."""

    __tablename__ = "members"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "provider_id"], ["identity_providers.tenant_id", "identity_providers.id"]),
    )

    provider_id: Mapped[UUID | None]
    subject: Mapped[str | None]
    email: Mapped[str]
    name: Mapped[str]
    state: Mapped[str] = mapped_column(default="invited")
    language: Mapped[str] = mapped_column(default="nl")
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())

    tenant: Mapped[Tenant] = relationship(lazy="raise_on_sql", viewonly=True)
    roles: Mapped[list["MemberRole"]] = relationship(lazy="raise_on_sql", viewonly=True, order_by="MemberRole.role")


class MemberRole(TenantOwned, Base):
    """A role of a member; without a department it holds for the whole organisation."""

    __tablename__ = "member_roles"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "member_id"], ["members.tenant_id", "members.id"]),
        ForeignKeyConstraint(["tenant_id", "department_id"], ["departments.tenant_id", "departments.id"]),
    )

    member_id: Mapped[UUID]
    department_id: Mapped[UUID | None]
    role: Mapped[str]


class Citizen(Base):
    """A person who does chores, earns and spends. Empty fields after erasure."""

    __tablename__ = "citizens"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    email: Mapped[str | None]
    name: Mapped[str] = mapped_column(default="")
    neighbourhood_code: Mapped[str | None] = mapped_column(ForeignKey("neighbourhoods.code"))
    birth_year: Mapped[int | None] = mapped_column(SmallInteger)
    language: Mapped[str] = mapped_column(default="nl")
    state: Mapped[str] = mapped_column(default="active")
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())


class SignInCode(Base):
    """Six digits sent to an address, kept as a keyed digest; counts how often they were guessed."""

    __tablename__ = "sign_in_codes"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    email: Mapped[str]
    purpose: Mapped[str]
    code_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(SmallInteger, default=0)
    used_at: Mapped[datetime | None]


class SessionRow(Base):
    """A browser's session, found by the digest of its cookie. The columns say who ends it when that person goes."""

    __tablename__ = "sessions"

    token_sha256: Mapped[str] = mapped_column(primary_key=True)
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    content: Mapped[dict[str, Any]]
    tenant_id: Mapped[UUID | None]
    member_id: Mapped[UUID | None]
    citizen_id: Mapped[UUID | None]
    shop_id: Mapped[UUID | None]
    operator_id: Mapped[UUID | None]


class Operator(Base):
    """A person who runs the platform, known by a token whose digest is kept."""

    __tablename__ = "operators"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    name: Mapped[str]
    email: Mapped[str]
    token_sha256: Mapped[bytes] = mapped_column(LargeBinary)
    state: Mapped[str] = mapped_column(default="active")
    created_at: Mapped[datetime] = mapped_column(server_default=FetchedValue())
    token_expires_at: Mapped[datetime]
