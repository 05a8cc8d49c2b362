# SPDX-License-Identifier: EUPL-1.2
"""Which jobs there are: functions under the name by which rows and queue know them.

    @job("claims.expire")
    def expire_claim(session: Session, *, claim_id: UUID) -> None: ...

Arguments travel as JSON; one that is annotated `UUID`, `datetime` or `date` arrives as that.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any, get_type_hints
from uuid import UUID

JobFunction = Callable[..., None]

_READERS: Mapping[Any, Callable[[str], Any]] = {
    UUID: UUID,
    UUID | None: UUID,
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
}


@dataclass(frozen=True, kw_only=True)
class Job:
    """A function `(session, **ids)` that may be run more than once but takes effect once."""

    name: str
    function: JobFunction
    timeout_s: int

    @cached_property
    def _hints(self) -> Mapping[str, Any]:
        return get_type_hints(self.function)

    def arguments(self, stored: Mapping[str, Any]) -> dict[str, Any]:
        """Read arguments back from JSON."""
        return {name: self._read(name, value) for name, value in stored.items()}

    def _read(self, name: str, value: Any) -> Any:
        reader = _READERS.get(self._hints.get(name))
        return value if reader is None or value is None else reader(value)


@dataclass(frozen=True, kw_only=True)
class FleetingJob:
    """A function `(**facts)` whose facts must not be in the database, such as a sign-in code. It may get lost."""

    name: str
    function: JobFunction


@dataclass
class Registry:
    """All jobs of this process, filled as modules are imported."""

    jobs: dict[str, Job] = field(default_factory=dict)
    fleeting: dict[str, FleetingJob] = field(default_factory=dict)


REGISTRY = Registry()


class JobUnknown(LookupError):
    """No imported module has a job of this name."""


def job(name: str, *, timeout_s: int = 60) -> Callable[[JobFunction], JobFunction]:
    """Register a function as the job `name`; it is stopped after `timeout_s` seconds."""

    def register(function: JobFunction) -> JobFunction:
        if name in REGISTRY.jobs:
            raise ValueError(f"two jobs are called {name}")
        REGISTRY.jobs[name] = Job(name=name, function=function, timeout_s=timeout_s)
        return function

    return register


def fleeting_job(name: str) -> Callable[[JobFunction], JobFunction]:
    """Register a function as the fleeting job `name`."""

    def register(function: JobFunction) -> JobFunction:
        if name in REGISTRY.fleeting:
            raise ValueError(f"two fleeting jobs are called {name}")
        REGISTRY.fleeting[name] = FleetingJob(name=name, function=function)
        return function

    return register


def find_job(name: str) -> Job:
    """Return the job; raises `JobUnknown`."""
    try:
        return REGISTRY.jobs[name]
    except KeyError:
        raise JobUnknown(name) from None
