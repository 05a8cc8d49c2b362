# SPDX-License-Identifier: EUPL-1.2
"""Vetting: an organisation gets to know a citizen before that citizen claims chores of a kind that asks for it (R30).

    requested -> valid | refused | withdrawn        valid -> revoked | lapsed (a newer one took its place)

Each organisation vets for itself. What a person showed is not kept: only that somebody saw it, who, and until when
that holds. What was written about an appointment goes when the request is decided on. A citizen asks and takes the
request back; everything else is the organisation's.
"""

from alembic import op

revision = "0010"
down_revision = "0009"

TABLES = """
create table vettings (
  tenant_id uuid not null references tenants,
  id uuid not null default gen_random_uuid(),
  citizen_id uuid not null references citizens,
  citizen_name text not null,
  category_code text not null references categories,
  state text not null default 'requested' check (state in
    ('requested', 'valid', 'refused', 'revoked', 'withdrawn', 'lapsed')),
  requested_at timestamptz not null default now(),
  decided_at timestamptz,
  decided_by uuid,
  valid_until date,
  appointment text not null default '' check (length(appointment) <= 500),
  reason text not null default '' check (length(reason) <= 1000),
  version integer not null default 1,
  primary key (tenant_id, id),
  foreign key (tenant_id, decided_by) references members (tenant_id, id),
  check ((decided_by is null) = (decided_at is null)),
  check ((state in ('requested', 'withdrawn')) = (decided_by is null)),
  check ((state in ('valid', 'revoked', 'lapsed')) = (valid_until is not null)),
  check (state not in ('refused', 'revoked') or reason <> ''),
  check (state = 'requested' or appointment = '')
);
-- One of each that counts: a new request can wait beside the vetting that it will follow up.
create unique index vettings_one_request on vettings (tenant_id, citizen_id, category_code) where state = 'requested';
create unique index vettings_one_valid on vettings (tenant_id, citizen_id, category_code) where state = 'valid';
create index vettings_waiting on vettings (tenant_id, requested_at, id) where state = 'requested';
create index vettings_in_force on vettings (tenant_id, valid_until, id) where state = 'valid';
create index vettings_of_citizen on vettings (citizen_id, requested_at, id);
"""

RIGHTS = """
alter table vettings enable row level security;
alter table vettings force row level security;
create policy tenant_reads on vettings for select to heitje_app using (tenant_id = (select scope_tenant()));
create policy tenant_decides on vettings for update to heitje_app
  using (tenant_id = (select scope_tenant())) with check (tenant_id = (select scope_tenant()));
create policy citizen_reads on vettings for select to heitje_app using (citizen_id = (select scope_citizen()));
create policy citizen_asks on vettings for insert to heitje_app
  with check (citizen_id = (select scope_citizen()) and state = 'requested');
create policy citizen_withdraws on vettings for update to heitje_app
  using (citizen_id = (select scope_citizen()) and state = 'requested')
  with check (citizen_id = (select scope_citizen()) and state = 'withdrawn');
create policy books_check on vettings for select to heitje_books using (true);
grant select, insert on vettings to heitje_app;
grant update (state, decided_at, decided_by, valid_until, appointment, reason, version) on vettings to heitje_app;
grant select on vettings to heitje_books;
grant select on categories to heitje_books;
"""

GUARDS = """
-- The steps above and no other; and nobody decides on their own: one e-mail address is one person.
create function vettings_step() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if new.state <> old.state and not (
    old.state = 'requested' and new.state in ('valid', 'refused', 'withdrawn')
    or old.state = 'valid' and new.state in ('revoked', 'lapsed')
  ) then
    raise exception 'a vetting does not go this way' using errcode = 'HJ041';
  end if;
  if new.state in ('valid', 'refused', 'revoked') and exists (
    select from citizens z join members m on m.tenant_id = new.tenant_id and m.id = new.decided_by
    where z.id = new.citizen_id and z.email = m.email
  ) then
    raise exception 'somebody else vets this person' using errcode = 'HJ031';
  end if;
  return new;
end $$;
revoke all on function vettings_step() from public;
create trigger step before update on vettings for each row execute function vettings_step();

-- A slot of a chore that asks for it goes only to whom its organisation has vetted, until the day of the chore.
create function claims_need_vetting() returns trigger
language plpgsql security definer set search_path = public, pg_temp as $$
begin
  if exists (
    select from chores c join categories k on k.code = c.category_code
    where c.tenant_id = new.tenant_id and c.id = new.chore_id and k.needs_vetting
      and not exists (
        select from vettings v
        where v.tenant_id = c.tenant_id and v.citizen_id = new.citizen_id and v.category_code = c.category_code
          and v.state = 'valid'
          and v.valid_until >= (coalesce(c.starts_at, now()) at time zone 'Europe/Amsterdam')::date)
  ) then
    raise exception 'this chore is for vetted people' using errcode = 'HJ040';
  end if;
  return new;
end $$;
revoke all on function claims_need_vetting() from public;
create trigger need_vetting before insert on claims for each row execute function claims_need_vetting();
-- Last, since only the owner of a function says who may call it.
alter function vettings_step() owner to heitje_books;
alter function claims_need_vetting() owner to heitje_books;
"""


def upgrade() -> None:
    """Create vettings, and let claims ask for one."""
    op.execute(TABLES)
    op.execute(RIGHTS)
    op.execute(GUARDS)
