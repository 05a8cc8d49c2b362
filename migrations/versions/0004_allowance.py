# SPDX-License-Identifier: EUPL-1.2
"""The yearly cap over all issuers together: dated rules, room per person and year, a hold per claim.

A tenant sees nothing of it, not even that another issuer exists. The three functions are the only way in:
`cap_hold` in the citizen's own scope; `cap_commit` and `cap_release` in the scope of the tenant whose claim it is
(release: also of the citizen). A reward counts in the year in which it is paid, under the rules then in force.
Errors: HJ010 no room, HJ011 no rule in force, HJ003 not yours.
"""

from alembic import op

revision = "0004"
down_revision = "0003"

SQL = """
create table cap_rules (
  id uuid primary key default gen_random_uuid(),
  scheme_id uuid not null references schemes,
  limit_cents bigint not null check (limit_cents > 0),
  valid_from date not null,
  valid_until date not null,
  ruling text not null,
  authority text not null,
  review_on date not null,
  created_at timestamptz not null default now(),
  check (valid_until >= valid_from)
);
create table cap_rooms (
  citizen_id uuid not null references citizens,
  rule_id uuid not null references cap_rules,
  year smallint not null,
  limit_cents bigint not null,
  held_cents bigint not null default 0 check (held_cents >= 0),
  committed_cents bigint not null default 0 check (committed_cents >= 0),
  primary key (citizen_id, rule_id, year),
  check (held_cents + committed_cents <= limit_cents)
);
create table cap_holds (
  claim_id uuid not null,
  rule_id uuid not null references cap_rules,
  tenant_id uuid not null,
  citizen_id uuid not null references citizens,
  year smallint not null,
  amount_cents bigint not null check (amount_cents > 0),
  state text not null default 'held' check (state in ('held', 'committed', 'released')),
  primary key (claim_id, rule_id)
);
alter table cap_rules enable row level security;
alter table cap_rules force row level security;
alter table cap_rooms enable row level security;
alter table cap_rooms force row level security;
alter table cap_holds enable row level security;
alter table cap_holds force row level security;
create policy everyone_reads on cap_rules for select using (true);
create policy operator_writes on cap_rules for all to heitje_operator using (true) with check (true);
create policy own on cap_rooms for select to heitje_app using (citizen_id = (select scope_citizen()));
create policy own on cap_holds for select to heitje_app using (citizen_id = (select scope_citizen()));
create policy books on cap_rooms to heitje_books using (true) with check (true);
create policy books on cap_holds to heitje_books using (true) with check (true);
grant select on cap_rules to heitje_app, heitje_books;
grant select, insert, update on cap_rules to heitje_operator;
grant select on cap_rooms, cap_holds to heitje_app;
grant select, insert, update on cap_rooms, cap_holds to heitje_books;
create policy operator_sums on cap_rooms for select to heitje_operator using (true);
-- The aggregate, never the person (proof of the books).
grant select (rule_id, year, limit_cents, held_cents, committed_cents) on cap_rooms to heitje_operator;

create function cap_hold(p_scheme uuid, p_claim uuid, p_tenant uuid, p_amount bigint, p_on date) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  rule cap_rules;
  citizen uuid := scope_citizen();
  year_of smallint := extract(year from p_on);
  rules integer := 0;
  room bigint;
begin
  if citizen is null or p_amount is null or p_amount <= 0 then
    raise exception 'not yours' using errcode = 'HJ003';
  end if;
  for rule in select * from cap_rules where scheme_id = p_scheme and p_on between valid_from and valid_until
      order by id loop
    rules := rules + 1;
    insert into cap_holds (claim_id, rule_id, tenant_id, citizen_id, year, amount_cents)
      values (p_claim, rule.id, p_tenant, citizen, year_of, p_amount) on conflict do nothing;
    continue when not found;
    insert into cap_rooms (citizen_id, rule_id, year, limit_cents) values (citizen, rule.id, year_of, rule.limit_cents)
      on conflict do nothing;
    update cap_rooms r set held_cents = held_cents + p_amount
      where r.citizen_id = citizen and r.rule_id = rule.id and r.year = year_of
        and held_cents + committed_cents + p_amount <= limit_cents;
    if not found then
      select limit_cents - held_cents - committed_cents into room from cap_rooms r
        where r.citizen_id = citizen and r.rule_id = rule.id and r.year = year_of;
      raise exception 'no room under the yearly cap' using errcode = 'HJ010',
        detail = json_build_object('room_cents', room, 'limit_cents', rule.limit_cents, 'reward_cents', p_amount);
    end if;
  end loop;
  if rules = 0 then
    raise exception 'no rule in force on this day' using errcode = 'HJ011';
  end if;
end $$;

-- All rules of that day have room, or the block is undone.
create function cap_commit_in_another_year(p_hold cap_holds, p_on date) returns boolean
language plpgsql set search_path = public, pg_temp as $$
declare
  rule cap_rules;
  year_of smallint := extract(year from p_on);
  rules integer := 0;
begin
  update cap_rooms r set held_cents = held_cents - h.amount_cents
    from cap_holds h where h.claim_id = p_hold.claim_id and h.state = 'held'
      and r.citizen_id = h.citizen_id and r.rule_id = h.rule_id and r.year = h.year;
  update cap_holds set state = 'released' where claim_id = p_hold.claim_id and state = 'held';
  for rule in select * from cap_rules where p_on between valid_from and valid_until
      and scheme_id = (select scheme_id from cap_rules where id = p_hold.rule_id) order by id loop
    rules := rules + 1;
    insert into cap_rooms (citizen_id, rule_id, year, limit_cents)
      values (p_hold.citizen_id, rule.id, year_of, rule.limit_cents) on conflict do nothing;
    update cap_rooms r set committed_cents = committed_cents + p_hold.amount_cents
      where r.citizen_id = p_hold.citizen_id and r.rule_id = rule.id and r.year = year_of
        and held_cents + committed_cents + p_hold.amount_cents <= limit_cents;
    if not found then raise exception 'no room' using errcode = 'HJ010'; end if;
    insert into cap_holds (claim_id, rule_id, tenant_id, citizen_id, year, amount_cents, state)
      values (p_hold.claim_id, rule.id, p_hold.tenant_id, p_hold.citizen_id, year_of, p_hold.amount_cents, 'committed')
      on conflict (claim_id, rule_id) do update set state = 'committed', year = excluded.year;
  end loop;
  if rules = 0 then raise exception 'no rule in force on this day' using errcode = 'HJ011'; end if;
  return true;
exception when sqlstate 'HJ010' or sqlstate 'HJ011' then
  return false;
end $$;

-- True: the reward may be paid, and counts in the year of the day. False: that is another year than the claim's, and
-- a rule then in force has no room, or none is in force; nothing changed.
create function cap_commit(p_claim uuid, p_on date) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  hold cap_holds;
  kept cap_holds;
  year_of smallint := extract(year from p_on);
begin
  for hold in select * from cap_holds where claim_id = p_claim order by rule_id for update loop
    if hold.tenant_id is distinct from scope_tenant() then
      raise exception 'not yours' using errcode = 'HJ003';
    end if;
    if hold.state = 'committed' then return true; end if;
    if kept is null or hold.state = 'held' then kept := hold; end if;
  end loop;
  if kept.claim_id is null then
    raise exception 'no room was held for this claim' using errcode = 'HJ003';
  end if;
  if kept.state = 'released' then return false; end if;
  -- In one order, as everywhere: who comes at the same moment waits and blocks nobody.
  perform from cap_rooms where citizen_id = kept.citizen_id and year in (kept.year, year_of)
    order by year, rule_id for update;
  if kept.year <> year_of then return cap_commit_in_another_year(kept, p_on); end if;
  update cap_rooms r set held_cents = held_cents - h.amount_cents, committed_cents = committed_cents + h.amount_cents
    from cap_holds h where h.claim_id = p_claim and h.state = 'held'
      and r.citizen_id = h.citizen_id and r.rule_id = h.rule_id and r.year = h.year;
  update cap_holds set state = 'committed' where claim_id = p_claim and state = 'held';
  return true;
end $$;

create function cap_release(p_claim uuid) returns void
language plpgsql security definer set search_path = public, pg_temp as $$
declare
  hold cap_holds;
begin
  for hold in select * from cap_holds where claim_id = p_claim and state = 'held' order by rule_id for update loop
    if hold.tenant_id is distinct from scope_tenant() and hold.citizen_id is distinct from scope_citizen() then
      raise exception 'not yours' using errcode = 'HJ003';
    end if;
    update cap_rooms r set held_cents = held_cents - hold.amount_cents
      where r.citizen_id = hold.citizen_id and r.rule_id = hold.rule_id and r.year = hold.year;
    update cap_holds h set state = 'released' where h.claim_id = hold.claim_id and h.rule_id = hold.rule_id;
  end loop;
end $$;

revoke all on function cap_hold(uuid, uuid, uuid, bigint, date), cap_commit(uuid, date), cap_release(uuid),
  cap_commit_in_another_year(cap_holds, date) from public;
grant execute on function cap_hold(uuid, uuid, uuid, bigint, date), cap_commit(uuid, date), cap_release(uuid)
  to heitje_app;
-- Last, since only the owner of a function says who may call it.
alter function cap_hold(uuid, uuid, uuid, bigint, date) owner to heitje_books;
alter function cap_commit(uuid, date) owner to heitje_books;
alter function cap_commit_in_another_year(cap_holds, date) owner to heitje_books;
alter function cap_release(uuid) owner to heitje_books;
"""


def upgrade() -> None:
    """Create the cap."""
    op.execute(SQL)
