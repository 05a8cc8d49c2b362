# SPDX-License-Identifier: EUPL-1.2
"""The ground: who is asking (scope), schemes, neighbourhoods, categories, jobs, audit, idempotency.

Row-level security in this and every later file: nothing said = no rows. `heitje_app` works inside a scope that
lasts one transaction; `heitje_operator` has policies of its own; `heitje_books` owns the functions that move money
and room under the cap. Policies read the scope as `(select scope_...())`, so once a query, not once a row.
"""

from alembic import op

revision = "0001"
down_revision = None

SCOPE = """
create function scope_tenant() returns uuid language sql stable parallel safe as $$
  select case when pg_input_is_valid(current_setting('heitje.tenant_id', true), 'uuid')
              then current_setting('heitje.tenant_id', true)::uuid end $$;
create function scope_citizen() returns uuid language sql stable parallel safe as $$
  select case when pg_input_is_valid(current_setting('heitje.citizen_id', true), 'uuid')
              then current_setting('heitje.citizen_id', true)::uuid end $$;
create function scope_shop() returns uuid language sql stable parallel safe as $$
  select case when pg_input_is_valid(current_setting('heitje.shop_id', true), 'uuid')
              then current_setting('heitje.shop_id', true)::uuid end $$;
-- What a visitor knows and nobody can guess or list: 'session:<sha256>', 'email:<address>', 'till:<sha256>'.
create function scope_knows() returns text language sql stable parallel safe as $$
  select nullif(current_setting('heitje.knows', true), '') $$;
"""

TABLES = """
create table schemes (
  id uuid primary key default gen_random_uuid(),
  slug text not null unique check (slug ~ '^[a-z0-9-]{2,40}$'),
  name text not null,
  area_name text not null,
  play_money boolean not null default false,
  guaranteed_until date not null,
  max_reward_per_hour_cents bigint not null default 1500 check (max_reward_per_hour_cents > 0),
  created_at timestamptz not null default now()
);
alter table schemes enable row level security;
alter table schemes force row level security;
create policy everyone_reads on schemes for select using (true);
create policy operator_writes on schemes for all to heitje_operator using (true) with check (true);
grant select on schemes to heitje_app, heitje_books;
grant select, insert, update on schemes to heitje_operator;

create table neighbourhoods (
  code text primary key check (code ~ '^BU[0-9A-Z]{4,10}$'),
  name text not null,
  district_code text not null,
  district_name text not null,
  municipality_code text not null,
  municipality_name text not null,
  residents integer not null check (residents >= 0),
  lat double precision not null,
  lon double precision not null,
  shape jsonb not null,
  is_demo boolean not null default false
);
alter table neighbourhoods enable row level security;
alter table neighbourhoods force row level security;
create policy everyone_reads on neighbourhoods for select using (true);
create policy operator_writes on neighbourhoods for all to heitje_operator using (true) with check (true);
grant select on neighbourhoods to heitje_app;
grant select, insert, update on neighbourhoods to heitje_operator;

create table scheme_areas (
  scheme_id uuid not null references schemes,
  neighbourhood_code text not null references neighbourhoods,
  primary key (scheme_id, neighbourhood_code)
);
alter table scheme_areas enable row level security;
alter table scheme_areas force row level security;
create policy everyone_reads on scheme_areas for select using (true);
create policy operator_writes on scheme_areas for all to heitje_operator using (true) with check (true);
grant select on scheme_areas to heitje_app;
grant select, insert, delete on scheme_areas to heitje_operator;

create table categories (
  code text primary key check (code ~ '^[a-z_]{2,30}$'),
  name_nl text not null,
  name_en text not null,
  icon text not null,
  evidence_default text not null,
  needs_vetting boolean not null default false,
  min_age smallint not null default 16 check (min_age between 0 and 99),
  position smallint not null default 0
);
alter table categories enable row level security;
alter table categories force row level security;
create policy everyone_reads on categories for select using (true);
create policy operator_writes on categories for all to heitje_operator using (true) with check (true);
grant select on categories to heitje_app;
grant select, insert, update on categories to heitje_operator;
"""

RECORDS = """
-- Work for the queue, written in the transaction that causes it; Valkey holds only a copy.
create table job_outbox (
  id uuid primary key default gen_random_uuid(),
  job text not null,
  scope_kind text not null check (scope_kind in ('tenant', 'citizen', 'shop', 'operator')),
  scope_id uuid,
  arguments jsonb not null default '{}',
  key text unique,
  created_at timestamptz not null default now(),
  run_after timestamptz not null default now(),
  attempts smallint not null default 0,
  done_at timestamptz,
  dead_at timestamptz,
  last_error text,
  check ((scope_kind = 'operator') = (scope_id is null))
);
create index job_outbox_waiting on job_outbox (run_after) where done_at is null and dead_at is null;
alter table job_outbox enable row level security;
alter table job_outbox force row level security;
create policy own_scope_adds on job_outbox for insert to heitje_app with check (
  scope_kind = 'tenant' and scope_id = (select scope_tenant())
  or scope_kind = 'citizen' and scope_id = (select scope_citizen())
  or scope_kind = 'shop' and scope_id = (select scope_shop())
  or scope_kind = 'operator'
);
-- A job is marked done in its own transaction, so in the scope it works in.
create policy own_scope_finds on job_outbox for select to heitje_app using (
  scope_kind = 'tenant' and scope_id = (select scope_tenant())
  or scope_kind = 'citizen' and scope_id = (select scope_citizen())
  or scope_kind = 'shop' and scope_id = (select scope_shop())
);
create policy own_scope_finishes on job_outbox for update to heitje_app using (
  scope_kind = 'tenant' and scope_id = (select scope_tenant())
  or scope_kind = 'citizen' and scope_id = (select scope_citizen())
  or scope_kind = 'shop' and scope_id = (select scope_shop())
);
create policy operator_runs on job_outbox for all to heitje_operator using (true) with check (true);
grant insert, select (id, done_at), update (done_at) on job_outbox to heitje_app;
grant select, insert, update, delete on job_outbox to heitje_operator;

-- Every act of weight, append-only: who, what, on what, and which transfer it caused.
create table audit_events (
  id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  action text not null,
  actor_kind text not null check (actor_kind in ('member', 'citizen', 'shop', 'operator', 'system')),
  actor_id text not null,
  tenant_id uuid,
  subject text not null,
  transfer_id bigint,
  request_id text not null default '',
  facts jsonb not null default '{}'
);
create index audit_events_by_tenant on audit_events (tenant_id, id) where tenant_id is not null;
create index audit_events_by_subject on audit_events (subject, id);
create index audit_events_by_transfer on audit_events (transfer_id) where transfer_id is not null;
alter table audit_events enable row level security;
alter table audit_events force row level security;
create policy tenant_reads on audit_events for select to heitje_app using (tenant_id = (select scope_tenant()));
create policy own_scope_adds on audit_events for insert to heitje_app with check (
  coalesce(tenant_id = (select scope_tenant()), true)
  and coalesce((select scope_tenant()), (select scope_citizen()), (select scope_shop())) is not null
);
create policy operator_reads on audit_events for select to heitje_operator using (true);
create policy operator_adds on audit_events for insert to heitje_operator with check (true);
grant select, insert on audit_events to heitje_app, heitje_operator;

-- The answer to a request that was already handled; outlives Valkey.
create table idempotency_keys (
  owner text not null,
  key text not null check (length(key) between 8 and 200),
  request_sha256 bytea not null,
  status smallint,
  body bytea,
  media_type text,
  location text,
  created_at timestamptz not null default now(),
  primary key (owner, key)
);
alter table idempotency_keys enable row level security;
alter table idempotency_keys force row level security;
create policy own_scope on idempotency_keys to heitje_app using (
  owner = coalesce('tenant:' || (select scope_tenant()), 'citizen:' || (select scope_citizen()),
                   'shop:' || (select scope_shop()))
);
create policy operator_all on idempotency_keys to heitje_operator using (true) with check (true);
grant select, insert, update on idempotency_keys to heitje_app;
grant select, insert, update, delete on idempotency_keys to heitje_operator;
"""


def upgrade() -> None:
    """Create the ground."""
    op.execute(SCOPE)
    op.execute(TABLES)
    op.execute(RECORDS)
