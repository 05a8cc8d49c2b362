# SPDX-License-Identifier: EUPL-1.2
"""The operators' side: an organisation takes part once two of them have said so. On the operator's session."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from heitje import audit
from heitje.audit import Actor
from heitje.db.locking import lock
from heitje.db.scope import Scope
from heitje.errors import InvalidInput, NotFound
from heitje.identity.models import Tenant, TenantAdmission, TenantDetails
from heitje.jobs.queue import enqueue
from tenants.errors import KvkNumberTaken, NotVerifying, SecondOperatorNeeded
from tenants.staff_news import TELL_STAFF

OPERATORS_NEEDED = 2

Decision = Literal["admit", "refuse"]


@dataclass(frozen=True, kw_only=True)
class TenantCase:
    """An organisation as operators see it: who it says it is and what was decided; nothing of its people."""

    tenant: Tenant
    details: TenantDetails | None
    admissions: Sequence[TenantAdmission] = ()


def tenants_known(
    session: Session, *, state: str = "", after: tuple[datetime, UUID] | None = None, limit: int = 50
) -> list[TenantCase]:
    """List organisations, newest first; `after` is (created_at, id) of the last one seen."""
    query = (
        select(Tenant, TenantDetails)
        .outerjoin(TenantDetails, TenantDetails.tenant_id == Tenant.id)
        .order_by(Tenant.created_at.desc(), Tenant.id.desc())
        .limit(limit)
    )
    if state:
        query = query.where(Tenant.state == state)
    if after is not None:
        query = query.where(tuple_(Tenant.created_at, Tenant.id) < after)
    return [TenantCase(tenant=tenant, details=details) for tenant, details in session.execute(query)]


def tenant_case(session: Session, tenant_id: UUID) -> TenantCase:
    """Return one organisation with all decisions on it, newest first; raises `NotFound`."""
    tenant = session.get(Tenant, tenant_id)
    if tenant is None:
        raise NotFound(kind="tenant")
    decisions = session.scalars(
        select(TenantAdmission).where(TenantAdmission.tenant_id == tenant_id).order_by(TenantAdmission.at.desc())
    )
    return TenantCase(tenant=tenant, details=session.get(TenantDetails, tenant_id), admissions=decisions.all())


def admit_tenant(
    session: Session, tenant_id: UUID, *, operator: Actor, decision: Decision, reason: str, at: datetime
) -> Tenant:
    """Note an operator's decision. Two different operators admit; one refuses, and the sandbox goes on.

    Raises `NotFound`, `NotVerifying`, `SecondOperatorNeeded`, `KvkNumberTaken`, `InvalidInput` for a refusal
    without a reason.
    """
    if decision == "refuse" and not reason.strip():
        raise InvalidInput({"reason": ["Say why, so that the organisation knows what to mend."]})
    tenant = lock(session, select(Tenant).where(Tenant.id == tenant_id), kind="tenant")
    if tenant.state != "verifying":
        raise NotVerifying(state=tenant.state)
    operator_id = UUID(operator.id)
    said_yes = _who_said_yes(session, tenant_id)
    if decision == "admit" and operator_id in said_yes:
        raise SecondOperatorNeeded
    session.add(
        TenantAdmission(tenant_id=tenant_id, operator_id=operator_id, decision=decision, reason=reason.strip(), at=at)
    )
    if decision == "refuse":
        tenant.state = "sandbox"
        _tell_staff(session, tenant, "tenant-refused", reason=reason.strip())
    elif len(said_yes) + 1 >= OPERATORS_NEEDED:
        _make_live(session, tenant)
    session.flush()
    audit.record(
        session,
        "tenant.admitted" if tenant.state == "live" else f"tenant.{decision}",
        by=operator,
        subject=f"tenant:{tenant_id}",
        at=at,
        tenant_id=tenant_id,
        state=tenant.state,
    )
    return tenant


def _who_said_yes(session: Session, tenant_id: UUID) -> set[UUID]:
    """Collect the operators who admitted since the last refusal."""
    said_yes: set[UUID] = set()
    rows = session.scalars(
        select(TenantAdmission).where(TenantAdmission.tenant_id == tenant_id).order_by(TenantAdmission.at.desc())
    )
    for row in rows:
        if row.decision == "refuse":
            break
        said_yes.add(row.operator_id)
    return said_yes


def _make_live(session: Session, tenant: Tenant) -> None:
    details = session.get_one(TenantDetails, tenant.id)
    try:
        with session.begin_nested():
            details.kvk_confirmed = True
            session.flush()
    except IntegrityError as error:
        if "tenant_details_kvk" in str(error.orig):
            raise KvkNumberTaken from error
        raise
    tenant.state = "live"
    _tell_staff(session, tenant, "tenant-admitted")


def _tell_staff(session: Session, tenant: Tenant, message: str, **facts: str) -> None:
    """Operators do not see an organisation's people: a job in its own scope tells them."""
    enqueue(session, TELL_STAFF, Scope(tenant_id=tenant.id), message=message, facts=facts)
