# SPDX-License-Identifier: EUPL-1.2
"""Shops with tills and payments; redemptions, payout batches and what the bank says of them."""

from alembic import op

revision = "0007"
down_revision = "0006"

SHOPS = """
-- The public face of a shop; where its money goes stands in shop_details.
create table shops (
  id uuid primary key default gen_random_uuid(),
  scheme_id uuid not null references schemes,
  name text not null check (length(name) between 2 and 80),
  category text not null check (category in ('retail', 'hospitality', 'culture', 'services', 'food', 'sport')),
  description text not null default '',
  opening_hours text not null default '',
  address text not null,
  centre text not null default '',
  neighbourhood_code text not null references neighbourhoods,
  lat double precision not null,
  lon double precision not null,
  state text not null default 'applied' check (state in ('applied', 'active', 'suspended', 'closed')),
  account_id bigint references ledger_accounts,
  created_at timestamptz not null default now()
);
create index shops_active on shops (scheme_id, name, id) where state = 'active';
create table shop_details (
  shop_id uuid primary key references shops,
  iban text not null check (iban ~ '^[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}$'),
  account_name text not null check (length(account_name) between 2 and 70),
  kvk_number text not null default '',
  vat_number text not null default '',
  contract_signed_on date,
  iban_checked_at timestamptz,
  iban_changed_at timestamptz not null default now()
);
create table shop_staff (
  shop_id uuid not null references shops,
  id uuid not null default gen_random_uuid(),
  email text not null check (email = lower(email)),
  name text not null,
  role text not null check (role in ('owner', 'till')),
  state text not null default 'active' check (state in ('active', 'blocked')),
  primary key (shop_id, id),
  unique (shop_id, email)
);
create index shop_staff_by_email on shop_staff (email);

alter table shops enable row level security;
alter table shops force row level security;
alter table shop_details enable row level security;
alter table shop_details force row level security;
alter table shop_staff enable row level security;
alter table shop_staff force row level security;
create policy everyone_reads on shops for select to heitje_app
  using (state in ('active', 'suspended', 'closed') or id = (select scope_shop()));
create policy shop_changes on shops for update to heitje_app using (id = (select scope_shop()));
create policy operator_all on shops to heitje_operator using (true) with check (true);
grant select on shops to heitje_app;
grant update (name, description, opening_hours) on shops to heitje_app;
grant select, insert, update on shops to heitje_operator;
create policy shop_own on shop_details to heitje_app using (shop_id = (select scope_shop()));
create policy operator_all on shop_details to heitje_operator using (true) with check (true);
grant select on shop_details to heitje_app;
-- Not iban_checked_at: a shop cannot say of itself that its account was checked.
grant update (iban, account_name, iban_changed_at) on shop_details to heitje_app;
grant select, insert, update on shop_details to heitje_operator;
create policy shop_own on shop_staff to heitje_app using (shop_id = (select scope_shop()));
create policy knows_address on shop_staff for select to heitje_app using ('email:' || email = (select scope_knows()));
create policy operator_all on shop_staff to heitje_operator using (true) with check (true);
grant select, insert, update on shop_staff to heitje_app;
grant select, insert, update on shop_staff to heitje_operator;
alter table ledger_accounts add foreign key (shop_id) references shops;
alter table messages add foreign key (shop_id) references shops;
"""

PAYMENTS = """
create table payments (
  id uuid primary key default gen_random_uuid(),
  shop_id uuid not null references shops,
  scheme_id uuid not null references schemes,
  amount_cents bigint not null check (amount_cents between 1 and 100000),
  code text not null check (code ~ '^[0-9]{6}$'),
  nonce text not null unique,
  state text not null default 'requested' check (state in
    ('requested', 'completed', 'cancelled', 'expired', 'voided', 'refunded')),
  shop_name text not null,
  shop_account_id bigint not null references ledger_accounts,
  requested_by uuid,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  completed_at timestamptz,
  citizen_id uuid references citizens,
  wallet_account_id bigint references ledger_accounts,
  refunded_cents bigint not null default 0 check (refunded_cents between 0 and amount_cents),
  transfer_id bigint,
  check ((state in ('requested', 'cancelled', 'expired')) = (citizen_id is null))
);
-- A short code is unique among the requests that wait.
create unique index payments_code_waiting on payments (scheme_id, code) where state = 'requested';
create index payments_of_shop on payments (shop_id, created_at, id);
create index payments_of_citizen on payments (citizen_id, completed_at, id) where citizen_id is not null;
create index payments_waiting on payments (expires_at) where state = 'requested';
alter table payments enable row level security;
alter table payments force row level security;
create policy shop_own on payments to heitje_app using (shop_id = (select scope_shop()));
create policy payer_reads on payments for select to heitje_app using (citizen_id = (select scope_citizen()));
-- A request is seen by who was shown its code or QR, and no other.
create policy shown_request on payments for select to heitje_app using (
  (select scope_citizen()) is not null and citizen_id is null
  and (select scope_knows()) in ('payment:' || nonce, 'payment-code:' || code));
create policy payer_pays on payments for update to heitje_app
  using ((select scope_citizen()) is not null and citizen_id is null and state = 'requested'
         and (select scope_knows()) in ('payment:' || nonce, 'payment-code:' || code))
  with check (citizen_id = (select scope_citizen()) and state = 'completed');
create policy operator_times on payments for select to heitje_operator using (true);
create policy operator_expires on payments for update to heitje_operator
  using (state = 'requested') with check (state = 'expired');
grant select, insert on payments to heitje_app;
grant update (state, completed_at, citizen_id, wallet_account_id, transfer_id, refunded_cents) on payments to heitje_app;
grant select (id, shop_id, scheme_id, amount_cents, refunded_cents, state, created_at, completed_at, expires_at)
  on payments to heitje_operator;
grant update (state) on payments to heitje_operator;
-- A paid request is out of sight for all but shop and payer; who holds its nonce still learns that it is over.
create policy books_read on payments for select to heitje_books using (true);
grant select (nonce, state) on payments to heitje_books;
create function payment_state(p_nonce text) returns text
language sql stable security definer set search_path = public, pg_temp as $$
  select state from payments where nonce = p_nonce $$;
revoke all on function payment_state(text) from public;
grant execute on function payment_state(text) to heitje_app;

create table payment_refunds (
  shop_id uuid not null references shops,
  id uuid not null default gen_random_uuid(),
  payment_id uuid not null references payments,
  amount_cents bigint not null check (amount_cents > 0),
  transfer_id bigint not null unique,
  key text not null,
  at timestamptz not null default now(),
  primary key (shop_id, id),
  unique (shop_id, key)
);
create index payment_refunds_of_payment on payment_refunds (payment_id);
alter table payment_refunds enable row level security;
alter table payment_refunds force row level security;
create policy shop_own on payment_refunds to heitje_app using (shop_id = (select scope_shop()));
grant select, insert on payment_refunds to heitje_app;
-- Last, since only the owner of a function says who may call it.
alter function payment_state(text) owner to heitje_books;
"""

PAYOUTS = """
create table payout_batches (
  id uuid primary key default gen_random_uuid(),
  scheme_id uuid not null references schemes,
  msg_id text not null unique check (length(msg_id) <= 35),
  state text not null default 'batched' check (state in ('batched', 'sent', 'settled', 'withdrawn')),
  total_cents bigint not null check (total_cents > 0),
  orders integer not null check (orders > 0),
  file bytea not null,
  file_sha256 text not null unique,
  made_by uuid not null references operators,
  released_by uuid references operators,
  created_at timestamptz not null default now(),
  released_at timestamptz,
  -- Money leaves by the hands of two people.
  check (released_by is null or released_by <> made_by),
  check ((state in ('batched', 'withdrawn')) = (released_by is null))
);
create table redemptions (
  id uuid primary key default gen_random_uuid(),
  shop_id uuid not null references shops,
  scheme_id uuid not null references schemes,
  amount_cents bigint not null check (amount_cents > 0),
  state text not null default 'requested' check (state in
    ('requested', 'held', 'batched', 'sent', 'paid', 'returned')),
  iban text not null,
  account_name text not null,
  end_to_end_id text not null unique check (length(end_to_end_id) <= 35),
  key text not null,
  batch_id uuid references payout_batches,
  hold_reason text not null default '',
  created_at timestamptz not null default now(),
  paid_at timestamptz,
  returned_at timestamptz,
  return_reason text not null default '',
  unique (shop_id, key)
);
create index redemptions_of_shop on redemptions (shop_id, created_at, id);
create index redemptions_waiting on redemptions (scheme_id, created_at) where state = 'requested';
create index redemptions_of_batch on redemptions (batch_id);
create table bank_bookings (
  iban text not null,
  servicer_reference text not null,
  amount_cents bigint not null,
  booked_on date not null,
  end_to_end_id text not null default '',
  msg_id text not null default '',
  remittance text not null default '',
  return_reason text not null default '',
  outcome text not null check (outcome in ('paid', 'returned', 'unmatched', 'mismatch', 'funding')),
  explanation text not null default '',
  read_at timestamptz not null default now(),
  primary key (iban, servicer_reference)
);
alter table payout_batches enable row level security;
alter table payout_batches force row level security;
alter table redemptions enable row level security;
alter table redemptions force row level security;
alter table bank_bookings enable row level security;
alter table bank_bookings force row level security;
create policy operator_all on payout_batches to heitje_operator using (true) with check (true);
create policy operator_all on redemptions to heitje_operator using (true) with check (true);
create policy operator_all on bank_bookings to heitje_operator using (true) with check (true);
create policy shop_own on redemptions for select to heitje_app using (shop_id = (select scope_shop()));
create policy shop_asks on redemptions for insert to heitje_app
  with check (shop_id = (select scope_shop()) and state = 'requested' and batch_id is null);
grant select, insert on payout_batches to heitje_operator;
grant update (state, released_by, released_at) on payout_batches to heitje_operator;
grant select, insert on redemptions to heitje_app;
grant select, update on redemptions to heitje_operator;
grant select, insert on bank_bookings to heitje_operator;
"""


def upgrade() -> None:
    """Create shops and payouts."""
    op.execute(SHOPS)
    op.execute(PAYMENTS)
    op.execute(PAYOUTS)
