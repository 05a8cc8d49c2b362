# SPDX-License-Identifier: EUPL-1.2
"""What runs by itself: functions `(session)` in the operator's scope, with their rhythm. Each is safe to run twice.

@every(seconds=3600, name="sessions.clear")
def clear_sessions(session: Session) -> None: ...
"""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.orm import Session

from heitje.jobs.registry import JobUnknown

PeriodicFunction = Callable[[Session], None]


@dataclass(frozen=True, kw_only=True)
class PeriodicJob:
    """Either each `every_s` seconds, or daily at `hour`:`minute` on Dutch clocks (monthly with `day_of_month`)."""

    name: str
    function: PeriodicFunction
    every_s: int | None = None
    hour: int = 0
    minute: int = 0
    day_of_month: int | None = None


_periodic: dict[str, PeriodicJob] = {}


def every(*, seconds: int, name: str) -> Callable[[PeriodicFunction], PeriodicFunction]:
    """Register a function that runs each so many seconds."""
    return lambda function: _register(PeriodicJob(name=name, function=function, every_s=seconds))


def daily(
    *, hour: int, minute: int = 0, day_of_month: int | None = None, name: str
) -> Callable[[PeriodicFunction], PeriodicFunction]:
    """Register a function that runs at a time of the day, or once a month on day 1 to 28."""
    return lambda function: _register(
        PeriodicJob(name=name, function=function, hour=hour, minute=minute, day_of_month=day_of_month)
    )


def periodic_jobs() -> list[PeriodicJob]:
    """List all that are registered, by name."""
    return [_periodic[name] for name in sorted(_periodic)]


def find_periodic(name: str) -> PeriodicJob:
    """Return one; raises `JobUnknown`."""
    if name not in _periodic:
        raise JobUnknown(name)
    return _periodic[name]


def _register(job: PeriodicJob) -> PeriodicFunction:
    if job.name in _periodic:
        raise ValueError(f"two periodic jobs are called {job.name}")
    _periodic[job.name] = job
    return job.function
