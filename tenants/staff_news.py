# SPDX-License-Identifier: EUPL-1.2
"""Tells an organisation's people what operators decided, in the organisation's own scope."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from heitje.db.scope import scope_of
from heitje.identity.models import Member, Tenant
from heitje.jobs.registry import job
from heitje.notifications.tell import tell_member

TELL_STAFF = "tenants.tell_staff"


@job(TELL_STAFF)
def tell_staff(session: Session, *, message: str, facts: dict[str, Any]) -> None:
    """Tell every active member."""
    tenant_id = scope_of(session).tenant_id
    if tenant_id is None:
        raise ValueError("this job works in the scope of a tenant")
    tenant = session.get_one(Tenant, tenant_id)
    for member_id in session.scalars(select(Member.id).where(Member.state == "active").order_by(Member.id)):
        tell_member(session, tenant_id, member_id, message, organisation=tenant.name, slug=tenant.slug, **facts)
