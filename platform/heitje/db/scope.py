# SPDX-License-Identifier: EUPL-1.2
"""Who is asking, as the database's policies understand it. Nothing said = no rows."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session


@dataclass(frozen=True, kw_only=True)
class Scope:
    """At most one of the three; all empty is a visitor, who sees what is public.

    `knows` is a secret a visitor was given, such as `session:<sha256>` or `email:<address>`: it opens just the rows
    that carry it. `operator` is a session on the operator's own engine, never a switch inside the application's.
    """

    tenant_id: UUID | None = None
    citizen_id: UUID | None = None
    shop_id: UUID | None = None
    knows: str = ""
    operator: bool = False

    def __post_init__(self) -> None:
        said = [self.tenant_id, self.citizen_id, self.shop_id, self.operator or None]
        if sum(part is not None for part in said) > 1:
            raise ValueError("a scope is a tenant, a citizen, a shop or the operator: one of them")

    def settings(self) -> dict[str, str]:
        """Return what a transaction of this scope sets when it begins: all four, so that none is left from before."""
        return {
            "heitje.tenant_id": str(self.tenant_id or ""),
            "heitje.citizen_id": str(self.citizen_id or ""),
            "heitje.shop_id": str(self.shop_id or ""),
            "heitje.knows": self.knows,
        }

    @property
    def owner(self) -> str:
        """Name whose idempotency keys and audit rows these are, as in `tenant:<id>`."""
        for kind, value in (("tenant", self.tenant_id), ("citizen", self.citizen_id), ("shop", self.shop_id)):
            if value is not None:
                return f"{kind}:{value}"
        return "operator" if self.operator else "visitor"


VISITOR = Scope()


def scope_of(session: Session) -> Scope:
    """Return the scope that a session was opened with."""
    scope = session.info["scope"]
    assert isinstance(scope, Scope)  # noqa: S101 - set in one place, session.py
    return scope


def know(session: Session, secret: str) -> None:
    """Add what the visitor was just shown, such as `payment-code:123456`, for the rest of this transaction."""
    session.execute(text("select set_config('heitje.knows', :knows, true)"), {"knows": secret})
