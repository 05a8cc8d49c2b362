# SPDX-License-Identifier: EUPL-1.2
"""What runs by itself, and when. Each line names a job function without arguments, safe to run twice."""

from heitje_server.schedule import Entry

TIMETABLE: tuple[Entry, ...] = ()
