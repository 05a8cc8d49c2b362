# SPDX-License-Identifier: EUPL-1.2
"""From sandbox to taking part: a checklist that the organisation fulfils itself, and then a request to the operators."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from heitje import audit
from heitje.errors import Conflict
from heitje.identity.models import Member, MemberRole, TenantAdmission, TenantDetails
from heitje.identity.roles import ActingMember, Role
from tenants.branding import details_of
from tenants.errors import NotReadyToGoLive

AGREEMENT_VERSION = "2026-11"
"""Of the text in `templates/tenants/agreement.html`; a new text gets a new version, and owners accept anew."""


class Point(StrEnum):
    """A point of the checklist, in the order in which it is shown."""

    OWNERS = "owners"
    FINANCE = "finance"
    APPROVER = "approver"
    BILLING = "billing"
    PRIVACY = "privacy"
    POLICY = "policy"
    AGREEMENT = "agreement"


@dataclass(frozen=True, kw_only=True)
class CheckedPoint:
    """A point and whether it is fulfilled."""

    point: Point
    is_done: bool


def checklist(session: Session, tenant_id: UUID) -> Sequence[CheckedPoint]:
    """Return the points with their state now; two queries."""
    details = details_of(session, tenant_id)
    holders = _active_holders(session)
    done = {
        Point.OWNERS: holders.get(Role.OWNER.value, 0) >= 2,
        Point.FINANCE: holders.get(Role.FINANCE.value, 0) >= 1,
        Point.APPROVER: holders.get(Role.APPROVER.value, 0) >= 1,
        Point.BILLING: bool(details.billing_email and details.address),
        Point.PRIVACY: bool(details.privacy_contact),
        Point.POLICY: bool(details.non_displacement_policy),
        Point.AGREEMENT: details.agreement_version == AGREEMENT_VERSION,
    }
    return [CheckedPoint(point=point, is_done=done[point]) for point in Point]


def accept_agreement(session: Session, *, by: ActingMember, at: datetime) -> TenantDetails:
    """Note that this owner accepts the present agreement. Accepting it again changes nothing."""
    by.must(Role.OWNER)
    details = details_of(session, by.tenant_id)
    if details.agreement_version == AGREEMENT_VERSION:
        return details
    details.agreement_version = AGREEMENT_VERSION
    details.agreement_accepted_at = at
    details.agreement_accepted_by = by.member_id
    session.flush()
    audit.record(
        session,
        "agreement.accepted",
        by=by.actor,
        subject=f"tenant:{by.tenant_id}",
        at=at,
        tenant_id=by.tenant_id,
        version=AGREEMENT_VERSION,
    )
    return details


def request_go_live(session: Session, *, by: ActingMember, at: datetime) -> None:
    """Ask the operators to admit the organisation; owners only. Raises `NotReadyToGoLive`, `Conflict`."""
    by.must(Role.OWNER)
    missing = [checked.point.value for checked in checklist(session, by.tenant_id) if not checked.is_done]
    if missing:
        raise NotReadyToGoLive(missing=missing)
    if not session.scalar(text("select tenant_request_go_live()")):
        raise Conflict
    audit.record(
        session,
        "tenant.go_live_requested",
        by=by.actor,
        subject=f"tenant:{by.tenant_id}",
        at=at,
        tenant_id=by.tenant_id,
        checklist=[point.value for point in Point],
    )


def latest_refusal(session: Session) -> TenantAdmission | None:
    """Return why the operators sent the request back, if that was their last word."""
    latest = session.scalar(select(TenantAdmission).order_by(TenantAdmission.at.desc()).limit(1))
    return latest if latest is not None and latest.decision == "refuse" else None


def _active_holders(session: Session) -> dict[str, int]:
    query = (
        select(MemberRole.role, func.count(func.distinct(Member.id)))
        .join(Member, (Member.tenant_id == MemberRole.tenant_id) & (Member.id == MemberRole.member_id))
        .where(Member.state == "active")
        .group_by(MemberRole.role)
    )
    return dict(session.execute(query).all())
