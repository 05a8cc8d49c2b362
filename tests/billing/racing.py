# SPDX-License-Identifier: EUPL-1.2
"""What processes of their own do at once."""

from datetime import UTC, date, datetime
from uuid import UUID

from heitje.db.session import Databases
from heitje.errors import HeitjeError
from tenants.billing.invoices import issue_invoice

OCTOBER = date(2026, 10, 1)
AT = datetime(2026, 11, 1, 6, 10, tzinfo=UTC)


class ChangedItsMind(HeitjeError):
    code = "changed-its-mind"


def issue(databases: Databases, job: tuple[UUID, bool]) -> None:
    """Issue October's invoice; or take a number and roll back."""
    tenant_id, goes_through = job
    with databases.across_tenants() as session:
        assert issue_invoice(session, tenant_id=tenant_id, month=OCTOBER, at=AT) is not None
        if not goes_through:
            raise ChangedItsMind
