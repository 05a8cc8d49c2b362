# SPDX-License-Identifier: EUPL-1.2
"""Finds who somebody is: citizens, members with their roles, shop staff. Blocked people are not found."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Text, Uuid, column, select, table
from sqlalchemy.orm import Session, joinedload

from heitje.audit import Actor, record
from heitje.db.locking import find_locked
from heitje.db.scope import know
from heitje.errors import NotAllowed, NotFound
from heitje.identity.models import Citizen, IdentityProvider, Member, Tenant
from heitje.identity.oidc_client import VerifiedIdentity

CLOSED_STATES = ("suspended", "closed")
"""Nobody signs in to such an organisation, and who is signed in is out."""

# The models of shops lie above this package; of them this reads who may stand at a till.
SHOPS = table("shops", column("id", Uuid), column("name", Text), column("state", Text))
STAFF = table(
    "shop_staff",
    *(column("shop_id", Uuid), column("id", Uuid), column("email", Text), column("name", Text)),
    *(column("role", Text), column("state", Text)),
)


class MemberUnknown(NotAllowed):
    """The provider knows this person, the organisation did not invite them, or has blocked them."""

    code = "member-unknown"
    title = "Your organisation has not invited you yet. Ask an owner of your organisation to do so."


@dataclass(frozen=True, kw_only=True)
class Staff:
    """Somebody of a shop. `role` is "owner" or "till"."""

    id: UUID
    shop_id: UUID
    name: str
    email: str
    role: str
    shop_name: str


def find_citizen(session: Session, citizen_id: UUID) -> Citizen | None:
    """Return the citizen unless blocked or erased; in the scope of that citizen."""
    return session.scalar(select(Citizen).where(Citizen.id == citizen_id, Citizen.state == "active"))


def find_member(session: Session, member_id: UUID) -> Member | None:
    """Return the active member with roles and tenant, in one query; in the scope of the tenant."""
    query = (
        select(Member)
        .join(Tenant, Tenant.id == Member.tenant_id)
        .where(Member.id == member_id, Member.state == "active", Tenant.state.not_in(CLOSED_STATES))
        .options(joinedload(Member.tenant), joinedload(Member.roles))
    )
    return session.scalars(query).unique().one_or_none()


def find_staff(session: Session, shop_id: UUID, staff_id: UUID) -> Staff | None:
    """Return who stands at the till unless blocked; in the scope of the shop."""
    query = (
        select(*STAFF.c["id", "shop_id", "name", "email", "role"], SHOPS.c.name.label("shop_name"))
        .join(SHOPS, SHOPS.c.id == STAFF.c.shop_id)
        .where(STAFF.c.shop_id == shop_id, STAFF.c.id == staff_id, STAFF.c.state == "active")
    )
    row = session.execute(query).mappings().one_or_none()
    return None if row is None else Staff(**row)


def staff_by_email(session: Session, email: str) -> list[tuple[UUID, UUID]]:
    """List (shop, staff) ids of everybody with this address who is not blocked; where `email:<address>` is known."""
    query = select(STAFF.c.shop_id, STAFF.c.id).where(STAFF.c.email == email, STAFF.c.state == "active")
    return [(row.shop_id, row.id) for row in session.execute(query.order_by(STAFF.c.shop_id))]


def find_tenant(session: Session, slug: str) -> Tenant:
    """Return the tenant, also one that is not public yet, to whoever knows its short name. Raises `NotFound`."""
    know(session, f"tenant-slug:{slug}")
    tenant = session.scalar(select(Tenant).where(Tenant.slug == slug, Tenant.state.not_in(CLOSED_STATES)))
    if tenant is None:
        raise NotFound
    return tenant


def enabled_providers(session: Session) -> list[IdentityProvider]:
    """List the ways to sign in; in the scope of the tenant."""
    query = select(IdentityProvider).where(IdentityProvider.enabled).order_by(IdentityProvider.name)
    return list(session.scalars(query))


def member_of_identity(session: Session, provider_id: UUID, identity: VerifiedIdentity, *, at: datetime) -> UUID:
    """Return the member this is: known by (provider, subject), or invited at an address the provider has verified.

    An invitation is answered once: from then on the subject counts and the address does not. In the scope of the
    tenant. Raises `MemberUnknown`.
    """
    known = find_locked(
        session, select(Member).where(Member.provider_id == provider_id, Member.subject == identity.subject)
    )
    if known is not None:
        if known.state == "blocked":
            raise MemberUnknown
        if known.state == "invited":
            known.state = "active"
        return known.id
    if not identity.email or not identity.email_verified:
        raise MemberUnknown
    invited = find_locked(
        session,
        select(Member).where(Member.email == identity.email, Member.state == "invited", Member.subject.is_(None)),
    )
    if invited is None:
        raise MemberUnknown
    invited.provider_id, invited.subject, invited.state = provider_id, identity.subject, "active"
    record(
        session,
        "member.joined",
        by=Actor(kind="member", id=str(invited.id)),
        subject=f"member:{invited.id}",
        at=at,
        tenant_id=invited.tenant_id,
    )
    return invited.id
