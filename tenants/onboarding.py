# SPDX-License-Identifier: EUPL-1.2
"""How an organisation comes in: one form opens a sandbox with its first owner, departments and way to sign in."""

import re
import secrets
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from heitje import audit
from heitje.audit import Actor
from heitje.db.scope import know
from heitje.identity.models import Department, IdentityProvider, Member, MemberRole, Tenant, TenantDetails
from heitje.identity.roles import Role

FOUNDER_ROLES = (Role.OWNER, Role.FINANCE, Role.EDITOR, Role.APPROVER)
"""Whoever opens an organisation can do everything in it at once; colleagues take roles over later (R109)."""

RESERVED_SLUGS = frozenset(
    {"new", "start", "callback", "sign-in", "sign-out", "agreement", "static", "api", "admin", "operator", "portal"}
)
"""Words that stand in addresses of the portal itself."""


@dataclass(frozen=True, kw_only=True)
class Application:
    """What an organisation says of itself; the form has checked lengths and shapes."""

    scheme_id: UUID
    name: str
    kind: str
    slug: str
    kvk_number: str
    departments: Sequence[str]
    billing_email: str
    billing_reference: str
    address: str
    privacy_contact: str
    brand_colour: str


@dataclass(frozen=True, kw_only=True)
class Founder:
    """Who signed in to open the organisation, and through which provider."""

    subject: str
    email: str
    name: str
    provider_name: str
    issuer: str
    client_id: str
    client_secret: str = ""


def open_tenant(
    session: Session, tenant_id: UUID, application: Application, *, founder: Founder, at: datetime
) -> Tenant:
    """Open a sandbox; `session` already works in the scope of `tenant_id`, a new id.

    A short name that is taken gets a number behind it. So the answer is the same whoever is there already (T6).
    """
    tenant = _insert_under_free_slug(session, tenant_id, application)
    session.add(
        TenantDetails(
            tenant_id=tenant_id,
            scheme_id=application.scheme_id,
            kvk_number=application.kvk_number,
            billing_email=application.billing_email,
            billing_reference=application.billing_reference,
            address=application.address,
            privacy_contact=application.privacy_contact,
        )
    )
    session.add_all(Department(tenant_id=tenant_id, name=name) for name in application.departments)
    member = _add_founder(session, tenant_id, founder)
    session.flush()
    audit.record(
        session,
        "tenant.opened",
        by=Actor(kind="member", id=str(member.id)),
        subject=f"tenant:{tenant_id}",
        at=at,
        tenant_id=tenant_id,
        slug=tenant.slug,
    )
    return tenant


def suggested_slug(name: str) -> str:
    """Make a short name for addresses: "Gemeente Heerlen" -> "gemeente-heerlen"."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:36].rstrip("-")
    return slug if re.fullmatch(r"[a-z][a-z0-9-]+[a-z0-9]", slug) else f"organisatie-{slug}".rstrip("-")


def _insert_under_free_slug(session: Session, tenant_id: UUID, application: Application) -> Tenant:
    for slug in _slugs_like(application.slug):
        if slug in RESERVED_SLUGS or _is_taken(session, slug):
            continue
        tenant = Tenant(
            id=tenant_id,
            slug=slug,
            name=application.name,
            kind=application.kind,
            brand_colour=application.brand_colour,
        )
        try:
            with session.begin_nested():
                session.add(tenant)
        except IntegrityError as error:
            # Somebody took it a moment ago.
            if "tenants_slug_key" not in str(error.orig):
                raise
            continue
        return tenant
    raise RuntimeError("no free short name in twenty attempts")


def _slugs_like(slug: str) -> Iterator[str]:
    yield slug
    yield from (f"{slug[:37]}-{number}" for number in range(2, 10))
    yield from (f"{slug[:31]}-{secrets.token_hex(4)}" for _ in range(11))


def _is_taken(session: Session, slug: str) -> bool:
    know(session, f"tenant-slug:{slug}")
    return session.scalar(select(Tenant.id).where(Tenant.slug == slug)) is not None


def _add_founder(session: Session, tenant_id: UUID, founder: Founder) -> Member:
    provider = IdentityProvider(
        tenant_id=tenant_id,
        id=uuid4(),
        name=founder.provider_name,
        issuer=founder.issuer,
        client_id=founder.client_id,
        client_secret=founder.client_secret,
    )
    member = Member(
        tenant_id=tenant_id,
        id=uuid4(),
        provider_id=provider.id,
        subject=founder.subject,
        email=founder.email.lower(),
        name=founder.name,
        state="active",
    )
    session.add(provider)
    session.flush()
    session.add(member)
    session.flush()
    session.add_all(
        MemberRole(tenant_id=tenant_id, member_id=member.id, department_id=None, role=role.value)
        for role in FOUNDER_ROLES
    )
    return member
