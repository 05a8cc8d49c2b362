# SPDX-License-Identifier: EUPL-1.2
"""What this month has come to so far and what it will cost: no tenant has to wait for the invoice to know."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.orm import Session

from heitje.cents import Cents
from heitje.clock import local_day
from tenants.billing.invoices import charged_before
from tenants.billing.metering import Usage, measure
from tenants.billing.models import Tariff
from tenants.billing.tariff import PricedLine, price, tariff_on


@dataclass(frozen=True, kw_only=True)
class Outlook:
    """The running month, priced as if it ended now. Amounts without VAT."""

    month: date
    usage: Usage
    tariff: Tariff
    lines: list[PricedLine]
    charged_before_cents: Cents
    """What the invoices of this year came to."""

    @property
    def net_cents(self) -> Cents:
        """What this month costs so far."""
        return sum(line.net_cents for line in self.lines)

    @property
    def room_cents(self) -> Cents:
        """What this year can still cost at most, this month included."""
        return max(self.tariff.yearly_cap_cents - self.charged_before_cents, 0)


def outlook(session: Session, *, tenant_id: UUID, at: datetime) -> Outlook:
    """Return the running month of a tenant: in its own session, or an operator's. Raises `NoTariff`."""
    month = local_day(at).replace(day=1)
    tariff = tariff_on(session, month)
    usage = measure(session, tenant_id=tenant_id, month=month)
    before_cents = charged_before(session, tenant_id=tenant_id, month=month)
    return Outlook(
        month=month,
        usage=usage,
        tariff=tariff,
        lines=price(tariff, usage, charged_before_cents=before_cents),
        charged_before_cents=before_cents,
    )
