# SPDX-License-Identifier: EUPL-1.2
"""Chores, their slots and kits; claims of citizens on slots, with evidence and decisions."""

from alembic import op

revision = "0006"
down_revision = "0005"

CHORES = """
create table pickup_points (
  tenant_id uuid not null references tenants,
  id uuid not null default gen_random_uuid(),
  name text not null,
  address text not null,
  opening_hours text not null,
  lat double precision not null,
  lon double precision not null,
  primary key (tenant_id, id),
  unique (tenant_id, name)
);
create table kits (
  tenant_id uuid not null references tenants,
  id uuid not null default gen_random_uuid(),
  pickup_point_id uuid not null,
  name text not null,
  contents text not null,
  instructions text not null,
  primary key (tenant_id, id),
  unique (tenant_id, name),
  foreign key (tenant_id, pickup_point_id) references pickup_points (tenant_id, id)
);

create table chores (
  tenant_id uuid not null references tenants,
  id uuid not null default gen_random_uuid(),
  scheme_id uuid not null references schemes,
  department_id uuid not null,
  budget_line_id uuid not null,
  title text not null check (length(title) between 3 and 80),
  description text not null check (length(description) between 10 and 4000),
  good_result text not null check (length(good_result) <= 1000),
  why text not null default '' check (length(why) <= 1000),
  safety_note text not null default '' check (length(safety_note) <= 1000),
  category_code text not null references categories,
  neighbourhood_code text not null references neighbourhoods,
  place_name text not null check (length(place_name) between 2 and 120),
  address text not null default '',
  lat double precision not null check (lat between -90 and 90),
  lon double precision not null check (lon between -180 and 180),
  duration_minutes smallint not null check (duration_minutes between 5 and 480),
  reward_cents bigint not null check (reward_cents between 0 and 15000),
  slots_count smallint not null check (slots_count between 1 and 100),
  slots_free smallint not null default 0 check (slots_free between 0 and slots_count),
  starts_at timestamptz,
  closes_at timestamptz not null,
  evidence text[] not null check (evidence <@ array['photo', 'hours', 'code', 'remark'] ),
  min_age smallint not null default 16 check (min_age between 0 and 99),
  skill text not null default 'none' check (skill in ('none', 'some', 'skilled')),
  indoors boolean not null default false,
  together boolean not null default false,
  kit_id uuid,
  place_owner text not null default '',
  state text not null default 'draft' check (state in
    ('draft', 'open', 'on_hold', 'closing', 'completed', 'cancelled', 'expired')),
  version integer not null default 1,
  created_by uuid not null,
  created_at timestamptz not null default now(),
  published_at timestamptz,
  primary key (tenant_id, id),
  foreign key (tenant_id, department_id) references departments (tenant_id, id),
  foreign key (tenant_id, budget_line_id) references budget_lines (tenant_id, id),
  foreign key (tenant_id, kit_id) references kits (tenant_id, id),
  foreign key (tenant_id, created_by) references members (tenant_id, id),
  check (starts_at is null or closes_at >= starts_at)
);
create index chores_of_tenant on chores (tenant_id, state, created_at, id);
create index chores_open on chores (scheme_id, published_at, id) where state = 'open';

-- Signed statement that no staff hours are replaced and the work would otherwise not be done (R43, R44). Never edited.
create table attestations (
  tenant_id uuid not null references tenants,
  chore_id uuid not null,
  member_id uuid not null,
  wording text not null,
  at timestamptz not null default now(),
  primary key (tenant_id, chore_id),
  foreign key (tenant_id, chore_id) references chores (tenant_id, id),
  foreign key (tenant_id, member_id) references members (tenant_id, id)
);

create table slots (
  tenant_id uuid not null references tenants,
  id uuid not null default gen_random_uuid(),
  chore_id uuid not null,
  number smallint not null,
  state text not null default 'free' check (state in ('free', 'taken', 'done', 'cancelled')),
  primary key (tenant_id, id),
  unique (tenant_id, chore_id, number),
  foreign key (tenant_id, chore_id) references chores (tenant_id, id)
);
alter table reservations add foreign key (tenant_id, chore_id) references chores (tenant_id, id);
alter table reservations add foreign key (tenant_id, slot_id) references slots (tenant_id, id);
"""

CLAIMS = """
create table claims (
  tenant_id uuid not null references tenants,
  id uuid not null default gen_random_uuid(),
  chore_id uuid not null,
  slot_id uuid not null,
  citizen_id uuid not null references citizens,
  citizen_name text not null,
  wallet_account_id bigint not null references ledger_accounts,
  reward_cents bigint not null check (reward_cents >= 0),
  state text not null default 'held' check (state in ('held', 'in_progress', 'submitted', 'needs_more', 'approved',
    'rewarded', 'rejected', 'withdrawn', 'expired', 'no_show')),
  start_by timestamptz not null,
  rounds smallint not null default 0,
  created_at timestamptz not null default now(),
  submitted_at timestamptz,
  decided_at timestamptz,
  version integer not null default 1,
  primary key (tenant_id, id),
  foreign key (tenant_id, chore_id) references chores (tenant_id, id),
  foreign key (tenant_id, slot_id) references slots (tenant_id, id)
);
-- One active or rewarded claim a slot; one a citizen and chore.
create unique index claims_one_a_slot on claims (tenant_id, slot_id)
  where state not in ('rejected', 'withdrawn', 'expired', 'no_show');
create unique index claims_one_a_citizen on claims (tenant_id, chore_id, citizen_id)
  where state not in ('rejected', 'withdrawn', 'expired', 'no_show');
create index claims_waiting on claims (tenant_id, submitted_at, id) where state = 'submitted';
create index claims_of_citizen on claims (citizen_id, created_at, id);
create index claims_due on claims (start_by) where state = 'held';

create table evidence (
  tenant_id uuid not null references tenants,
  id uuid not null default gen_random_uuid(),
  claim_id uuid not null,
  round smallint not null,
  position smallint not null default 0,
  kind text not null check (kind in ('photo', 'hours', 'remark', 'code')),
  minutes smallint check (minutes between 1 and 1440),
  remark text check (length(remark) <= 2000),
  file_key text,
  media_type text,
  created_at timestamptz not null default now(),
  primary key (tenant_id, id),
  foreign key (tenant_id, claim_id) references claims (tenant_id, id)
);
create index evidence_of_claim on evidence (tenant_id, claim_id, created_at, position);
create index evidence_by_file on evidence (file_key) where file_key is not null;

create table claim_decisions (
  tenant_id uuid not null references tenants,
  id uuid not null default gen_random_uuid(),
  claim_id uuid not null,
  round smallint not null,
  decision text not null check (decision in ('approve', 'reject', 'ask_more')),
  reason_code text not null default '',
  reason text not null default '' check (length(reason) <= 1000),
  quality smallint check (quality between 1 and 5),
  member_id uuid not null,
  at timestamptz not null default now(),
  primary key (tenant_id, id),
  unique (tenant_id, claim_id, round),
  foreign key (tenant_id, claim_id) references claims (tenant_id, id),
  foreign key (tenant_id, member_id) references members (tenant_id, id)
);
"""

RIGHTS = """
alter table pickup_points enable row level security;
alter table pickup_points force row level security;
alter table kits enable row level security;
alter table kits force row level security;
alter table chores enable row level security;
alter table chores force row level security;
alter table attestations enable row level security;
alter table attestations force row level security;
alter table slots enable row level security;
alter table slots force row level security;
alter table claims enable row level security;
alter table claims force row level security;
alter table evidence enable row level security;
alter table evidence force row level security;
alter table claim_decisions enable row level security;
alter table claim_decisions force row level security;

create policy tenant_own on pickup_points to heitje_app using (tenant_id = (select scope_tenant()));
create policy tenant_own on kits to heitje_app using (tenant_id = (select scope_tenant()));
create policy tenant_own on chores to heitje_app using (tenant_id = (select scope_tenant()));
create policy tenant_own on attestations to heitje_app using (tenant_id = (select scope_tenant()));
create policy tenant_own on slots to heitje_app using (tenant_id = (select scope_tenant()));
create policy tenant_own on claims to heitje_app using (tenant_id = (select scope_tenant()));
create policy tenant_own on evidence to heitje_app using (tenant_id = (select scope_tenant()));
create policy tenant_own on claim_decisions to heitje_app using (tenant_id = (select scope_tenant()));

-- Outside a tenant's own scope (citizens, visitors), what was published is there to be read by all.
create policy published on chores for select to heitje_app
  using (published_at is not null and (select scope_tenant()) is null);
create policy published on slots for select to heitje_app using (
  (select scope_tenant()) is null
  and exists (select from chores c where c.tenant_id = slots.tenant_id and c.id = slots.chore_id));
create policy published on kits for select to heitje_app using (
  (select scope_tenant()) is null
  and exists (select from chores c where c.tenant_id = kits.tenant_id and c.kit_id = kits.id));
create policy published on pickup_points for select to heitje_app using (
  (select scope_tenant()) is null
  and exists (select from kits k where k.tenant_id = pickup_points.tenant_id and k.pickup_point_id = pickup_points.id));

create policy claimant on claims to heitje_app using (citizen_id = (select scope_citizen()));
create policy claimant on evidence to heitje_app using (
  (select scope_citizen()) is not null
  and exists (select from claims c where c.tenant_id = evidence.tenant_id and c.id = evidence.claim_id
              and c.citizen_id = (select scope_citizen())));
create policy claimant on claim_decisions for select to heitje_app using (
  (select scope_citizen()) is not null
  and exists (select from claims c where c.tenant_id = claim_decisions.tenant_id and c.id = claim_decisions.claim_id
              and c.citizen_id = (select scope_citizen())));

grant select, insert, update on pickup_points, kits, chores to heitje_app;
grant select, insert on attestations, evidence to heitje_app;
grant select, insert on slots to heitje_app;
grant update (state) on slots to heitje_app;
grant select, insert on claims to heitje_app;
grant update (state, start_by, rounds, submitted_at, decided_at, version) on claims to heitje_app;
grant select, insert on claim_decisions to heitje_app;
grant update (file_key) on evidence to heitje_app;

-- Timers and figures: what is due and how much, never who.
create policy operator_times on claims for select to heitje_operator using (true);
create policy operator_times on chores for select to heitje_operator using (true);
grant select (tenant_id, id, chore_id, state, start_by, submitted_at, decided_at, created_at, reward_cents) on claims
  to heitje_operator;
grant select (tenant_id, id, scheme_id, state, closes_at, category_code, neighbourhood_code, duration_minutes,
  reward_cents, slots_count, slots_free, published_at) on chores to heitje_operator;

-- Which files are named, so that others can be removed: random words that say nothing.
create policy operator_sweeps on evidence for select to heitje_operator using (file_key is not null);
grant select (file_key) on evidence to heitje_operator;

-- A slot is taken as long as an active claim is on it; nobody but this says so.
create policy books on slots to heitje_books using (true) with check (true);
create policy books on chores to heitje_books using (true) with check (true);
grant select, update on slots, chores to heitje_books;
create function claims_take_slot() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  wanted text := case
    when new.state in ('rejected', 'withdrawn', 'expired', 'no_show') then 'free'
    when new.state in ('approved', 'rewarded') then 'done' else 'taken' end;
  was text;
begin
  select state into was from slots where tenant_id = new.tenant_id and id = new.slot_id for update;
  if was = wanted or was = 'cancelled' and wanted = 'free' then return null; end if;
  if was = 'cancelled' and wanted = 'taken' and tg_op = 'INSERT' then
    raise exception 'this slot is gone' using errcode = 'HJ020';
  end if;
  update slots set state = wanted where tenant_id = new.tenant_id and id = new.slot_id;
  if was = 'free' then
    update chores set slots_free = slots_free - 1 where tenant_id = new.tenant_id and id = new.chore_id;
  elsif wanted = 'free' then
    update chores set slots_free = slots_free + 1 where tenant_id = new.tenant_id and id = new.chore_id;
  end if;
  return null;
end $$;
revoke all on function claims_take_slot() from public;
create trigger take_slot after insert or update of state on claims for each row execute function claims_take_slot();
-- Last, since only the owner of a function says who may call it.
alter function claims_take_slot() owner to heitje_books;
"""

GUARDS = """
-- The next free slot, locked until the transaction ends; null when there is none.
create function claims_pick_slot(p_tenant uuid, p_chore uuid) returns uuid
language sql security definer set search_path = public, pg_temp as $$
  select s.id from slots s join chores c on c.tenant_id = s.tenant_id and c.id = s.chore_id
  where s.tenant_id = p_tenant and s.chore_id = p_chore and s.state = 'free' and c.state = 'open'
    and scope_citizen() is not null
  order by s.number limit 1 for update of s skip locked $$;
revoke all on function claims_pick_slot(uuid, uuid) from public;
grant execute on function claims_pick_slot(uuid, uuid) to heitje_app;

-- Nobody decides on a claim of their own, whatever their role: one e-mail address is one person.
create policy books_compare on members for select to heitje_books using (true);
create policy books_compare on citizens for select to heitje_books using (true);
create policy books_compare on claims for select to heitje_books using (true);
grant select (tenant_id, id, email) on members to heitje_books;
grant select (id, email) on citizens to heitje_books;
grant select (tenant_id, id, citizen_id) on claims to heitje_books;
create function decisions_never_own() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if exists (
    select from claims c
    join citizens z on z.id = c.citizen_id
    join members m on m.tenant_id = c.tenant_id and m.id = new.member_id
    where c.tenant_id = new.tenant_id and c.id = new.claim_id and z.email = m.email
  ) then
    raise exception 'a claim is decided by somebody else than the claimant' using errcode = 'HJ030';
  end if;
  return new;
end $$;
revoke all on function decisions_never_own() from public;
create trigger never_own before insert on claim_decisions for each row execute function decisions_never_own();
-- Last, since only the owner of a function says who may call it.
alter function claims_pick_slot(uuid, uuid) owner to heitje_books;
alter function decisions_never_own() owner to heitje_books;
"""


def upgrade() -> None:
    """Create chores and claims."""
    op.execute(CHORES)
    op.execute(CLAIMS)
    op.execute(RIGHTS)
    op.execute(GUARDS)
