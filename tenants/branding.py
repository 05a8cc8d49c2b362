# SPDX-License-Identifier: EUPL-1.2
"""What an organisation says of itself and how its pages look: a name, one colour, addresses."""

from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from heitje import audit
from heitje.db.locking import lock
from heitje.errors import Conflict
from heitje.identity.models import Tenant, TenantDetails
from heitje.identity.roles import ActingMember, Role


@dataclass(frozen=True, kw_only=True)
class Contacts:
    """Where bills and questions go."""

    billing_email: str
    billing_reference: str
    address: str
    privacy_contact: str
    non_displacement_policy: str


def details_of(session: Session, tenant_id: UUID) -> TenantDetails:
    """Return what only the organisation itself and the operators know of it."""
    return session.get_one(TenantDetails, tenant_id)


def change_look(
    session: Session, *, name: str, brand_colour: str, version: int, by: ActingMember, at: datetime
) -> None:
    """Change name and colour; owners only. `version` is what the owner saw; raises `Conflict` if somebody was first."""
    by.must(Role.OWNER)
    tenant = lock(session, select(Tenant).where(Tenant.id == by.tenant_id), kind="tenant")
    if tenant.version != version:
        raise Conflict(version=tenant.version)
    tenant.name, tenant.brand_colour = name, brand_colour
    tenant.version += 1
    session.flush()
    _record(session, "tenant.look_changed", by=by, at=at)


def change_contacts(session: Session, contacts: Contacts, *, by: ActingMember, at: datetime) -> None:
    """Change addresses and the policy on non-displacement; owners only."""
    by.must(Role.OWNER)
    details = details_of(session, by.tenant_id)
    for name, value in asdict(contacts).items():
        setattr(details, name, value)
    session.flush()
    _record(session, "tenant.contacts_changed", by=by, at=at)


def _record(session: Session, action: str, *, by: ActingMember, at: datetime) -> None:
    audit.record(session, action, by=by.actor, subject=f"tenant:{by.tenant_id}", at=at, tenant_id=by.tenant_id)
