# SPDX-License-Identifier: EUPL-1.2
"""What a job finds in its process: settings, databases and the line to the queue.

The web app gives its own (`init_jobs`); a worker reads the environment at the first job.
"""

from redis import Redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from rq import Queue
from rq.serializers import JSONSerializer

from heitje.config import Settings
from heitje.db.session import Databases

QUEUE_NAME = "heitje"


BULK = ".bulk"
"""Ends the name of the second queue, from which workers take when the first is empty."""


class _Process:
    settings: Settings | None = None
    databases: Databases | None = None
    queue: Queue | None = None
    bulk: Queue | None = None


def init_jobs(settings: Settings, *, databases: Databases | None = None, queue_name: str = QUEUE_NAME) -> None:
    """Let this process push to the queue, and run jobs with these settings; connections open at first use."""
    _Process.settings, _Process.databases, _Process.queue = settings, databases, None
    _Process.bulk = None
    if settings.redis_url:
        # Short: a person is waiting, and the sweeper will do it too.
        connection = Redis.from_url(
            settings.redis_url, socket_connect_timeout=1, socket_timeout=2, retry=Retry(NoBackoff(), 0)
        )
        _Process.queue = Queue(queue_name, connection=connection, serializer=JSONSerializer)
        _Process.bulk = Queue(queue_name + BULK, connection=connection, serializer=JSONSerializer)


def process_queue() -> Queue | None:
    """Return the line to the queue server, None where there is none."""
    return _Process.queue


def process_bulk_queue() -> Queue | None:
    """Return the line for those who leave very much work at once."""
    return _Process.bulk


def process_settings() -> Settings:
    """Return the settings that jobs of this process work with."""
    if _Process.settings is None:
        init_jobs(Settings.from_environment())
    assert _Process.settings is not None  # noqa: S101 - set two lines up
    return _Process.settings


def process_databases() -> Databases:
    """Return the databases that jobs of this process work with."""
    settings = process_settings()
    if _Process.databases is None:
        _Process.databases = Databases(settings.database_url, settings.operator_database_url, pool_size=2)
    return _Process.databases
