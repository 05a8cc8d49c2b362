# SPDX-License-Identifier: EUPL-1.2
"""What runs by itself, and when: the periodic jobs that the features register (`heitje/jobs/periodic.py`)."""

from heitje.jobs.periodic import PeriodicJob, periodic_jobs
from heitje_server.features import load_features
from heitje_server.schedule import Daily, Entry, Every, Rhythm

RUN_PERIODIC = "heitje.jobs.run.run_periodic"


def timetable() -> tuple[Entry, ...]:
    """Return an entry per periodic job."""
    load_features()
    return tuple(Entry(job=RUN_PERIODIC, arguments=(job.name,), due=_rhythm(job)) for job in periodic_jobs())


def _rhythm(job: PeriodicJob) -> Rhythm:
    if job.every_s is not None:
        return Every(job.every_s)
    return Daily(job.hour, job.minute, job.day_of_month)
