# SPDX-License-Identifier: EUPL-1.2
"""Time does its work: a place that nobody used becomes free, a chore that is over is closed."""

import psycopg
import pytest

from heitje.chores import timer_jobs
from heitje.config import Settings
from heitje.db.session import Databases
from heitje.jobs.process import init_jobs
from heitje.jobs.run import run_outbox


@pytest.fixture
def pass_time(database, given):
    """Let the timers look, and run what they leave, as schedule and worker do; twice, as they do each minute."""
    databases = Databases(database.app_url, database.operator_url)
    init_jobs(Settings(database_url=database.app_url), databases=databases)
    with psycopg.connect(database.superuser_url, autocommit=True) as superuser:

        def run(change: str) -> psycopg.Connection:
            superuser.execute(change)
            for _ in range(2):
                with databases.across_tenants() as session:
                    timer_jobs.put_what_is_due(session)
            for (job_id,) in superuser.execute(
                "select id::text from job_outbox where job ~ 'claims|chores'"
            ).fetchall():
                run_outbox(job_id)
            assert superuser.execute("select last_error from job_outbox where last_error is not null").fetchall() == []
            return superuser

        yield run
    databases.dispose()
    init_jobs(Settings())


def test_a_claim_that_was_not_begun_in_time_expires_and_the_citizen_is_told(given, pass_time):
    tenant = given.tenant()
    claim = given.claim(given.citizen(), given.chore(tenant))
    rows = pass_time(f"update claims set start_by = now() - interval '1 minute' where id = '{claim.id}'")
    assert rows.execute("select state from claims where id = %s", [claim.id]).fetchone() == ("expired",)
    assert rows.execute("select kind from messages where citizen_id = %s", [claim.citizen_id]).fetchall() == [
        ("claim-expired",)
    ]


def test_a_claim_that_has_time_left_stays(given, pass_time):
    claim = given.claim(given.citizen(), given.chore(given.tenant()))
    rows = pass_time("select 1")
    assert rows.execute("select state from claims where id = %s", [claim.id]).fetchone() == ("held",)


def test_a_chore_whose_time_is_over_is_closed(given, pass_time):
    chore = given.chore(given.tenant())
    rows = pass_time(f"update chores set closes_at = now() - interval '1 minute' where id = '{chore.id}'")
    assert rows.execute("select state from chores where id = %s", [chore.id]).fetchone() == ("expired",)
