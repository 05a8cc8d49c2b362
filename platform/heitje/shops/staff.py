# SPDX-License-Identifier: EUPL-1.2
"""Who may stand at a shop's till: named by the owner, let go by the owner. In the scope of the shop."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from heitje import audit
from heitje.audit import Actor
from heitje.db.locking import lock
from heitje.errors import Conflict, InvalidInput
from heitje.i18n.marks import N_
from heitje.shops.models import ShopStaff, StaffRole


class OwnerStays(Conflict):
    """An owner is changed by the operator only, so that a shop is never without one."""

    code = "owner-stays"
    title = "You cannot block an owner. Ask your municipality."


def staff_of(session: Session, shop_id: UUID) -> list[ShopStaff]:
    """List everybody of the shop, owners first, then by name."""
    query = select(ShopStaff).where(ShopStaff.shop_id == shop_id).order_by(ShopStaff.role, ShopStaff.name, ShopStaff.id)
    return list(session.scalars(query.limit(200)))


def add_staff(session: Session, *, shop_id: UUID, name: str, email: str, by: Actor, at: datetime) -> ShopStaff:
    """Let somebody take payments and give refunds; they sign in with `email`.

    Raises `InvalidInput` when the name is empty or the address is known to this shop already.
    """
    name, email = " ".join(name.split()), email.strip().lower()
    if not 2 <= len(name) <= 80:
        raise InvalidInput({"name": [N_("Give a name of 2 to 80 characters.")]})
    added: ShopStaff | None = session.scalar(
        insert(ShopStaff)
        .values(shop_id=shop_id, email=email, name=name, role=StaffRole.TILL.value)
        .on_conflict_do_nothing(index_elements=["shop_id", "email"])
        .returning(ShopStaff)
    )
    if added is None:
        raise InvalidInput({"email": [N_("Somebody of your shop has this address already.")]})
    audit.record(session, "shop_staff.added", by=by, subject=f"shop_staff:{added.id}", at=at)
    return added


def set_staff_blocked(
    session: Session, *, shop_id: UUID, staff_id: UUID, blocked: bool, by: Actor, at: datetime
) -> ShopStaff:
    """Let somebody go, or come back. Who is blocked is out at the next touch of the till.

    Raises `NotFound`, `OwnerStays`.
    """
    query = select(ShopStaff).where(ShopStaff.shop_id == shop_id, ShopStaff.id == staff_id)
    member = lock(session, query, kind="shop staff")
    if member.role == StaffRole.OWNER:
        raise OwnerStays
    member.state = "blocked" if blocked else "active"
    session.flush()
    action = "shop_staff.blocked" if blocked else "shop_staff.unblocked"
    audit.record(session, action, by=by, subject=f"shop_staff:{staff_id}", at=at)
    return member
