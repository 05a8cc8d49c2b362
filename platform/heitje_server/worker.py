# SPDX-License-Identifier: EUPL-1.2
"""The background worker: takes jobs from the queue, each in a process of its own. Start as many as you like."""

import signal

from redis import Redis
from rq import Worker
from rq.job import Job
from rq.queue import Queue
from rq.serializers import JSONSerializer

from heitje.config import Settings
from heitje.jobs.process import BULK, QUEUE_NAME, init_jobs
from heitje_server.features import load_features
from heitje_server.launcher import die_with_parent

QUEUE_NAMES = (QUEUE_NAME,)


class MortalHorseWorker(Worker):
    """RQ's worker, whose job processes end when it is killed: a job left alone would run beside its second run."""

    def main_work_horse(self, job: Job, queue: Queue) -> None:
        if self.pid is not None:
            die_with_parent(self.pid, signal.SIGKILL)
        super().main_work_horse(job, queue)


def connect(settings: Settings) -> Redis:
    """Open the queue server; answers that take longer than it may block are an error."""
    return Redis.from_url(settings.redis_url, health_check_interval=30, socket_connect_timeout=5)


def make_worker(settings: Settings, queue_names: tuple[str, ...] = QUEUE_NAMES) -> Worker:
    """Return a worker on these queues, first ones first. Jobs are JSON: data, never objects or code."""
    return MortalHorseWorker(list(queue_names), connection=connect(settings), serializer=JSONSerializer)


def work(settings: Settings, queue_names: tuple[str, ...] = QUEUE_NAMES, *, burst: bool = False) -> None:
    """Work until told to stop, or, with `burst`, until the queues are empty.

    The second queue of each comes last: who leaves very much work at once does not hold up the others.
    """
    # Imported once here, so that the process of each job need not.
    load_features()
    init_jobs(settings, queue_name=queue_names[0])
    bulk = tuple(name + BULK for name in queue_names if not name.endswith(BULK))
    make_worker(settings, (*queue_names, *bulk)).work(burst=burst, logging_level="INFO")
