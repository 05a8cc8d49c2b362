# SPDX-License-Identifier: EUPL-1.2
"""Each slot of the timetable is put once: by two schedules, over summer time, after a pause."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import redis
from rq import Queue
from rq.serializers import JSONSerializer

from heitje.clock import AMSTERDAM
from heitje_server.schedule import Daily, Entry, Every, Schedule


@pytest.fixture
def connection(valkey_server):
    with redis.Redis.from_url(valkey_server.url) as connection:
        yield connection


@pytest.fixture
def entry():
    """A job of this test's own, in a queue of its own."""
    name = uuid4().hex
    return Entry(job=f"jobs_{name}.prove", due=Every(60), queue=f"test-{name}")


def waiting(connection, entry):
    return Queue(entry.queue, connection=connection, serializer=JSONSerializer).get_jobs()


def amsterdam(*moment, fold=0):
    return datetime(*moment, tzinfo=AMSTERDAM, fold=fold).astimezone(UTC)


def slots(due, start, end, step):
    """The different slots that a schedule sees which looks at the clock every `step`."""
    seen = []
    at = start
    while at <= end:
        slot = due.latest_slot(at)
        if not seen or slot > seen[-1]:
            seen.append(slot)
        at += step
    return seen[1:]


def test_a_job_is_put_once_per_slot(connection, entry):
    schedule = Schedule(connection, [entry])
    at = datetime(2026, 11, 23, 12, 0, 30, tzinfo=UTC)

    put = [schedule.put_what_is_due(at + timedelta(seconds=seconds)) for seconds in (0, 1, 29, 30, 31)]

    assert put == [[entry.job], [], [], [entry.job], []]
    assert [job.func_name for job in waiting(connection, entry)] == [entry.job, entry.job]


def test_two_schedules_at_once_put_a_slot_once(valkey_server, connection, entry):
    at = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)

    def look(minute):
        with redis.Redis.from_url(valkey_server.url) as own:
            return Schedule(own, [entry]).put_what_is_due(at + timedelta(minutes=minute))

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(look, [minute for minute in range(20) for _ in range(8)]))

    assert 1 <= len([answer for answer in answers if answer]) <= 20
    assert len(waiting(connection, entry)) == len([answer for answer in answers if answer])
    assert look(20) == [entry.job]
    assert look(20) == []


def test_what_was_missed_is_made_up_for_once(connection, entry):
    schedule = Schedule(connection, [entry])
    at = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
    schedule.put_what_is_due(at)

    schedule.put_what_is_due(at + timedelta(hours=5))
    schedule.put_what_is_due(at + timedelta(hours=5, seconds=1))

    assert len(waiting(connection, entry)) == 2


def test_the_spring_night_has_each_slot_once():
    start, end = amsterdam(2027, 3, 27, 12, 0), amsterdam(2027, 3, 29, 12, 0)

    found = slots(Daily(2, 30), start, end, timedelta(minutes=1))

    assert found == [amsterdam(2027, 3, 28, 3, 30), amsterdam(2027, 3, 29, 2, 30)]


def test_the_autumn_night_has_each_slot_once():
    start, end = amsterdam(2026, 10, 24, 12, 0), amsterdam(2026, 10, 26, 12, 0)

    found = slots(Daily(2, 30), start, end, timedelta(minutes=1))

    assert found == [amsterdam(2026, 10, 25, 2, 30, fold=0), amsterdam(2026, 10, 26, 2, 30)]


def test_what_runs_every_few_seconds_goes_on_in_the_hour_that_comes_twice():
    start = amsterdam(2026, 10, 25, 1, 59)

    found = slots(Every(10), start, start + timedelta(hours=3), timedelta(seconds=1))

    assert len(found) == 3 * 360


def test_a_monthly_job_comes_on_its_day_in_the_netherlands():
    just_before = datetime(2026, 12, 1, 1, 59, tzinfo=UTC)

    due = Daily(3, day_of_month=1)

    assert due.latest_slot(just_before) == datetime(2026, 11, 1, 2, 0, tzinfo=UTC)
    assert due.latest_slot(just_before + timedelta(minutes=1)) == datetime(2026, 12, 1, 2, 0, tzinfo=UTC)
