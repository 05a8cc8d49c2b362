# SPDX-License-Identifier: EUPL-1.2
"""Stands for a `heitje run` that a test may kill: starts database and queue in HOME, says where, waits for stdin."""

import json
import os
import sys
from pathlib import Path

from heitje_server.embedded import postgres, valkey

home = Path(sys.argv[1])
database = postgres.start(home)
queue = valkey.start(home)
print(json.dumps({"uid": os.geteuid(), "database": database.url(), "queue": queue.url}), flush=True)
sys.stdin.read()
queue.stop()
database.stop()
