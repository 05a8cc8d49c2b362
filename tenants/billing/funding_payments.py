# SPDX-License-Identifier: EUPL-1.2
"""A page at the provider on which finance pays a funding."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from heitje.errors import Conflict
from heitje.identity.models import Tenant, TenantDetails
from heitje.identity.roles import ActingMember, Role
from heitje.purses.funding import lock_funding
from heitje.purses.models import BudgetLine, FundingState
from tenants.billing.payments import FundingPayment, FundingToPay, PaymentState
from tenants.billing.stripe_gateway import StripeGateway

MAY_BE_PAID = {FundingState.AWAITING.value, FundingState.PROCESSING.value, FundingState.FAILED.value}
OVER = {PaymentState.FAILED, PaymentState.EXPIRED}


class FundingNotPayable(Conflict):
    """It was paid, or the money is on its way. Facts: state."""

    code = "funding-not-payable"
    title = "This funding is paid already, or the transfer is on its way."


@dataclass(frozen=True, kw_only=True)
class Visit:
    """Where the payer's browser goes after, and in which language it is spoken to."""

    success_url: str
    cancel_url: str
    language: Literal["nl", "en"] = "nl"


def open_payment(
    session: Session, gateway: StripeGateway, funding_id: UUID, *, by: ActingMember, visit: Visit
) -> FundingPayment:
    """Return the page on which this funding can be paid; makes a new one only after the last one ended unpaid.

    In the tenant's own session. Raises `NotFound`, `NotAllowed`, `FundingNotPayable`, `AmountNotPayable` (pay in
    parts, or by bank transfer with the funding's reference), `PaymentsUnavailable`.
    """
    funding = lock_funding(session, by.tenant_id, funding_id)
    line = session.scalars(
        select(BudgetLine).where(BudgetLine.tenant_id == by.tenant_id, BudgetLine.id == funding.budget_line_id)
    ).one()
    by.must(Role.FINANCE, line.department_id)
    if funding.state not in MAY_BE_PAID:
        raise FundingNotPayable(state=funding.state)

    after = "first"
    if funding.payment_id is not None:
        earlier = gateway.fetch_funding_payment(funding.payment_id)
        if earlier.state == PaymentState.OPEN:
            return earlier
        if earlier.state not in OVER:
            raise FundingNotPayable(state=earlier.state.value)
        after = earlier.id
    payment = gateway.start_funding_payment(
        FundingToPay(
            tenant_id=str(by.tenant_id),
            funding_id=str(funding.id),
            customer_id=customer_of(session, gateway, by.tenant_id),
            amount_cents=funding.amount_cents,
            description=f"{line.name} ({funding.reference})",
            success_url=visit.success_url,
            cancel_url=visit.cancel_url,
            language=visit.language,
        ),
        after=after,
    )
    funding.payment_id, funding.pay_url = payment.id, payment.pay_url
    session.flush()
    return payment


def customer_of(session: Session, gateway: StripeGateway, tenant_id: UUID) -> str:
    """Return the provider's id of the tenant as a customer; made once, and kept."""
    name, details = session.execute(
        select(Tenant.name, TenantDetails)
        .join(TenantDetails, TenantDetails.tenant_id == Tenant.id)
        .where(Tenant.id == tenant_id)
    ).one()
    if not details.stripe_customer_id:
        details.stripe_customer_id = gateway.ensure_customer(
            tenant_id=str(tenant_id), name=name, email=details.billing_email
        )
        session.flush()
    return str(details.stripe_customer_id)
