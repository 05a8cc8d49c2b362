# SPDX-License-Identifier: EUPL-1.2
"""Tells an organisation's people that money came in, or that an invoice waits."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from heitje.db.scope import Scope, scope_of
from heitje.identity.models import Member, MemberRole, Tenant
from heitje.identity.roles import Role
from heitje.jobs.queue import enqueue
from heitje.jobs.registry import job
from heitje.notifications.tell import tell_member
from heitje.purses.models import BudgetLine, Funding
from tenants.billing.models import Invoice

TELL_INVOICE = "billing.tell_invoice"


def tell_funding_received(session: Session, funding: Funding) -> None:
    """Tell whoever asked for the funding that it is there (operator's session)."""
    slug, budget = session.execute(
        select(Tenant.slug, BudgetLine.name)
        .join(BudgetLine, BudgetLine.tenant_id == Tenant.id)
        .where(BudgetLine.tenant_id == funding.tenant_id, BudgetLine.id == funding.budget_line_id)
    ).one()
    tell_member(
        session,
        funding.tenant_id,
        funding.created_by,
        "funding-received",
        amount_cents=funding.amount_cents,
        budget=budget,
        slug=slug,
    )


def tell_invoice_sent(session: Session, invoice: Invoice) -> None:
    """Have the tenant's finance people told, in the tenant's own scope: nobody else may know who they are."""
    enqueue(session, TELL_INVOICE, Scope(tenant_id=invoice.tenant_id), key=str(invoice.id), invoice_id=invoice.id)


@job(TELL_INVOICE)
def tell_finance(session: Session, *, invoice_id: UUID) -> None:
    """Tell every active member with the role of finance or owner that an invoice waits."""
    tenant_id = scope_of(session).tenant_id
    invoice = session.get_one(Invoice, (tenant_id, invoice_id))
    tenant = session.get_one(Tenant, tenant_id)
    to = (
        select(Member.id)
        .join(MemberRole, (MemberRole.tenant_id == Member.tenant_id) & (MemberRole.member_id == Member.id))
        .where(Member.state == "active", MemberRole.role.in_((Role.FINANCE, Role.OWNER)))
        .distinct()
        .order_by(Member.id)
    )
    for member_id in session.scalars(to):
        tell_member(
            session,
            tenant.id,
            member_id,
            "invoice-sent",
            number=invoice.code,
            organisation=tenant.name,
            slug=tenant.slug,
            amount_cents=invoice.total_cents,
            due_on=invoice.due_on.strftime("%d-%m-%Y"),
        )
