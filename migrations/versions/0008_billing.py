# SPDX-License-Identifier: EUPL-1.2
"""What tenants pay for the platform: public tariffs, metered use, invoices; and what the payment provider tells us.

Tenants read; only the operator's side writes, and what was metered or charged is never changed. The figures come
from `billing_usage`, the same for a tenant who looks and an operator who bills.
"""

from alembic import op

revision = "0008"
down_revision = "0007"

EVENTS = """
-- Whoever stores an event has checked its signature; whoever handles it asks the provider again.
create table stripe_events (
  id text primary key check (length(id) between 3 and 255),
  type text not null,
  object_id text not null,
  received_at timestamptz not null default now(),
  handled_at timestamptz,
  outcome text not null default '' check (outcome in ('', 'done', 'ignored', 'unexpected')),
  explanation text not null default ''
);
create index stripe_events_unhandled on stripe_events (received_at) where handled_at is null;
alter table stripe_events enable row level security;
alter table stripe_events force row level security;
create policy webhook_stores on stripe_events for insert to heitje_app
  with check (handled_at is null and outcome = '' and explanation = '');
create policy operator_all on stripe_events to heitje_operator using (true);
grant insert (id, type, object_id, received_at) on stripe_events to heitje_app;
grant select on stripe_events to heitje_operator;
grant update (handled_at, outcome, explanation) on stripe_events to heitje_operator;
"""

TARIFFS = """
-- The price list: public, dated, never changed; a new one takes its place from its first day on.
create table tariffs (
  id uuid primary key default gen_random_uuid(),
  starts_on date not null unique check (extract(day from starts_on) = 1),
  name text not null check (length(name) between 2 and 80),
  yearly_cap_cents bigint not null check (yearly_cap_cents between 0 and 10000000000),
  vat_permille smallint not null check (vat_permille between 0 and 1000),
  published_at timestamptz not null default now()
);
-- The price of one unit: the first so many at one price, the next at another (and usually lower) one.
create table tariff_bands (
  tariff_id uuid not null references tariffs,
  metric text not null check (metric in ('active_citizens', 'active_shops')),
  from_quantity bigint not null check (from_quantity >= 1),
  unit_cents bigint not null check (unit_cents between 0 and 100000000),
  primary key (tariff_id, metric, from_quantity)
);
alter table tariffs enable row level security;
alter table tariffs force row level security;
alter table tariff_bands enable row level security;
alter table tariff_bands force row level security;
create policy everyone_reads on tariffs for select using (true);
create policy everyone_reads on tariff_bands for select using (true);
create policy operator_publishes on tariffs for insert to heitje_operator with check (true);
create policy operator_publishes on tariff_bands for insert to heitje_operator with check (true);
grant select on tariffs, tariff_bands to heitje_app;
grant select, insert on tariffs, tariff_bands to heitje_operator;
"""

METERS = """
-- What a month came to, once it is over. Live figures come from billing_usage.
create table usage_meters (
  tenant_id uuid not null references tenants,
  month date not null check (extract(day from month) = 1),
  metric text not null check (metric in ('active_citizens', 'active_shops')),
  quantity bigint not null check (quantity >= 0),
  measured_at timestamptz not null,
  primary key (tenant_id, month, metric)
);
alter table usage_meters enable row level security;
alter table usage_meters force row level security;
create policy tenant_reads on usage_meters for select to heitje_app using (tenant_id = (select scope_tenant()));
create policy operator_all on usage_meters to heitje_operator using (true) with check (true);
grant select on usage_meters to heitje_app;
grant select, insert on usage_meters to heitje_operator;

create policy books_meter on tenant_details for select to heitje_books using (true);
create policy books_meter on shops for select to heitje_books using (true);
create policy books_meter on payments for select to heitje_books using (true);
grant select (tenant_id, scheme_id) on tenant_details to heitje_books;
grant select (id, scheme_id) on shops to heitje_books;
grant select (shop_id, created_at, state) on payments to heitje_books;
grant select (created_at, submitted_at) on claims to heitje_books;

-- How much a tenant used in a month on Dutch clocks: people who took or handed in a chore of this tenant, and shops
-- of its scheme where somebody paid. Counts only; whose they are stays with heitje_books.
create function billing_usage(p_tenant uuid, p_month date) returns table (metric text, quantity bigint)
language plpgsql stable security definer set search_path = public, pg_temp as $$
declare
  begins timestamptz := date_trunc('month', p_month::timestamp) at time zone 'Europe/Amsterdam';
  ends timestamptz := (date_trunc('month', p_month::timestamp) + interval '1 month') at time zone 'Europe/Amsterdam';
begin
  if not (session_user = 'heitje_operator' or session_user = 'heitje_app' and p_tenant = scope_tenant()) is true then
    raise exception 'not your usage' using errcode = 'HJ003';
  end if;
  return query
    select 'active_citizens', count(distinct c.citizen_id) from claims c
    where c.tenant_id = p_tenant
      and (c.created_at >= begins and c.created_at < ends or c.submitted_at >= begins and c.submitted_at < ends)
    union all
    select 'active_shops', count(*) from shops s
    where s.scheme_id = (select d.scheme_id from tenant_details d where d.tenant_id = p_tenant)
      and exists (select from payments p where p.shop_id = s.id and p.created_at >= begins and p.created_at < ends
                  and p.state in ('completed', 'refunded'));
end $$;
revoke all on function billing_usage(uuid, date) from public;
grant execute on function billing_usage(uuid, date) to heitje_app, heitje_operator;
-- Last, since only the owner of a function says who may call it.
alter function billing_usage(uuid, date) owner to heitje_books;
"""

INVOICES = """
-- The last number given out. Locked by whoever takes the next one, so a rolled-back invoice leaves no gap.
create table invoice_series (
  series text not null check (series ~ '^[A-Z]{1,4}$'),
  year smallint not null check (year between 2020 and 2199),
  last_number bigint not null default 0,
  primary key (series, year)
);
alter table invoice_series enable row level security;
alter table invoice_series force row level security;
create policy operator_all on invoice_series to heitje_operator using (true) with check (true);
grant select, insert, update on invoice_series to heitje_operator;

create table invoices (
  tenant_id uuid not null references tenants,
  id uuid not null default gen_random_uuid(),
  series text not null,
  year smallint not null,
  number bigint not null check (number >= 1),
  code text not null check (length(code) <= 26),
  month date not null check (extract(day from month) = 1),
  tariff_id uuid not null references tariffs,
  issued_on date not null,
  due_on date not null check (due_on >= issued_on),
  buyer_name text not null,
  buyer_address text not null,
  buyer_kvk_number text not null,
  buyer_reference text not null,
  net_cents bigint not null check (net_cents > 0),
  vat_permille smallint not null,
  vat_cents bigint not null check (vat_cents >= 0),
  total_cents bigint not null,
  state text not null default 'issued' check (state in ('issued', 'sent', 'paid', 'void')),
  provider_id text,
  pay_url text not null default '',
  issued_at timestamptz not null,
  sent_at timestamptz,
  paid_at timestamptz,
  primary key (tenant_id, id),
  unique (tenant_id, series, year, number),
  unique (tenant_id, provider_id),
  check (total_cents = net_cents + vat_cents),
  check ((state in ('sent', 'paid')) <= (provider_id is not null)),
  check ((state = 'paid') = (paid_at is not null))
);
-- A month is charged once.
create unique index invoices_one_a_month on invoices (tenant_id, month) where state <> 'void';
create index invoices_to_send on invoices (issued_at) where state = 'issued';

create table invoice_lines (
  tenant_id uuid not null references tenants,
  invoice_id uuid not null,
  position smallint not null check (position >= 1),
  metric text not null check (metric in ('active_citizens', 'active_shops', 'yearly_cap')),
  quantity bigint not null check (quantity >= 0),
  unit_cents bigint not null,
  net_cents bigint not null,
  vat_cents bigint not null,
  primary key (tenant_id, invoice_id, position),
  foreign key (tenant_id, invoice_id) references invoices (tenant_id, id),
  check (net_cents = quantity * unit_cents),
  check (unit_cents >= 0 or metric = 'yearly_cap')
);
alter table invoices enable row level security;
alter table invoices force row level security;
alter table invoice_lines enable row level security;
alter table invoice_lines force row level security;
create policy tenant_reads on invoices for select to heitje_app using (tenant_id = (select scope_tenant()));
create policy tenant_reads on invoice_lines for select to heitje_app using (tenant_id = (select scope_tenant()));
create policy operator_all on invoices to heitje_operator using (true) with check (true);
create policy operator_all on invoice_lines to heitje_operator using (true) with check (true);
grant select on invoices, invoice_lines to heitje_app;
grant select, insert on invoices, invoice_lines to heitje_operator;
-- What was charged stays; only its way to being paid goes on.
grant update (state, provider_id, pay_url, sent_at, paid_at) on invoices to heitje_operator;

create function billing_append_only() returns trigger language plpgsql as $$
begin
  raise exception 'what was published, metered or charged is never changed' using errcode = 'HJ090';
end $$;
create trigger append_only before update or delete or truncate on tariffs
  for each statement execute function billing_append_only();
create trigger append_only before update or delete or truncate on tariff_bands
  for each statement execute function billing_append_only();
create trigger append_only before update or delete or truncate on usage_meters
  for each statement execute function billing_append_only();
create trigger append_only before update or delete or truncate on invoice_lines
  for each statement execute function billing_append_only();
create trigger no_delete before delete or truncate on invoices
  for each statement execute function billing_append_only();
"""


def upgrade() -> None:
    """Create billing."""
    op.execute(EVENTS)
    op.execute(TARIFFS)
    op.execute(METERS)
    op.execute(INVOICES)
