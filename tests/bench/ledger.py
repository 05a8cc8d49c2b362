# SPDX-License-Identifier: EUPL-1.2
"""`make bench-ledger`: the posting function against pgbench's own tpcb-like, on one server in one run.

Everything is on: row-level security, idempotency key, journal, entries, outbox, durable commits. Each round runs
tpcb-like and ours in turn, so that a busy machine slows both; the figure is the median of the rounds' ratios.
Targets (issue "the whole way of a Heitje"): by pgbench random >= 1.2 and hot >= 0.6; through Python >= 0.6.
Ends with exit code 1 when one is missed.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from random import Random
from threading import Barrier
from uuid import UUID, uuid4

import psycopg

from heitje.config import Settings
from heitje.db.session import Databases
from heitje.ledger.models import TransferKind
from heitje.ledger.transfers import post
from heitje_server.embedded import postgres
from heitje_server.migrate import migrate

WALLETS = 20_000
SHOPS = 2_000
RICH_CENTS = 1_000_000_000
SCALE = 10
"""Of pgbench: its manual asks for at least as many as there are clients (8), lest tpcb-like wait for itself."""

PERSON = "00000000-0000-4000-8000-1{number:011}"
"""Id of the citizen or shop of this number; its last twelve digits are a number that pgbench can count to."""

RANDOM_SQL = """
\\set wallet random(1, {wallets})
\\set source {first_wallet} + :wallet
\\set target {first_shop} + random(1, {shops})
\\set person 100000000000 + :wallet
\\set key random(1, 9000000000000000000)
begin \\; set local heitje.citizen_id = '00000000-0000-4000-8000-:person' \\;
select * from ledger_post('{scheme}', 'payment', 'payment-:key', :source, :target, 1) \\; commit;
"""
HOT_SQL = """
\\set target {first_wallet} + random(1, {wallets})
\\set key random(1, 9000000000000000000)
begin \\; set local heitje.tenant_id = '{tenant}' \\;
select * from ledger_post('{scheme}', 'reward', 'claim-:key', {reserved}, :target, 1) \\; commit;
"""
"""What the product says in a transaction, in one message; the numbers are drawn by pgbench, as in its own script."""


@dataclass(frozen=True, kw_only=True)
class Town:
    """Addresses of the database, and ids of what was put into it."""

    app_url: str
    tpcb_url: str
    scheme: UUID
    tenant: UUID
    reserved: int
    first_wallet: int
    first_shop: int


def main() -> int:
    """Run the rounds, print the table, say whether all targets are met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="heitje-bench-") as folder:
        server = postgres.start(Path(folder), durable=True)
        try:
            return measure(prepare(server), Path(folder), rounds=options.rounds, seconds=options.seconds)
        finally:
            server.stop()


def measure(town: Town, folder: Path, *, rounds: int, seconds: int) -> int:
    """Print median ratios against tpcb-like; return the exit code."""
    values = {name: getattr(town, name) for name in ("scheme", "tenant", "reserved", "first_wallet", "first_shop")}
    scripts = {}
    for name, sql in (("random", RANDOM_SQL), ("hot", HOT_SQL)):
        scripts[name] = folder / f"{name}.sql"
        scripts[name].write_text(sql.format(wallets=WALLETS, shops=SHOPS, **values), encoding="utf-8")
    targets = {"pgbench random": 1.2, "pgbench hot": 0.6, "python random": 0.6}
    print(f"{'':>16} {'clients':>7} {'tpcb/s':>8} {'ours/s':>8} {'ratio':>6} {'wanted':>7}   ratios of the rounds")
    missed = False
    for clients in (1, 8):
        ratios: dict[str, list[tuple[float, float]]] = {name: [] for name in targets}
        for _ in range(rounds):
            for name in targets:
                tpcb = pgbench(town.tpcb_url, clients, seconds)
                how, which = name.split()
                ours = (
                    pgbench(town.app_url, clients, seconds, scripts[which])
                    if how == "pgbench"
                    else through_python(town, clients, seconds)
                )
                ratios[name].append((tpcb, ours))
        for name, wanted in targets.items():
            each = [ours / tpcb for tpcb, ours in ratios[name]]
            ratio = statistics.median(each)
            missed |= ratio < wanted
            tpcb, ours = (statistics.median(column) for column in zip(*ratios[name], strict=True))
            print(
                f"{name:>16} {clients:>7} {tpcb:>8.0f} {ours:>8.0f} {ratio:>6.2f} {'>= ' + str(wanted):>7}   "
                + " ".join(f"{one:.2f}" for one in each)
                + ("" if ratio >= wanted else "   MISSED")
            )
    return 1 if missed else 0


def pgbench(url: str, clients: int, seconds: int, script: Path | None = None) -> float:
    """Return transactions per second of a built-in tpcb-like run, or of a script."""
    what = ["-f", str(script)] if script else ["-b", "tpcb-like", "-s", str(SCALE)]
    command = [
        str(postgres.binaries_folder() / "pgbench"),
        "-n",
        "-c",
        str(clients),
        "-j",
        "2",
        "-T",
        str(seconds),
        *what,
        url,
    ]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, "PGTZ": "UTC"})
    line = next(line for line in answer.stdout.splitlines() if line.startswith("tps"))
    return float(line.split()[2])


def through_python(town: Town, clients: int, seconds: int) -> float:
    """Return transfers per second by `heitje.ledger.transfers.post`, each in a transaction of its own.

    Clients are threads in processes as `heitje web` has them when nothing else is set: eight are two times four.
    """
    processes = min(clients, Settings.web_workers)
    threads = min(clients // processes, Settings.web_threads)
    assert processes * threads == clients, "the server of the product has another shape now: count its clients"
    with get_context("spawn").Pool(processes) as pool:
        return sum(pool.starmap(_process, [(town, threads, seconds, seed) for seed in range(processes)]))


def _process(town: Town, threads: int, seconds: int, seed: int) -> float:
    databases, ready = Databases(town.app_url, pool_size=threads), Barrier(threads)
    with ThreadPoolExecutor(threads) as clients:
        jobs = [clients.submit(_client, databases, town, seconds, Random(f"{seed}/{n}"), ready) for n in range(threads)]
        rate = sum(job.result() for job in jobs)
    databases.dispose()
    return rate


def _client(databases: Databases, town: Town, seconds: int, dice: Random, ready: Barrier) -> float:
    _transfer(databases, town, dice)  # connects
    ready.wait()
    start, done = time.perf_counter(), 0
    while time.perf_counter() - start < seconds:
        _transfer(databases, town, dice)
        done += 1
    return done / (time.perf_counter() - start)


def _transfer(databases: Databases, town: Town, dice: Random) -> None:
    wallet, shop = dice.randint(1, WALLETS), dice.randint(1, SHOPS)
    with databases.as_citizen(UUID(PERSON.format(number=wallet))) as session:
        post(
            session,
            TransferKind.PAYMENT,
            scheme_id=town.scheme,
            source_id=town.first_wallet + wallet,
            target_id=town.first_shop + shop,
            amount_cents=1,
            key=str(uuid4()),
            at=datetime.now(UTC),
        )


def prepare(server: postgres.PostgresServer) -> Town:
    """Fill a town with wallets and shops, and pgbench's own tables in a database beside it."""
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("create database town")
        connection.execute("create database tpcb")
    migrate(server.url(dbname="town"), app_password="bench-app", operator_password="bench-operator")
    subprocess.run(
        [str(postgres.binaries_folder() / "pgbench"), "-i", "-q", "-s", str(SCALE), server.url(dbname="tpcb")],
        check=True,
        capture_output=True,
    )
    scheme, tenant, line = uuid4(), uuid4(), uuid4()
    with psycopg.connect(server.url(dbname="town")) as connection:
        connection.execute(
            "insert into schemes (id, slug, name, area_name, guaranteed_until) values (%s, 'bench', 'B', 'B', '2030-01-01')",
            [scheme],
        )
        connection.execute(
            "insert into tenants (id, slug, name, kind, state) values (%s, 'bench', 'Bench', 'care', 'live')", [tenant]
        )
        connection.execute(
            "insert into neighbourhoods values ('BU0000TEST', 'B', 'W', 'W', 'G', 'G', 1, 50.9, 6.0, '{}')"
        )
        ids = "('00000000-0000-4000-8000-' || (100000000000 + n)::text)::uuid"
        connection.execute(f"insert into citizens (id, name) select {ids}, 'B' from generate_series(1, {WALLETS}) n")
        connection.execute(
            "insert into shops (id, scheme_id, name, category, address, neighbourhood_code, lat, lon, state)"
            f" select {ids}, %s, 'Bench', 'retail', 'B', 'BU0000TEST', 50.9, 6.0, 'active'"
            f" from generate_series(1, {SHOPS}) n",
            [scheme],
        )
        account = "insert into ledger_accounts (scheme_id, kind, balance_cents, {columns}) {values} returning id"
        reserved = connection.execute(
            account.format(columns="tenant_id, budget_line_id", values="values (%s, 'reserved', %s, %s, %s)"),
            [scheme, RICH_CENTS * 1000, tenant, line],
        ).fetchone()
        first_wallet = connection.execute(
            account.format(
                columns="citizen_id",
                values=f"select %s, 'wallet', {RICH_CENTS}, {ids} from generate_series(1, {WALLETS}) n order by n",
            ),
            [scheme],
        ).fetchone()
        first_shop = connection.execute(
            account.format(
                columns="shop_id", values=f"select %s, 'shop', 0, {ids} from generate_series(1, {SHOPS}) n order by n"
            ),
            [scheme],
        ).fetchone()
    with psycopg.connect(server.url(dbname="town"), autocommit=True) as connection:
        connection.execute("vacuum analyze")
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("checkpoint")
    assert reserved and first_wallet and first_shop
    return Town(
        app_url=server.url("heitje_app", "bench-app", "town"),
        tpcb_url=server.url(dbname="tpcb"),
        scheme=scheme,
        tenant=tenant,
        reserved=reserved[0],
        first_wallet=first_wallet[0] - 1,
        first_shop=first_shop[0] - 1,
    )


if __name__ == "__main__":
    sys.exit(main())
