# SPDX-License-Identifier: EUPL-1.2
"""Proof of the books: what must be true of every row, checked against every row. Needs an operator's session."""

from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from heitje.cents import Cents

TRANSFERS_UNBALANCED = text("""
    select transfer_id as id, sum(amount_cents) as off_cents, count(*) as entries from ledger_entries
    group by transfer_id having sum(amount_cents) <> 0 or count(*) <> 2 limit 20""")
TRANSFERS_WITHOUT_ENTRIES = text("""
    select t.id, t.amount_cents as off_cents, 0 as entries from ledger_transfers t
    where not exists (select from ledger_entries e where e.transfer_id = t.id and e.account_id = t.source_id
                      and e.amount_cents = -t.amount_cents)
       or not exists (select from ledger_entries e where e.transfer_id = t.id and e.account_id = t.target_id
                      and e.amount_cents = t.amount_cents) limit 20""")
BALANCES_OFF = text("""
    select a.id, a.kind, a.balance_cents, coalesce(sum(e.amount_cents), 0) as entries_cents,
           a.last_seq, count(e.seq) as entries
    from ledger_accounts a left join ledger_entries e on e.account_id = a.id
    group by a.id having a.balance_cents <> coalesce(sum(e.amount_cents), 0) or a.last_seq <> count(e.seq)
       or a.balance_cents < a.floor_cents limit 20""")
RUNNING_OFF = text("""
    select account_id, seq, balance_cents, expected_cents from (
      select account_id, seq, balance_cents,
             sum(amount_cents) over (partition by account_id order by seq) as expected_cents
      from ledger_entries) x
    where balance_cents <> expected_cents limit 20""")
SUPPLY = text("""
    select coalesce(sum(amount_cents) filter (where kind = 'mint'), 0) as funded_cents,
           coalesce(sum(case kind when 'burn' then amount_cents when 'reissue' then -amount_cents end), 0) as redeemed_cents,
           coalesce(sum(amount_cents) filter (where kind = 'refund_funding'), 0) as refunded_cents
    from ledger_transfers where scheme_id = :scheme_id""")
OUTSTANDING = text("""
    select coalesce(sum(balance_cents) filter (where kind <> 'treasury'), 0) as outstanding_cents,
           coalesce(sum(balance_cents) filter (where kind = 'treasury'), 0) as treasury_cents
    from ledger_accounts where scheme_id = :scheme_id""")
LINES_OFF = text("""
    select b.id, r.balance_cents as ledger_cents, coalesce(s.sum_cents, 0) as reservations_cents
    from budget_lines b
    join ledger_accounts r on r.id = b.reserved_account_id
    left join lateral (select sum(amount_cents) as sum_cents from reservations v
                       where v.tenant_id = b.tenant_id and v.budget_line_id = b.id and v.state = 'reserved') s on true
    where r.balance_cents <> coalesce(s.sum_cents, 0) limit 20""")
CAP_OFF = text("""
    select rule_id, year, held_cents, committed_cents, limit_cents from cap_rooms
    where held_cents + committed_cents > limit_cents or held_cents < 0 or committed_cents < 0 limit 20""")


@dataclass(frozen=True, kw_only=True)
class Supply:
    """A scheme's figures in cents: `outstanding` must equal `funded - redeemed - refunded`, which is the pool."""

    funded_cents: Cents
    redeemed_cents: Cents
    refunded_cents: Cents
    outstanding_cents: Cents
    treasury_cents: Cents

    @property
    def pool_cents(self) -> Cents:
        """Euros that stand behind the coins."""
        return self.funded_cents - self.redeemed_cents - self.refunded_cents


@dataclass(frozen=True, kw_only=True)
class Proof:
    """`differences` is empty when the books are right; each line names the row that is not."""

    differences: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether nothing was found."""
        return not self.differences


def supply_of(session: Session, scheme_id: UUID) -> Supply:
    """Return what was funded, redeemed, refunded and is outstanding in a scheme."""
    moved = session.execute(SUPPLY, {"scheme_id": scheme_id}).one()
    there = session.execute(OUTSTANDING, {"scheme_id": scheme_id}).one()
    return Supply(
        funded_cents=int(moved.funded_cents),
        redeemed_cents=int(moved.redeemed_cents),
        refunded_cents=int(moved.refunded_cents),
        outstanding_cents=int(there.outstanding_cents),
        treasury_cents=int(there.treasury_cents),
    )


def prove_books(session: Session) -> Proof:
    """Check every transfer, entry, balance, reservation and cap row of all schemes."""
    found = [
        f"transfer {row.id}: entries sum to {row.off_cents} cents over {row.entries} entries"
        for query in (TRANSFERS_UNBALANCED, TRANSFERS_WITHOUT_ENTRIES)
        for row in session.execute(query)
    ]
    found += [
        f"account {row.id} ({row.kind}): balance {row.balance_cents} cents, entries {row.entries_cents} cents;"
        f" {row.last_seq} counted, {row.entries} there"
        for row in session.execute(BALANCES_OFF)
    ]
    found += [
        f"entry {row.seq} of account {row.account_id}: leaves {row.balance_cents} cents, not {row.expected_cents}"
        for row in session.execute(RUNNING_OFF)
    ]
    found += [
        f"budget line {row.id}: {row.ledger_cents} cents set aside, reservations for {row.reservations_cents}"
        for row in session.execute(LINES_OFF)
    ]
    found += [
        f"cap room of rule {row.rule_id} in {row.year}: {row.held_cents} + {row.committed_cents} over {row.limit_cents}"
        for row in session.execute(CAP_OFF)
    ]
    for (scheme_id,) in session.execute(text("select id from schemes")):
        found += _supply_differences(scheme_id, supply_of(session, scheme_id))
    return Proof(differences=found)


def _supply_differences(scheme_id: UUID, supply: Supply) -> list[str]:
    found = []
    if supply.outstanding_cents != supply.pool_cents:
        found.append(f"scheme {scheme_id}: {supply.outstanding_cents} cents outstanding, pool {supply.pool_cents}")
    if supply.treasury_cents != -supply.outstanding_cents:
        found.append(f"scheme {scheme_id}: treasury {supply.treasury_cents}, outstanding {supply.outstanding_cents}")
    return found
