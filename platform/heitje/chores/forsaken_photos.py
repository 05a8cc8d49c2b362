# SPDX-License-Identifier: EUPL-1.2
"""Photos that no evidence names: what a request kept that then rolled back, or was killed before it could.

A file is written before the row that names it, so there is always a moment in which it may be left alone. This
sweep finds it later, whatever was the reason, in a folder and in a bucket alike.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice

from sqlalchemy import select
from sqlalchemy.orm import Session

from heitje.chores.models import Evidence
from heitje.clock import local_day, now
from heitje.files.storage import Storage, storage_of
from heitje.jobs.periodic import daily
from heitje.jobs.process import process_settings
from heitje.jobs.queue import enqueue
from heitje.jobs.registry import job

SWEEP = "photos.sweep_tonight"
LEFT_ALONE_FOR = timedelta(days=1)
"""A request that is still at work names its photos within a minute."""
AT_ONCE = 500
NEVER_SUSPICIOUS = 100


class NotTheseRows(RuntimeError):
    """Most photos are named by no row: folder or bucket most likely belong to another database."""


@daily(hour=4, minute=20, name="photos.sweep")
def put_tonights_sweep(session: Session) -> None:
    """Leave the sweep as a job: tried again should the bucket be away, and told to operators when it is given up."""
    enqueue(session, SWEEP, key=local_day(now()).isoformat())


@job(SWEEP, timeout_s=900)
def sweep_photos(session: Session) -> None:
    """Remove what nobody named for a day."""
    remove_forsaken(session, storage_of(process_settings()), before=now() - LEFT_ALONE_FOR)


def remove_forsaken(session: Session, storage: Storage, *, before: datetime) -> int:
    """Remove the files kept before a moment that no evidence names; return how many. Operator's session.

    Raises `NotTheseRows`, and removes nothing, when they are more than half of what is there.
    """
    seen, forsaken = 0, list[str]()
    found = storage.photo_names(before=before)
    while names := list(islice(found, AT_ONCE)):
        seen += len(names)
        forsaken += _unnamed(session, names)
    if len(forsaken) > max(NEVER_SUSPICIOUS, seen // 2):
        raise NotTheseRows(
            f"{len(forsaken)} of {seen} files of photos are named by no row. Nothing was removed: see whether DATABASE_URL"
            " and S3_BUCKET or FILES_DIR belong together, and that no other installation keeps its photos there."
        )
    for name in forsaken:
        storage.delete(name)
    return len(forsaken)


def _unnamed(session: Session, names: Sequence[str]) -> Iterator[str]:
    keys = {name: name.partition(".")[0] for name in names}
    named = set(session.scalars(select(Evidence.file_key).where(Evidence.file_key.in_(set(keys.values())))))
    return (name for name, key in keys.items() if key not in named)
