# SPDX-License-Identifier: EUPL-1.2
"""Puts jobs of the timetable on the queue, each slot once, however many schedules run.

The last slot that was put stands in Valkey; moving it and putting the job is one transaction there, so two schedules
never put the same slot. A slot missed while nobody ran is made up for at the next start, once.
`rq cron` does neither: it has no memory, and two of them put everything twice.
"""

import logging
import signal
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day
from typing import Protocol

from redis import ConnectionError as QueueAway
from redis import Redis, WatchError
from redis import TimeoutError as QueueSlow
from rq import Queue
from rq.serializers import JSONSerializer

from heitje.clock import AMSTERDAM, now

TICK_S = 1.0
LAST_SLOT_KEY = "heitje:schedule:{}"

log = logging.getLogger(__name__)


class Rhythm(Protocol):
    """When something is due."""

    def latest_slot(self, at: datetime) -> datetime:
        """Return the last moment, not after `at`, at which it was due; in UTC."""


@dataclass(frozen=True)
class Every:
    """Each so many seconds, counted in UTC: summer time does not touch it."""

    seconds: int

    def latest_slot(self, at: datetime) -> datetime:
        return datetime.fromtimestamp(int(at.timestamp()) // self.seconds * self.seconds, UTC)


@dataclass(frozen=True)
class Daily:
    """Once a day (or once a month, on `day_of_month` 1 to 28) at a time on Dutch clocks.

    A time that a spring night skips comes an hour later; one that an autumn night repeats comes the first time only.
    """

    hour: int
    minute: int = 0
    day_of_month: int | None = None

    def latest_slot(self, at: datetime) -> datetime:
        day = at.astimezone(AMSTERDAM).date()
        while True:
            slot = datetime.combine(day, time_of_day(self.hour, self.minute), AMSTERDAM).astimezone(UTC)
            if slot <= at and self.day_of_month in {None, day.day}:
                return slot
            day -= timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A job function by its dotted name, with arguments that JSON can carry, its rhythm, and the queue it waits in."""

    job: str
    due: Rhythm
    arguments: tuple[str, ...] = ()
    queue: str = "heitje"
    timeout_s: int = 600

    @property
    def name(self) -> str:
        """What tells this entry from every other, in Valkey and in logs."""
        return ":".join((self.job, *self.arguments))


class Schedule:
    """Looks every second what is due."""

    def __init__(self, connection: Redis, timetable: Sequence[Entry]) -> None:
        self._connection = connection
        self._timetable = timetable

    def put_what_is_due(self, at: datetime) -> list[str]:
        """Put each job whose latest slot nobody has put yet; return their names."""
        return [entry.name for entry in self._timetable if self._put(entry, entry.due.latest_slot(at))]

    def _put(self, entry: Entry, slot: datetime) -> bool:
        key = LAST_SLOT_KEY.format(entry.name)
        with self._connection.pipeline() as transaction:
            transaction.watch(key)  # type: ignore[no-untyped-call]
            last = transaction.get(key)
            if last is not None and float(last) >= slot.timestamp():
                return False
            transaction.multi()
            transaction.set(key, slot.timestamp())
            Queue(entry.queue, connection=self._connection, serializer=JSONSerializer).enqueue_call(
                entry.job, args=entry.arguments, timeout=entry.timeout_s, result_ttl=0, pipeline=transaction
            )
            try:
                transaction.execute()
            except WatchError:
                return False  # another schedule was first
        return True


def run(connection: Redis, timetable: Sequence[Entry]) -> None:
    """Put jobs until told to stop. While the queue server is away it waits, and makes up once for what it missed."""
    stop = threading.Event()
    for ask in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ask, lambda *_: stop.set())
    schedule = Schedule(connection, timetable)
    away = False
    while not stop.wait(TICK_S):
        try:
            for job in schedule.put_what_is_due(now()):
                log.debug("put %s", job)
            away = False
        except (QueueAway, QueueSlow) as error:
            if not away:
                log.warning("The queue server is away: %s", error)
            away = True
