# SPDX-License-Identifier: EUPL-1.2
"""The bridge: which contract mirrors which scheme, what was sealed for it, and every transaction signed for that.

Nobody but the operator's role reads or writes here; there is nothing of a person in it but account ids. A line that
is sealed leaves `ledger_outbox` in the same transaction. A signed transaction is stored before it is sent.

    chain_batches.state   sealed -> signed -> sent -> mined -> confirmed
                          mined -> sent       its block is no longer part of the chain
                          sent -> sealed      another transaction took its nonce: signed afresh
                          sent -> reverted    the contract refused; the queue stands still until an operator resumes
                          confirmed -> sent   its block was dropped from deep down; only when an operator resumes
"""

from alembic import op

revision = "0009"
down_revision = "0008"

TABLES = """
create table chain_deployments (
  id bigint generated always as identity primary key,
  scheme_id uuid not null references schemes,
  chain_id bigint not null check (chain_id > 0),
  settler bytea not null check (length(settler) = 20),
  admin bytea not null check (length(admin) = 20 and admin <> settler),
  address bytea check (length(address) = 20),
  net boolean not null,
  secret_check bytea not null check (length(secret_check) = 20),
  created_at timestamptz not null,
  retired_at timestamptz,
  halted_at timestamptz,
  halted_code text,
  check ((halted_at is null) = (halted_code is null))
);
create unique index chain_deployments_live on chain_deployments (scheme_id) where retired_at is null;

-- How far each ledger account has been taken up, and the address that stands for it.
create table chain_accounts (
  deployment_id bigint not null references chain_deployments,
  account_id bigint not null,
  address bytea not null check (length(address) = 20),
  sealed_seq bigint not null,
  -- Entries up to here came with the opening batch of a contract that took over from another.
  opening_seq bigint not null default 0,
  primary key (deployment_id, account_id)
);

-- One operation of the contract, in the order in which they must happen; those of one `closing` belong together.
create table chain_batches (
  id bigint generated always as identity primary key,
  deployment_id bigint not null references chain_deployments,
  sequence integer not null check (sequence >= 0),
  closing integer not null check (closing >= 0),
  kind text not null check (kind in ('create', 'allow', 'fund', 'mint', 'settle', 'redeem')),
  operation_id bytea not null unique check (length(operation_id) = 32),
  payload bytea not null,
  digest bytea not null check (length(digest) = 32),
  root bytea check (length(root) = 32),
  move_count integer not null,
  volume_cents bigint not null,
  state text not null default 'sealed'
    check (state in ('sealed', 'signed', 'sent', 'mined', 'confirmed', 'reverted')),
  nonce bigint,
  mined_block bigint,
  mined_hash bytea check (length(mined_hash) = 32),
  gas_used bigint,
  orphaned integer not null default 0,
  sealed_at timestamptz not null,
  confirmed_at timestamptz,
  unique (deployment_id, sequence),
  check (state in ('sealed', 'reverted') or nonce is not null),
  check (state not in ('mined', 'confirmed') or num_nulls(mined_block, mined_hash) = 0),
  check ((state = 'confirmed') = (confirmed_at is not null))
);
create index chain_batches_open on chain_batches (deployment_id, sequence) where state <> 'confirmed';
create index chain_batches_by_closing on chain_batches (deployment_id, closing);

create table chain_batch_lines (
  batch_id bigint not null references chain_batches,
  line integer not null,
  transfer_id bigint not null unique,
  source_id bigint not null,
  source_seq bigint not null,
  target_id bigint not null,
  target_seq bigint not null,
  amount_cents bigint not null check (amount_cents > 0),
  primary key (batch_id, line)
);

create table chain_attempts (
  id bigint generated always as identity primary key,
  batch_id bigint not null references chain_batches,
  nonce bigint not null,
  transaction_hash bytea not null check (length(transaction_hash) = 32),
  raw bytea,
  gas bigint not null,
  max_fee_wei bigint not null,
  tip_wei bigint not null,
  signed_at timestamptz not null,
  last_sent_at timestamptz,
  sendings integer not null default 0,
  last_answer text not null default '',
  unique (batch_id, transaction_hash)
);
create index chain_attempts_of_batch on chain_attempts (batch_id, id);

-- What a person must look at. One open row per code and deployment.
create table chain_alarms (
  id bigint generated always as identity primary key,
  deployment_id bigint not null references chain_deployments,
  code text not null,
  facts jsonb not null,
  raised_at timestamptz not null,
  cleared_at timestamptz
);
create unique index chain_alarms_open on chain_alarms (deployment_id, code) where cleared_at is null;
"""

NAMES = (
    "chain_deployments",
    "chain_accounts",
    "chain_batches",
    "chain_batch_lines",
    "chain_attempts",
    "chain_alarms",
)


def upgrade() -> None:
    """Create the bridge's tables."""
    op.execute(TABLES)
    for name in NAMES:
        op.execute(f"alter table {name} enable row level security")
        op.execute(f"alter table {name} force row level security")
        op.execute(f"create policy bridge on {name} to heitje_operator using (true) with check (true)")
        op.execute(f"grant select, insert on {name} to heitje_operator")
    op.execute("""
      grant update (address, halted_at, halted_code, retired_at) on chain_deployments to heitje_operator;
      grant update (sealed_seq) on chain_accounts to heitje_operator;
      grant update (state, nonce, mined_block, mined_hash, gas_used, orphaned, confirmed_at)
        on chain_batches to heitje_operator;
      grant update (last_sent_at, sendings, last_answer) on chain_attempts to heitje_operator;
      grant update (facts, cleared_at) on chain_alarms to heitje_operator;
    """)
