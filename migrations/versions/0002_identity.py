# SPDX-License-Identifier: EUPL-1.2
"""Who there is: tenants with departments, members and identity providers; citizens; operators; sessions; messages."""

from alembic import op

revision = "0002"
down_revision = "0001"

TENANTS = """
-- The public face of an organisation; what only itself may know stands in tenant_details.
create table tenants (
  id uuid primary key default gen_random_uuid(),
  slug text not null unique check (slug ~ '^[a-z][a-z0-9-]{1,38}[a-z0-9]$'),
  name text not null check (length(name) between 2 and 120),
  kind text not null check (kind in ('municipality', 'housing', 'care', 'other')),
  state text not null default 'sandbox' check (state in
    ('applied', 'sandbox', 'verifying', 'live', 'restricted', 'suspended', 'winding_down', 'closed')),
  brand_colour text not null default '#7b1e5b' check (brand_colour ~ '^#[0-9a-f]{6}$'),
  created_at timestamptz not null default now(),
  version integer not null default 1
);
alter table tenants enable row level security;
alter table tenants force row level security;
create policy public_reads_names on tenants for select to heitje_app
  using (state not in ('applied', 'sandbox', 'verifying') or id = (select scope_tenant())
         or 'tenant-slug:' || slug = (select scope_knows()));
create policy tenant_changes on tenants for update to heitje_app using (id = (select scope_tenant()));
create policy applicant_opens on tenants for insert to heitje_app
  with check (id = (select scope_tenant()) and state = 'sandbox');
create policy operator_all on tenants to heitje_operator using (true) with check (true);
grant select, insert on tenants to heitje_app;
-- Its state is not in this list: only operators move a tenant, but for the request to go live below.
grant update (name, brand_colour, version) on tenants to heitje_app;
grant select, insert, update on tenants to heitje_operator;
create policy books_read on tenants for select to heitje_books using (true);
create policy books_verify on tenants for update to heitje_books using (true) with check (state = 'verifying');
grant select on tenants to heitje_books;
grant update (state) on tenants to heitje_books;

create function tenant_request_go_live() returns boolean
language sql security definer set search_path = public, pg_temp as $$
  with moved as (
    update tenants set state = 'verifying' where id = (select scope_tenant()) and state = 'sandbox' returning 1)
  select exists (select from moved) $$;
revoke all on function tenant_request_go_live() from public;
grant execute on function tenant_request_go_live() to heitje_app;

create table tenant_details (
  tenant_id uuid primary key references tenants,
  scheme_id uuid not null references schemes,
  kvk_number text not null check (kvk_number ~ '^[0-9]{8}$'),
  billing_email text not null default '',
  billing_reference text not null default '',
  privacy_contact text not null default '',
  address text not null default '',
  stripe_customer_id text,
  agreement_version text,
  agreement_accepted_at timestamptz,
  agreement_accepted_by uuid,
  non_displacement_policy text not null default '' check (length(non_displacement_policy) <= 4000),
  kvk_confirmed boolean not null default false,
  unique (tenant_id, kvk_number)
);
-- Once operators have admitted an organisation, its chamber-of-commerce number is taken in the scheme. Until then two
-- may say the same, so that signing up tells nobody who else is there (T6), and nobody can occupy another's number.
create unique index tenant_details_kvk on tenant_details (scheme_id, kvk_number) where kvk_confirmed;
alter table tenant_details enable row level security;
alter table tenant_details force row level security;
create policy tenant_own on tenant_details to heitje_app using (tenant_id = (select scope_tenant()));
create policy confirmed_by_operators on tenant_details as restrictive for insert to heitje_app
  with check (not kvk_confirmed);
create policy operator_all on tenant_details to heitje_operator using (true) with check (true);
grant select, insert on tenant_details to heitje_app;
grant update (billing_email, billing_reference, privacy_contact, address, stripe_customer_id, agreement_version,
  agreement_accepted_at, agreement_accepted_by, non_displacement_policy) on tenant_details to heitje_app;
grant select, update on tenant_details to heitje_operator;

create table tenant_admissions (
  tenant_id uuid not null references tenants,
  operator_id uuid not null,
  decision text not null check (decision in ('admit', 'refuse')),
  reason text not null default '',
  at timestamptz not null default now(),
  primary key (tenant_id, operator_id, at)
);
alter table tenant_admissions enable row level security;
alter table tenant_admissions force row level security;
create policy tenant_reads on tenant_admissions for select to heitje_app using (tenant_id = (select scope_tenant()));
create policy operator_all on tenant_admissions to heitje_operator using (true) with check (true);
grant select on tenant_admissions to heitje_app;
grant select, insert on tenant_admissions to heitje_operator;

create table departments (
  tenant_id uuid not null references tenants,
  id uuid not null default gen_random_uuid(),
  name text not null check (length(name) between 2 and 80),
  created_at timestamptz not null default now(),
  primary key (tenant_id, id),
  unique (tenant_id, name)
);
alter table departments enable row level security;
alter table departments force row level security;
create policy tenant_own on departments to heitje_app using (tenant_id = (select scope_tenant()));
grant select, insert, update on departments to heitje_app;

-- Every tenant brings its own OpenID provider; identity is (provider row, subject), never the issuer's name alone.
create table identity_providers (
  tenant_id uuid not null references tenants,
  id uuid not null default gen_random_uuid(),
  name text not null,
  issuer text not null,
  client_id text not null,
  client_secret text not null default '',
  scopes text not null default 'openid profile email',
  enabled boolean not null default true,
  version integer not null default 1,
  primary key (tenant_id, id)
);
alter table identity_providers enable row level security;
alter table identity_providers force row level security;
create policy tenant_own on identity_providers to heitje_app using (tenant_id = (select scope_tenant()));
grant select, insert, update on identity_providers to heitje_app;

create table members (
  tenant_id uuid not null references tenants,
  id uuid not null default gen_random_uuid(),
  provider_id uuid,
  subject text,
  email text not null check (email = lower(email) and length(email) <= 254),
  name text not null,
  state text not null default 'invited' check (state in ('invited', 'active', 'blocked')),
  language text not null default 'nl' check (language in ('nl', 'en')),
  created_at timestamptz not null default now(),
  primary key (tenant_id, id),
  unique (tenant_id, email),
  unique (tenant_id, provider_id, subject),
  foreign key (tenant_id, provider_id) references identity_providers (tenant_id, id)
);
alter table members enable row level security;
alter table members force row level security;
create policy tenant_own on members to heitje_app using (tenant_id = (select scope_tenant()));
grant select, insert, update on members to heitje_app;

-- A role without a department holds for the whole organisation.
create table member_roles (
  tenant_id uuid not null references tenants,
  id uuid not null default gen_random_uuid(),
  member_id uuid not null,
  department_id uuid,
  role text not null check (role in
    ('owner', 'finance', 'editor', 'approver', 'field_worker', 'staff_representative')),
  primary key (tenant_id, id),
  unique nulls not distinct (tenant_id, member_id, role, department_id),
  foreign key (tenant_id, member_id) references members (tenant_id, id),
  foreign key (tenant_id, department_id) references departments (tenant_id, id)
);
alter table member_roles enable row level security;
alter table member_roles force row level security;
create policy tenant_own on member_roles to heitje_app using (tenant_id = (select scope_tenant()));
grant select, insert, delete on member_roles to heitje_app;
-- Last, since only the owner of a function says who may call it.
alter function tenant_request_go_live() owner to heitje_books;
"""

CITIZENS = """
create table citizens (
  id uuid primary key default gen_random_uuid(),
  email text unique check (email = lower(email) and length(email) <= 254),
  name text not null default '' check (length(name) <= 80),
  neighbourhood_code text references neighbourhoods,
  birth_year smallint check (birth_year between 1900 and 2100),
  language text not null default 'nl' check (language in ('nl', 'en')),
  state text not null default 'active' check (state in ('active', 'blocked', 'erased')),
  created_at timestamptz not null default now()
);
alter table citizens enable row level security;
alter table citizens force row level security;
create policy own on citizens to heitje_app
  using (id = (select scope_citizen()) or 'email:' || email = (select scope_knows()))
  with check (id = (select scope_citizen()) or 'email:' || email = (select scope_knows()));
grant select, insert, update on citizens to heitje_app;

create table sign_in_codes (
  id uuid primary key default gen_random_uuid(),
  email text not null check (email = lower(email) and length(email) <= 254),
  purpose text not null check (purpose in ('citizen', 'till')),
  code_sha256 bytea not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  attempts smallint not null default 0,
  used_at timestamptz
);
create index sign_in_codes_by_email on sign_in_codes (email, created_at);
alter table sign_in_codes enable row level security;
alter table sign_in_codes force row level security;
create policy knows_address on sign_in_codes to heitje_app
  using ('email:' || email = (select scope_knows())) with check ('email:' || email = (select scope_knows()));
create policy operator_clears on sign_in_codes to heitje_operator using (true);
grant select, insert, update on sign_in_codes to heitje_app;
grant select (id, expires_at), delete on sign_in_codes to heitje_operator;

create table sessions (
  token_sha256 text primary key,
  created_at timestamptz not null default now(),
  seen_at timestamptz not null default now(),
  expires_at timestamptz not null,
  content jsonb not null default '{}',
  tenant_id uuid,
  member_id uuid,
  citizen_id uuid,
  shop_id uuid,
  operator_id uuid
);
create index sessions_by_member on sessions (tenant_id, member_id) where member_id is not null;
create index sessions_by_expiry on sessions (expires_at);
alter table sessions enable row level security;
alter table sessions force row level security;
create policy bearer on sessions to heitje_app
  using ('session:' || token_sha256 = (select scope_knows())) with check ('session:' || token_sha256 = (select scope_knows()));
-- Whoever a session belongs to may end it. A DELETE that names rows must also be let see them.
create policy owner_sees on sessions for select to heitje_app using (
  tenant_id = (select scope_tenant()) or citizen_id = (select scope_citizen()) or shop_id = (select scope_shop()));
create policy owner_ends on sessions for delete to heitje_app using (
  tenant_id = (select scope_tenant()) or citizen_id = (select scope_citizen()) or shop_id = (select scope_shop()));
create policy operator_ends on sessions to heitje_operator using (true);
grant select, insert, update, delete on sessions to heitje_app;
grant select (token_sha256, expires_at, tenant_id), delete on sessions to heitje_operator;
"""

OPERATORS = """
create table operators (
  id uuid primary key default gen_random_uuid(),
  name text not null,
  email text not null unique,
  token_sha256 bytea not null unique,
  state text not null default 'active' check (state in ('active', 'blocked')),
  created_at timestamptz not null default now(),
  token_expires_at timestamptz not null
);
alter table operators enable row level security;
alter table operators force row level security;
create policy operator_all on operators to heitje_operator using (true) with check (true);
grant select, insert, update on operators to heitje_operator;
"""

MESSAGES = """
-- What we tell somebody: shown in the app or portal, and sent by mail. The facts hold no more than the text needs.
create table messages (
  id uuid primary key default gen_random_uuid(),
  from_tenant_id uuid,
  citizen_id uuid,
  to_tenant_id uuid,
  member_id uuid,
  shop_id uuid,
  kind text not null,
  facts jsonb not null default '{}',
  language text not null default 'nl',
  created_at timestamptz not null default now(),
  read_at timestamptz,
  sent_at timestamptz,
  check (num_nonnulls(citizen_id, member_id, shop_id) = 1),
  check ((member_id is null) = (to_tenant_id is null)),
  foreign key (citizen_id) references citizens,
  foreign key (to_tenant_id, member_id) references members (tenant_id, id)
);
create index messages_to_citizen on messages (citizen_id, created_at) where citizen_id is not null;
create index messages_to_member on messages (to_tenant_id, member_id, created_at) where member_id is not null;
alter table messages enable row level security;
alter table messages force row level security;
create policy addressee on messages to heitje_app
  using (citizen_id = (select scope_citizen()) or to_tenant_id = (select scope_tenant())
         or shop_id = (select scope_shop()))
  with check (citizen_id = (select scope_citizen()) or to_tenant_id = (select scope_tenant())
         or shop_id = (select scope_shop()));
create policy tenant_tells on messages for insert to heitje_app
  with check (from_tenant_id = (select scope_tenant()));
create policy operator_sends on messages to heitje_operator using (true) with check (true);
grant select, insert on messages to heitje_app;
grant update (read_at, sent_at) on messages to heitje_app;
grant insert on messages to heitje_operator;
"""


def upgrade() -> None:
    """Create the people's tables."""
    op.execute(TENANTS)
    op.execute(CITIZENS)
    op.execute(OPERATORS)
    op.execute(MESSAGES)
