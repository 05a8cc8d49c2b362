# SPDX-License-Identifier: EUPL-1.2
"""All parts of one platform: started in order, kept running, stopped in the opposite order."""

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Protocol, TypeVar

from heitje_server.embedded.supervisor import CannotStart, Child

LOOK_EVERY_S = 0.5
RESTARTS = 5
RESTARTS_WITHIN_S = 120.0


class Part(Protocol):
    """Something that runs."""

    @property
    def child(self) -> Child: ...

    def stop(self) -> None: ...


P = TypeVar("P", bound=Part)


@dataclass
class _Post:
    start: Callable[[], Part]
    part: Part
    restarts: deque[float] = field(default_factory=lambda: deque(maxlen=RESTARTS))

    def restart(self) -> None:
        """Start it again; give up when that happens too often."""
        self.part.stop()  # lets go of its lock, and ends what it may have left
        if len(self.restarts) == RESTARTS and monotonic() - self.restarts[0] < RESTARTS_WITHIN_S:
            raise CannotStart(
                f"{self.part.child.name} keeps ending. Its log, {self.part.child.log}, ends with:\n"
                + self.part.child.last_words()
            )
        self.restarts.append(monotonic())
        self.part = self.start()


class Crew:
    """Use it in the main thread: the kernel ends parts when the thread that started them ends."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say
        self._stages: list[list[_Post]] = []

    def stage(self) -> None:
        """What is started from here on stands on what was started before, and stops first, side by side."""
        self._stages.append([])

    def start(self, start: Callable[[], P]) -> P:
        """Start a part and keep it in mind."""
        part = start()
        self._stages[-1].append(_Post(start=start, part=part))
        return part

    def watch(self, enough: threading.Event) -> None:
        """Restart what ends by itself, until `enough`; raise `CannotStart` when something ends again and again."""
        while not enough.wait(LOOK_EVERY_S):
            for post in (post for stage in self._stages for post in stage):
                if not post.part.child.is_running():
                    self._say(f"{post.part.child.name} ended; starting it again")
                    post.restart()

    def stop(self) -> None:
        """Stop the last stage first, so that nothing loses what it stands on."""
        while self._stages:
            parts = [post.part for post in self._stages.pop()]
            for part in parts:
                part.child.ask_to_stop()
            for part in parts:
                part.stop()
