# SPDX-License-Identifier: EUPL-1.2
"""The staff of an organisation: invited by an owner, with roles for all of it or for departments."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session, joinedload

from heitje import audit
from heitje.db.locking import lock
from heitje.errors import NotFound
from heitje.identity.models import Member, MemberRole, Tenant
from heitje.identity.roles import ActingMember, Role
from heitje.identity.sessions import end_sessions_of_member
from heitje.notifications.tell import tell_member
from tenants.errors import AlreadyMember, LastOwner

OWNERS_WHEN_LIVE = 2
"""An organisation that takes part is never one person's (R125)."""

RoleGrant = tuple[Role, UUID | None]
"""A role and its department; None is the whole organisation."""


def members_of(session: Session) -> Sequence[Member]:
    """List the tenant's members by name, with their roles."""
    query = select(Member).options(joinedload(Member.roles)).order_by(func.lower(Member.name), Member.id)
    return session.scalars(query).unique().all()


def member_of(session: Session, member_id: UUID) -> Member:
    """Return one member with roles; raises `NotFound`."""
    member = session.scalars(select(Member).where(Member.id == member_id).options(joinedload(Member.roles))).unique()
    found = member.one_or_none()
    if found is None:
        raise NotFound(kind="member")
    return found


def member_names(session: Session, member_ids: Iterable[UUID]) -> dict[UUID, str]:
    """Return id -> name, for records that name who did it."""
    wanted = set(member_ids)
    if not wanted:
        return {}
    return {row.id: row.name for row in session.execute(select(Member.id, Member.name).where(Member.id.in_(wanted)))}


def invite_member(
    session: Session, *, email: str, name: str, grants: Iterable[RoleGrant], by: ActingMember, at: datetime
) -> Member:
    """Invite a colleague by mail; owners only. Whoever signs in with that address becomes the member.

    Raises `AlreadyMember`.
    """
    by.must(Role.OWNER)
    email = email.strip().lower()
    if session.scalar(select(Member.id).where(Member.email == email)) is not None:
        raise AlreadyMember
    member = Member(tenant_id=by.tenant_id, id=uuid4(), email=email, name=name)
    session.add(member)
    session.flush()
    wanted = _without_repeats(grants)
    _insert_roles(session, member, wanted)
    _record(session, member, "member.invited", by=by, at=at, roles=_as_text(wanted))
    send_invitation(session, member, by=by)
    return member


def send_invitation(session: Session, member: Member, *, by: ActingMember) -> None:
    """Mail the invitation, also once more to whoever lost it."""
    tenant = session.get_one(Tenant, by.tenant_id)
    tell_member(
        session,
        by.tenant_id,
        member.id,
        "member-invited",
        organisation=tenant.name,
        slug=tenant.slug,
        name=member.name,
    )


def set_roles(
    session: Session, member_id: UUID, grants: Iterable[RoleGrant], *, by: ActingMember, at: datetime
) -> None:
    """Give a member exactly these roles; owners only. Holds from the member's next request on. Raises `LastOwner`."""
    by.must(Role.OWNER)
    member = _lock(session, member_id)
    wanted = _without_repeats(grants)
    if not any(role is Role.OWNER for role, _department in wanted):
        _must_keep_owners(session, member, by.tenant_id)
    session.execute(delete(MemberRole).where(MemberRole.member_id == member_id))
    _insert_roles(session, member, wanted)
    _record(session, member, "member.roles_set", by=by, at=at, roles=_as_text(wanted))


def block_member(session: Session, member_id: UUID, *, by: ActingMember, at: datetime) -> None:
    """Let a member in no more and sign them out everywhere; owners only. Raises `LastOwner`."""
    by.must(Role.OWNER)
    member = _lock(session, member_id)
    if member.state == "blocked":
        return
    _must_keep_owners(session, member, by.tenant_id)
    member.state = "blocked"
    session.flush()
    end_sessions_of_member(session, member_id)
    _record(session, member, "member.blocked", by=by, at=at)


def unblock_member(session: Session, member_id: UUID, *, by: ActingMember, at: datetime) -> None:
    """Let a blocked member in again."""
    by.must(Role.OWNER)
    member = _lock(session, member_id)
    if member.state != "blocked":
        return
    member.state = "active" if member.subject else "invited"
    session.flush()
    _record(session, member, "member.unblocked", by=by, at=at)


def _lock(session: Session, member_id: UUID) -> Member:
    return lock(session, select(Member).where(Member.id == member_id), kind="member")


def _must_keep_owners(session: Session, member: Member, tenant_id: UUID) -> None:
    """Owners who could sign in count; the row of the tenant is locked, so that two owners cannot drop each other."""
    tenant = lock(session, select(Tenant).where(Tenant.id == tenant_id), kind="tenant")
    others = session.scalar(
        select(func.count(func.distinct(Member.id)))
        .join(MemberRole, (MemberRole.tenant_id == Member.tenant_id) & (MemberRole.member_id == Member.id))
        .where(Member.id != member.id, Member.state == "active", MemberRole.role == Role.OWNER.value)
    )
    is_owner = session.scalar(
        select(MemberRole.id).where(MemberRole.member_id == member.id, MemberRole.role == Role.OWNER.value).limit(1)
    )
    needed = 1 if tenant.state in {"applied", "sandbox"} else OWNERS_WHEN_LIVE
    if is_owner is not None and member.state == "active" and (others or 0) < needed:
        raise LastOwner(needed=needed)


def _insert_roles(session: Session, member: Member, wanted: Sequence[RoleGrant]) -> None:
    session.add_all(
        MemberRole(tenant_id=member.tenant_id, member_id=member.id, department_id=department_id, role=role.value)
        for role, department_id in wanted
    )
    session.flush()


def _without_repeats(grants: Iterable[RoleGrant]) -> list[RoleGrant]:
    """A role for the whole organisation makes the same role for a department needless. Owners own all of it."""
    wanted = {(role, None if role is Role.OWNER else department_id) for role, department_id in grants}
    whole = {role for role, department_id in wanted if department_id is None}
    kept = [(role, own) for role, own in wanted if own is None or role not in whole]
    return sorted(kept, key=lambda grant: (grant[0].value, str(grant[1])))


def _as_text(wanted: Sequence[RoleGrant]) -> list[str]:
    return [f"{role.value}:{department_id or 'all'}" for role, department_id in wanted]


def _record(session: Session, member: Member, action: str, *, by: ActingMember, at: datetime, **facts: Any) -> None:
    audit.record(session, action, by=by.actor, subject=f"member:{member.id}", at=at, tenant_id=by.tenant_id, **facts)
