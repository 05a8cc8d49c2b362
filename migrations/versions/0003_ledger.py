# SPDX-License-Identifier: EUPL-1.2
"""The ledger: accounts with guarded balances, a journal, entries that carry the balance they leave, an outbox.

Nobody writes these tables but `ledger_post`, `ledger_open_account` and the migration's partition maker, which belong
to heitje_books. `ledger_post` takes money only from an account of whoever is asking: a tenant from its own budget, a
citizen from the own wallet, a shop from its own takings. The treasury (so minting and burning) is the operator's.

    kind            from      -> to
    mint            treasury  -> budget      funding received
    refund_funding  budget    -> treasury    unspent money goes back to the issuer
    reserve         budget    -> reserved    a chore is published
    release         reserved  -> budget      a promise ends unused
    reward          reserved  -> wallet      a claim is approved
    payment         wallet    -> shop
    refund          shop      -> wallet
    redeem          shop      -> redeeming   the shop cashes out
    return          redeeming -> shop        the bank sent it back
    burn            redeeming -> treasury    the bank paid it
    reissue         treasury  -> redeeming   the bank paid it and took it back: a return after the booking
"""

from alembic import op

revision = "0003"
down_revision = "0002"

TABLES = """
create table ledger_accounts (
  id bigint generated always as identity primary key,
  scheme_id uuid not null references schemes,
  kind text not null,
  tenant_id uuid references tenants,
  budget_line_id uuid,
  citizen_id uuid references citizens,
  shop_id uuid,
  balance_cents bigint not null default 0,
  floor_cents bigint not null default 0,
  last_seq bigint not null default 0,
  unique nulls not distinct (scheme_id, kind, tenant_id, budget_line_id, citizen_id, shop_id),
  -- The belt to the guard in ledger_post. It is the only check here and stays so: PostgreSQL reads every check
  -- afresh in every statement, and with those of owner and kind a transfer took a third longer. Who owns what is
  -- checked where accounts are opened, the only place that inserts them.
  check (balance_cents >= floor_cents)
) with (fillfactor = 70);
create index ledger_accounts_of_tenant on ledger_accounts (tenant_id) where tenant_id is not null;
create index ledger_accounts_of_citizen on ledger_accounts (citizen_id) where citizen_id is not null;
create index ledger_accounts_of_shop on ledger_accounts (shop_id) where shop_id is not null;

-- No foreign key to schemes here: its check would make every transfer of a scheme queue for a lock on one row. Both
-- accounts are of the scheme (ledger_post), and theirs have one.
create table ledger_transfers (
  id bigint generated always as identity primary key,
  scheme_id uuid not null,
  kind text not null,
  key text collate "C" not null,
  source_id bigint not null,
  target_id bigint not null,
  amount_cents bigint not null,
  at timestamptz not null,
  unique (scheme_id, key)
);

create table ledger_entries (
  account_id bigint not null,
  seq bigint not null,
  at timestamptz not null,
  transfer_id bigint not null,
  kind text not null,
  amount_cents bigint not null,
  balance_cents bigint not null,
  note text not null default '',
  primary key (account_id, seq, at)
) partition by range (at);

-- One line a transfer, until the bridge has taken it up.
create table ledger_outbox (
  transfer_id bigint primary key,
  scheme_id uuid not null
);
"""

RIGHTS = """
alter table ledger_accounts enable row level security;
alter table ledger_accounts force row level security;
alter table ledger_transfers enable row level security;
alter table ledger_transfers force row level security;
alter table ledger_entries enable row level security;
alter table ledger_entries force row level security;
alter table ledger_outbox enable row level security;
alter table ledger_outbox force row level security;

create policy own on ledger_accounts for select to heitje_app
  using (tenant_id = (select scope_tenant()) or citizen_id = (select scope_citizen())
         or shop_id = (select scope_shop()));
create policy own on ledger_entries for select to heitje_app
  using (account_id = any (array(select id from ledger_accounts)));
create policy operator_reads on ledger_accounts for select to heitje_operator using (true);
create policy operator_reads on ledger_transfers for select to heitje_operator using (true);
create policy operator_reads on ledger_entries for select to heitje_operator using (true);
create policy bridge_takes on ledger_outbox to heitje_operator using (true);
create policy books on ledger_accounts to heitje_books using (true) with check (true);
create policy books on ledger_transfers to heitje_books using (true) with check (true);
create policy books on ledger_entries to heitje_books using (true) with check (true);
create policy books on ledger_outbox to heitje_books using (true) with check (true);

grant select on ledger_accounts, ledger_entries to heitje_app;
grant select on ledger_accounts, ledger_transfers, ledger_entries to heitje_operator;
grant select, delete on ledger_outbox to heitje_operator;
grant select, insert on ledger_accounts to heitje_books;
grant update (balance_cents, last_seq) on ledger_accounts to heitje_books;
grant select, insert on ledger_transfers, ledger_entries to heitje_books;
grant insert on ledger_outbox to heitje_books;

-- Even the owner cannot rewrite history by accident: entries and journal only grow.
create function ledger_append_only() returns trigger language plpgsql as $$
begin
  raise exception 'the ledger is append-only' using errcode = 'HJ090';
end $$;
create trigger append_only before update or delete or truncate on ledger_transfers
  for each statement execute function ledger_append_only();
create trigger append_only before update or delete or truncate on ledger_entries
  for each statement execute function ledger_append_only();
create trigger append_only before update or delete or truncate on audit_events
  for each statement execute function ledger_append_only();
"""

PARTITIONS = """
create function ledger_make_partitions(from_month date, months integer) returns integer
language plpgsql as $$
declare
  first_day date := date_trunc('month', from_month);
  made integer := 0;
  name text;
begin
  for i in 0 .. months - 1 loop
    name := 'ledger_entries_' || to_char(first_day + make_interval(months => i), 'YYYYMM');
    if to_regclass(name) is null then
      execute format('create table %I partition of ledger_entries for values from (%L) to (%L)', name,
        (first_day + make_interval(months => i))::date || ' 00:00+00',
        (first_day + make_interval(months => i + 1))::date || ' 00:00+00');
      execute format('alter table %I enable row level security', name);
      execute format('alter table %I force row level security', name);
      execute format('create trigger append_only before update or delete or truncate on %I '
        'for each statement execute function ledger_append_only()', name);
      made := made + 1;
    end if;
  end loop;
  return made;
end $$;
revoke all on function ledger_make_partitions(date, integer) from public;
-- `heitje migrate` makes the tables of two years ahead. Months nobody prepared land here, so that no payment ever
-- fails for want of a table; the night watch warns long before.
create table ledger_entries_default partition of ledger_entries default;
alter table ledger_entries_default enable row level security;
alter table ledger_entries_default force row level security;
create trigger append_only before update or delete or truncate on ledger_entries_default
  for each statement execute function ledger_append_only();
"""

FUNCTIONS = """
create function ledger_route(p_kind text) returns text language sql immutable parallel safe as $$
  select case p_kind
    when 'mint' then 'treasury>budget' when 'refund_funding' then 'budget>treasury'
    when 'reserve' then 'budget>reserved' when 'release' then 'reserved>budget'
    when 'reward' then 'reserved>wallet' when 'payment' then 'wallet>shop' when 'refund' then 'shop>wallet'
    when 'redeem' then 'shop>redeeming' when 'return' then 'redeeming>shop' when 'burn' then 'redeeming>treasury'
    when 'reissue' then 'treasury>redeeming'
  end $$;

create function ledger_open_account(
  p_scheme uuid, p_kind text, p_tenant uuid default null, p_budget_line uuid default null,
  p_citizen uuid default null, p_shop uuid default null
) returns bigint
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  found_id bigint;
begin
  if session_user = 'heitje_app' and not (
    p_kind in ('budget', 'reserved') and p_tenant = scope_tenant()
    or p_kind = 'wallet' and p_citizen = scope_citizen()
    or p_kind = 'shop' and p_shop = scope_shop()
    or p_kind = 'redeeming' and scope_shop() is not null
  ) then
    raise exception 'not your account' using errcode = 'HJ003';
  end if;
  if not coalesce(case p_kind
      when 'budget' then num_nulls(p_tenant, p_budget_line) = 0 and num_nonnulls(p_citizen, p_shop) = 0
      when 'reserved' then num_nulls(p_tenant, p_budget_line) = 0 and num_nonnulls(p_citizen, p_shop) = 0
      when 'wallet' then p_citizen is not null and num_nonnulls(p_tenant, p_budget_line, p_shop) = 0
      when 'shop' then p_shop is not null and num_nonnulls(p_tenant, p_budget_line, p_citizen) = 0
      when 'treasury' then num_nonnulls(p_tenant, p_budget_line, p_citizen, p_shop) = 0
      when 'redeeming' then num_nonnulls(p_tenant, p_budget_line, p_citizen, p_shop) = 0 end, false) then
    raise exception 'no account has such an owner' using errcode = 'HJ004';
  end if;
  select id into found_id from ledger_accounts where scheme_id = p_scheme and kind = p_kind
    and tenant_id is not distinct from p_tenant and budget_line_id is not distinct from p_budget_line
    and citizen_id is not distinct from p_citizen and shop_id is not distinct from p_shop;
  if found_id is null then
    insert into ledger_accounts (scheme_id, kind, tenant_id, budget_line_id, citizen_id, shop_id, floor_cents)
    values (p_scheme, p_kind, p_tenant, p_budget_line, p_citizen, p_shop,
            case p_kind when 'treasury' then -9000000000000000 else 0 end)
    on conflict do nothing returning id into found_id;
    if found_id is null then
      select id into found_id from ledger_accounts where scheme_id = p_scheme and kind = p_kind
        and tenant_id is not distinct from p_tenant and budget_line_id is not distinct from p_budget_line
        and citizen_id is not distinct from p_citizen and shop_id is not distinct from p_shop;
    end if;
  end if;
  return found_id;
end $$;

-- Move p_amount cents. The same key again returns the first transfer (repeated = true) and moves nothing; the same
-- key for anything else is refused. Errors: HJ001 too little money, HJ002 key reused, HJ003 not yours or no such
-- account, HJ004 amount or route.
create function ledger_post(
  p_scheme uuid, p_kind text, p_key text, p_source bigint, p_target bigint, p_amount bigint,
  p_at timestamptz default now(), p_note text default '',
  out transfer_id bigint, out source_balance_cents bigint, out target_balance_cents bigint, out repeated boolean
)
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  earlier ledger_transfers;
  source_first boolean := p_kind in ('refund_funding', 'release', 'payment', 'redeem', 'burn');
  first_id bigint := case when source_first then p_source else p_target end;
  last_id bigint := case when source_first then p_target else p_source end;
  first_change bigint := case when source_first then -p_amount else p_amount end;
  first ledger_accounts;
  last ledger_accounts;
  source ledger_accounts;
  target ledger_accounts;
  spendable boolean := false;
  short boolean := false;
begin
  if p_amount is null or p_amount <= 0 or p_source = p_target or p_key is null or length(p_key) not between 3 and 200 then
    raise exception 'amount above zero, between two accounts, with a key' using errcode = 'HJ004';
  end if;
  insert into ledger_transfers (scheme_id, kind, key, source_id, target_id, amount_cents, at)
    values (p_scheme, p_kind, p_key, p_source, p_target, p_amount, p_at)
    on conflict (scheme_id, key) do nothing returning id into transfer_id;
  if transfer_id is null then
    select * into strict earlier from ledger_transfers t where t.scheme_id = p_scheme and t.key = p_key;
    if (earlier.kind, earlier.source_id, earlier.target_id, earlier.amount_cents)
       is distinct from (p_kind, p_source, p_target, p_amount) then
      raise exception 'this key was used for another transfer' using errcode = 'HJ002';
    end if;
    transfer_id := earlier.id;
    repeated := true;
    return;
  end if;
  repeated := false;
  insert into ledger_outbox (transfer_id, scheme_id) values (transfer_id, p_scheme);

  -- Always in the order wallet, shop, reserved, budget, redeeming, treasury: two transfers then never wait for each
  -- other, and the account most people share is held the shortest. The queue for a budget is an advisory lock: whoever
  -- waits on the row itself wakes up twice and plans its update anew.
  update ledger_accounts a set balance_cents = a.balance_cents + first_change, last_seq = a.last_seq + 1
    where a.id = first_id and a.scheme_id = p_scheme and a.balance_cents + first_change >= a.floor_cents
    returning * into first;
  if first.id is not null then
    insert into ledger_entries (account_id, seq, at, transfer_id, kind, amount_cents, balance_cents, note)
      values (first_id, first.last_seq, p_at, transfer_id, p_kind, first_change, first.balance_cents, p_note);
    if p_kind not in ('payment', 'refund') then
      perform pg_advisory_xact_lock(-last_id);
    end if;
    update ledger_accounts a set balance_cents = a.balance_cents - first_change, last_seq = a.last_seq + 1
      where a.id = last_id and a.scheme_id = p_scheme and a.balance_cents - first_change >= a.floor_cents
      returning * into last;
  end if;
  if source_first then
    source := first;
    target := last;
  else
    source := last;
    target := first;
  end if;
  if source.id is null then
    select * into source from ledger_accounts a where a.id = p_source and a.scheme_id = p_scheme;
    short := coalesce(source.balance_cents - p_amount < source.floor_cents, false);
  end if;
  -- Whose it is comes before what is in it, so that a refusal tells nobody another's balance. The scope is compared
  -- as text (it is written as uuid::text): calling the policies' functions here would cost as much as the transfer.
  if session_user = 'heitje_app' then
    spendable := coalesce(case source.kind
      when 'wallet' then source.citizen_id::text = current_setting('heitje.citizen_id', true)
      when 'shop' then source.shop_id::text = current_setting('heitje.shop_id', true)
      else source.tenant_id::text = current_setting('heitje.tenant_id', true) end, false);
  elsif session_user = 'heitje_operator' then
    spendable := coalesce(source.kind in ('treasury', 'redeeming', 'budget'), false);
  end if;
  if not spendable or (target.id is null and not short) then
    raise exception 'no such account of yours' using errcode = 'HJ003';
  end if;
  if short then
    raise exception 'too little money' using errcode = 'HJ001',
      detail = json_build_object('balance_cents', source.balance_cents, 'amount_cents', p_amount);
  end if;
  if ledger_route(p_kind) is distinct from source.kind || '>' || target.kind
     or p_kind in ('reserve', 'release') and source.budget_line_id <> target.budget_line_id then
    raise exception 'no transfer of this kind goes this way' using errcode = 'HJ004';
  end if;

  insert into ledger_entries (account_id, seq, at, transfer_id, kind, amount_cents, balance_cents, note)
    values (last_id, last.last_seq, p_at, transfer_id, p_kind, -first_change, last.balance_cents, p_note);
  source_balance_cents := source.balance_cents;
  target_balance_cents := target.balance_cents;
end $$;

revoke all on function ledger_open_account(uuid, text, uuid, uuid, uuid, uuid),
  ledger_post(uuid, text, text, bigint, bigint, bigint, timestamptz, text) from public;
grant execute on function ledger_open_account(uuid, text, uuid, uuid, uuid, uuid),
  ledger_post(uuid, text, text, bigint, bigint, bigint, timestamptz, text) to heitje_app, heitje_operator;
-- Last, since only the owner of a function says who may call it.
alter function ledger_open_account(uuid, text, uuid, uuid, uuid, uuid) owner to heitje_books;
alter function ledger_post(uuid, text, text, bigint, bigint, bigint, timestamptz, text) owner to heitje_books;
"""


def upgrade() -> None:
    """Create the ledger."""
    op.execute(TABLES)
    op.execute(RIGHTS)
    op.execute(PARTITIONS)
    op.execute(FUNCTIONS)
