# SPDX-License-Identifier: EUPL-1.2
"""What acts are about, by name: the record itself keeps ids only."""

from collections.abc import Callable, Sequence
from uuid import UUID

from flask import url_for
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from heitje.chores.models import Chore, Claim, Kit, PickupPoint, Vetting
from heitje.identity.models import Department, IdentityProvider, Member
from heitje.purses.models import BudgetLine, Funding

Address = Callable[[UUID], str]


def _none(_id: UUID) -> str:
    return ""


KINDS: dict[str, tuple[Callable[[], Select[UUID, str]], Address]] = {
    "chore": (lambda: select(Chore.id, Chore.title), lambda one: url_for("portal.chore", chore_id=one)),
    # A claim's page is for approvers of the department; its chore's is for all.
    "claim": (lambda: select(Claim.id, Chore.title).join(Claim.chore), _none),
    "vetting": (
        lambda: select(Vetting.id, Vetting.citizen_name),
        lambda one: url_for("portal.vetting", vetting_id=one),
    ),
    "budget_line": (
        lambda: select(BudgetLine.id, BudgetLine.name),
        lambda one: url_for("portal.budget_line", line_id=one),
    ),
    "funding": (
        lambda: select(Funding.id, BudgetLine.name).join(
            BudgetLine, (BudgetLine.tenant_id == Funding.tenant_id) & (BudgetLine.id == Funding.budget_line_id)
        ),
        _none,
    ),
    "member": (lambda: select(Member.id, Member.name), lambda one: url_for("portal.member", member_id=one)),
    "department": (lambda: select(Department.id, Department.name), _none),
    "provider": (lambda: select(IdentityProvider.id, IdentityProvider.name), _none),
    "kit": (lambda: select(Kit.id, Kit.name), _none),
    "pickup_point": (lambda: select(PickupPoint.id, PickupPoint.name), _none),
}
"""Kind of a subject -> (id and name of all, page of one)."""


def subjects_of(session: Session, subjects: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return subject -> (name, address or ""); a query for each kind among them."""
    wanted: dict[str, set[UUID]] = {}
    for subject in subjects:
        kind, _colon, text = subject.partition(":")
        if kind in KINDS:
            wanted.setdefault(kind, set()).add(UUID(text))
    found: dict[str, tuple[str, str]] = {}
    for kind, ids in wanted.items():
        query, address = KINDS[kind]
        statement = query()
        key = statement.selected_columns[0]
        for one, name in session.execute(statement.where(key.in_(ids))):
            found[f"{kind}:{one}"] = (name, address(one))
    return found
