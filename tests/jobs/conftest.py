# SPDX-License-Identifier: EUPL-1.2
"""A queue of the module's own on the real Valkey, and real worker processes on it."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from uuid import UUID, uuid4

import psycopg
import pytest
from redis import Redis
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer

from heitje.config import Settings
from heitje.db.session import Databases
from heitje.jobs.process import BULK, init_jobs
from tests.fixtures.databases import Database
from tests.fixtures.servers import ValkeyAddress

WORK = """
import sys
import tests.jobs.sample_jobs
from heitje.config import Settings
from heitje_server.worker import work
work(Settings.from_environment(), (sys.argv[1],), burst=sys.argv[2] == "burst")
"""


@pytest.fixture(scope="module")
def queue_name() -> str:
    return f"jobs-{uuid4().hex}"


@pytest.fixture(scope="module")
def settings(database: Database, valkey_server: ValkeyAddress) -> Settings:
    return Settings(
        database_url=database.app_url, operator_database_url=database.operator_url, redis_url=valkey_server.url
    )


@pytest.fixture
def connected(settings: Settings, queue_name: str) -> Iterator[None]:
    """This process pushes to the module's queue."""
    init_jobs(settings, queue_name=queue_name)
    yield
    init_jobs(replace(settings, redis_url=""))


@pytest.fixture
def queue(settings: Settings, queue_name: str) -> Iterator[Queue]:
    connection = Redis.from_url(settings.redis_url)
    queue = Queue(queue_name, connection=connection, serializer=JSONSerializer)
    queue.empty()
    yield queue
    connection.close()


@pytest.fixture(scope="module")
def databases(settings: Settings) -> Iterator[Databases]:
    databases = Databases(settings.database_url, settings.operator_database_url)
    yield databases
    databases.dispose()


@pytest.fixture
def superuser(database: Database) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database.superuser_url, autocommit=True) as connection:
        connection.execute("truncate job_outbox")
        connection.execute("create table if not exists effects (name text, scope text)")
        connection.execute("grant insert, select on effects to heitje_app, heitje_operator")
        connection.execute("truncate effects")
        yield connection


@pytest.fixture
def tenant_id(superuser: psycopg.Connection) -> UUID:
    tenant_id = uuid4()
    superuser.execute(
        "insert into tenants (id, slug, name, kind) values (%s, %s, 'Town', 'municipality')",
        [tenant_id, f"t{tenant_id.hex[:20]}"],
    )
    return tenant_id


@pytest.fixture
def effects(superuser: psycopg.Connection) -> Callable[[], list[str]]:
    return lambda: [name for (name,) in superuser.execute("select name from effects order by name").fetchall()]


@contextmanager
def worker(settings: Settings, queue_name: str, how: str = "steady") -> Iterator[subprocess.Popen[bytes]]:
    """A real RQ worker in a process of its own; killed at the end if it still runs."""
    environment = os.environ | {
        "DATABASE_URL": settings.database_url,
        "OPERATOR_DATABASE_URL": settings.operator_database_url,
        "REDIS_URL": settings.redis_url,
    }
    process = subprocess.Popen([sys.executable, "-c", WORK, queue_name, how], env=environment)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


class WorkerHere(SimpleWorker):
    """RQ's own worker in this process, which keeps its signals: a tenth of the time of one with processes."""

    def _install_signal_handlers(self) -> None:
        """Ctrl-C is for pytest."""


@pytest.fixture
def work_off(settings: Settings, queue_name: str, databases: Databases) -> Callable[[], None]:
    """Let a worker take everything that is in the queue, and wait until it has."""

    def run() -> None:
        init_jobs(settings, databases=databases, queue_name=queue_name)
        with Redis.from_url(settings.redis_url) as connection:
            queues = [
                Queue(name, connection=connection, serializer=JSONSerializer)
                for name in (queue_name, queue_name + BULK)
            ]
            WorkerHere(queues, connection=connection, serializer=JSONSerializer).work(burst=True)

    return run


@pytest.fixture
def work_off_with_processes(settings: Settings, queue_name: str) -> Callable[[], None]:
    """The same by the worker as it is deployed: a process of its own, and one for each job."""

    def run() -> None:
        with worker(settings, queue_name, "burst") as process:
            assert process.wait(120) == 0

    return run
