# SPDX-License-Identifier: EUPL-1.2
"""Departments: parts of an organisation with budgets and roles of their own (R104)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from heitje import audit
from heitje.db.locking import lock
from heitje.errors import InvalidInput
from heitje.identity.models import Department
from heitje.identity.roles import ActingMember, Role


def departments_of(session: Session) -> Sequence[Department]:
    """List the tenant's departments by name."""
    return session.scalars(select(Department).order_by(func.lower(Department.name))).all()


def add_department(session: Session, name: str, *, by: ActingMember, at: datetime) -> Department:
    """Add a department; owners only. Raises `InvalidInput` for a name that is there already."""
    by.must(Role.OWNER)
    _must_be_new(session, name)
    department = Department(tenant_id=by.tenant_id, id=uuid4(), name=name)
    session.add(department)
    session.flush()
    _record(session, department, "department.added", by=by, at=at)
    return department


def rename_department(session: Session, department_id: UUID, name: str, *, by: ActingMember, at: datetime) -> None:
    """Give a department another name; owners only. Raises `InvalidInput`, `NotFound`."""
    by.must(Role.OWNER)
    department = lock(session, select(Department).where(Department.id == department_id), kind="department")
    if department.name == name:
        return
    _must_be_new(session, name, but=department_id)
    department.name = name
    session.flush()
    _record(session, department, "department.renamed", by=by, at=at)


def _must_be_new(session: Session, name: str, *, but: UUID | None = None) -> None:
    query = select(Department.id).where(func.lower(Department.name) == name.lower())
    if but is not None:
        query = query.where(Department.id != but)
    if session.scalar(query.limit(1)) is not None:
        raise InvalidInput({"name": ["There is already a department with this name."]})


def _record(session: Session, department: Department, action: str, *, by: ActingMember, at: datetime) -> None:
    audit.record(session, action, by=by.actor, subject=f"department:{department.id}", at=at, tenant_id=by.tenant_id)
