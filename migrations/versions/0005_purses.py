# SPDX-License-Identifier: EUPL-1.2
"""Budget lines of departments, fundings that fill them, reservations that keep promises."""

from alembic import op

revision = "0005"
down_revision = "0004"

SQL = """
create table budget_lines (
  tenant_id uuid not null references tenants,
  id uuid not null default gen_random_uuid(),
  scheme_id uuid not null references schemes,
  department_id uuid not null,
  name text not null check (length(name) between 2 and 80),
  starts_on date not null,
  ends_on date not null,
  state text not null default 'draft' check (state in
    ('draft', 'awaiting_funds', 'active', 'frozen', 'closing', 'closed')),
  budget_account_id bigint not null references ledger_accounts,
  reserved_account_id bigint not null references ledger_accounts,
  created_by uuid not null,
  created_at timestamptz not null default now(),
  version integer not null default 1,
  primary key (tenant_id, id),
  unique (tenant_id, department_id, name),
  foreign key (tenant_id, department_id) references departments (tenant_id, id),
  foreign key (tenant_id, created_by) references members (tenant_id, id),
  check (ends_on > starts_on)
);
alter table budget_lines enable row level security;
alter table budget_lines force row level security;
create policy tenant_own on budget_lines to heitje_app using (tenant_id = (select scope_tenant()));
create policy operator_all on budget_lines to heitje_operator using (true);
grant select, insert, update on budget_lines to heitje_app;
grant select, update (state) on budget_lines to heitje_operator;

create table fundings (
  tenant_id uuid not null references tenants,
  id uuid not null default gen_random_uuid(),
  budget_line_id uuid not null,
  amount_cents bigint not null check (amount_cents between 1 and 10000000000),
  state text not null default 'awaiting' check (state in ('awaiting', 'processing', 'received', 'failed', 'returned')),
  reference text not null,
  payment_id text,
  pay_url text,
  created_by uuid not null,
  created_at timestamptz not null default now(),
  received_at timestamptz,
  primary key (tenant_id, id),
  unique (tenant_id, reference),
  unique (tenant_id, payment_id),
  foreign key (tenant_id, budget_line_id) references budget_lines (tenant_id, id),
  foreign key (tenant_id, created_by) references members (tenant_id, id)
);
create index fundings_of_line on fundings (tenant_id, budget_line_id, created_at);
alter table fundings enable row level security;
alter table fundings force row level security;
create policy tenant_own on fundings to heitje_app using (tenant_id = (select scope_tenant()));
create policy operator_all on fundings to heitje_operator using (true);
grant select, insert on fundings to heitje_app;
-- Only what a payment provider answered may say that money came in: the operator's side writes the state.
grant update (payment_id, pay_url) on fundings to heitje_app;
grant select, update (state, received_at) on fundings to heitje_operator;

create table reservations (
  tenant_id uuid not null references tenants,
  id uuid not null default gen_random_uuid(),
  budget_line_id uuid not null,
  chore_id uuid not null,
  slot_id uuid not null,
  amount_cents bigint not null check (amount_cents > 0),
  state text not null default 'reserved' check (state in ('reserved', 'committed', 'released')),
  created_at timestamptz not null default now(),
  ended_at timestamptz,
  primary key (tenant_id, id),
  foreign key (tenant_id, budget_line_id) references budget_lines (tenant_id, id)
);
-- Every open slot has exactly one active reservation (I5).
create unique index reservations_one_a_slot on reservations (tenant_id, slot_id) where state <> 'released';
create index reservations_of_line on reservations (tenant_id, budget_line_id, state);
alter table reservations enable row level security;
alter table reservations force row level security;
create policy tenant_own on reservations to heitje_app using (tenant_id = (select scope_tenant()));
create policy operator_reads on reservations for select to heitje_operator using (true);
grant select, insert on reservations to heitje_app;
grant update (state, ended_at) on reservations to heitje_app;
grant select on reservations to heitje_operator;
"""


def upgrade() -> None:
    """Create budgets."""
    op.execute(SQL)
