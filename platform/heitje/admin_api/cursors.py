# SPDX-License-Identifier: EUPL-1.2
"""Places in a list, as text that nobody need read."""

import base64
import binascii
import json
from datetime import datetime
from uuid import UUID

from heitje.errors import NotFound


def cursor_of(key: datetime | str, row_id: UUID) -> str:
    """Write where a page ended: the sort key and id of its last row."""
    said = key if isinstance(key, str) else key.isoformat()
    return base64.urlsafe_b64encode(json.dumps([said, str(row_id)]).encode()).decode()


def read_cursor(text: str) -> tuple[datetime, UUID] | None:
    """Read the cursor of a list by time; raises `NotFound` for anything else."""
    found = read_name_cursor(text)
    if found is None:
        return None
    try:
        return datetime.fromisoformat(found[0]), found[1]
    except ValueError:
        raise NotFound(kind="page") from None


def read_name_cursor(text: str) -> tuple[str, UUID] | None:
    """Read the cursor of a list by name; raises `NotFound` for anything else."""
    if not text:
        return None
    try:
        key, row_id = json.loads(base64.b64decode(text, altchars=b"-_", validate=True))
        return str(key), UUID(str(row_id))
    except (binascii.Error, ValueError, TypeError):
        raise NotFound(kind="page") from None
