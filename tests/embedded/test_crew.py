# SPDX-License-Identifier: EUPL-1.2
"""What keeps the parts of `heitje run` going."""

import os
import signal
import threading

import pytest

from heitje_server.embedded import valkey
from heitje_server.embedded.crew import Crew
from heitje_server.embedded.own import OwnProcess
from heitje_server.embedded.supervisor import CannotStart, start_child


def test_a_part_that_ends_is_started_again_in_the_same_place(tmp_path):
    enough = threading.Event()
    said = []

    def say(line):
        said.append(line)
        enough.set()

    crew = Crew(say)
    parts = []

    def start():
        parts.append(valkey.start(tmp_path))
        return parts[-1]

    crew.stage()
    crew.start(start)
    os.kill(parts[0].child.pid, signal.SIGKILL)
    crew.watch(enough)

    assert said == ["valkey ended; starting it again"]
    assert parts[1].url == parts[0].url
    assert parts[1].child.is_running()
    crew.stop()
    assert not parts[1].child.is_running()


def test_a_part_that_ends_again_and_again_stops_the_crew_with_its_last_words(tmp_path):
    def start():
        child = start_child("moody", ["sh", "-c", "echo no, not today"], home=tmp_path)
        return OwnProcess(child=child, patience_s=1)

    crew = Crew(lambda _: None)
    crew.stage()
    crew.start(start)

    with pytest.raises(CannotStart, match=r"(?s)moody keeps ending.*no, not today"):
        crew.watch(threading.Event())
    crew.stop()


def test_a_stage_is_stopped_before_what_it_stands_on_and_side_by_side(tmp_path):
    order = []

    class Child:
        def __init__(self, name):
            self.name = name

        def ask_to_stop(self):
            order.append(f"ask {self.name}")

    class Part:
        def __init__(self, name):
            self.child = Child(name)

        def stop(self):
            order.append(f"end {self.child.name}")

    crew = Crew(lambda _: None)
    for stage in (["database"], ["web", "worker"]):
        crew.stage()
        for name in stage:
            crew.start(lambda name=name: Part(name))
    crew.stop()

    assert order == ["ask web", "ask worker", "end web", "end worker", "ask database", "end database"]
