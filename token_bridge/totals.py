# SPDX-License-Identifier: EUPL-1.2
"""What a scheme's contracts were told to mint and to burn, issuer by issuer, from the lines of the batches."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from heitje.cents import Cents
from token_bridge.addresses import issuer_id
from token_bridge.models import Deployment
from token_bridge.operations import NO_ISSUER

# The lines of contracts before this one are its opening.
TOTALS = text("""
    select t.kind, case when t.kind = 'mint' then g.tenant_id when t.kind = 'refund_funding' then s.tenant_id end
      as tenant_id, sum(t.amount_cents) as cents
    from chain_batch_lines l
    join chain_batches b on b.id = l.batch_id
    join chain_deployments d on d.id = b.deployment_id
    join ledger_transfers t on t.id = l.transfer_id
    join ledger_accounts s on s.id = t.source_id
    join ledger_accounts g on g.id = t.target_id
    where t.kind in ('mint', 'reissue', 'burn', 'refund_funding')
      and (d.id = :deployment and (cast(:closing as bigint) is null or b.closing <= :closing)
           or d.scheme_id = :scheme and d.id < :deployment)
    group by 1, 2 order by 1, 2""")


@dataclass(frozen=True, kw_only=True)
class CrossedTotal:
    """What one kind of transfer came to for one issuer; `NO_ISSUER` where a shop's payout came back or was paid."""

    issuer: bytes
    is_minted: bool
    cents: Cents


def crossed_totals(session: Session, deployment: Deployment, *, closing: int | None = None) -> list[CrossedTotal]:
    """List the totals of a contract and of those before it: up to a closing of this one, or all that was sealed."""
    bounds = {"deployment": deployment.id, "closing": closing, "scheme": deployment.scheme_id}
    return [
        CrossedTotal(
            issuer=issuer_id(row.tenant_id) if row.tenant_id else NO_ISSUER,
            is_minted=row.kind in {"mint", "reissue"},
            cents=int(row.cents),
        )
        for row in session.execute(TOTALS, bounds)
    ]
