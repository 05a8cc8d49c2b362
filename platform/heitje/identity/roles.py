# SPDX-License-Identifier: EUPL-1.2
"""What a member may do: roles, each for the whole organisation or for one department."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from heitje.audit import Actor
from heitje.errors import NotAllowed


class Role(StrEnum):
    """The roles of an issuer's staff (glossary: member)."""

    OWNER = "owner"
    FINANCE = "finance"
    EDITOR = "editor"
    APPROVER = "approver"
    FIELD_WORKER = "field_worker"
    STAFF_REPRESENTATIVE = "staff_representative"


@dataclass(frozen=True, kw_only=True)
class ActingMember:
    """A member at work. Use-cases take this, so that they can be called from a page, an API or a job alike.

    `roles` holds (role, department id); `None` as department means the whole organisation.
    """

    tenant_id: UUID
    member_id: UUID
    roles: frozenset[tuple[Role, UUID | None]]
    request_id: str = ""

    def may(self, role: Role, department_id: UUID | None = None) -> bool:
        """Whether the member has the role, for this department or for all; without a department: for any."""
        return any(
            held is role and (own is None or department_id is None or own == department_id) for held, own in self.roles
        )

    def must(self, role: Role, department_id: UUID | None = None) -> None:
        """Raise `NotAllowed` unless the member may."""
        if not self.may(role, department_id):
            raise NotAllowed(role=role.value)

    @property
    def actor(self) -> Actor:
        """Who to name in the audit record."""
        return Actor(kind="member", id=str(self.member_id), request_id=self.request_id)
