# SPDX-License-Identifier: EUPL-1.2
"""Photos whose request rolled back or was killed do not stay; those that evidence names do."""

import os
from datetime import timedelta

import pytest
from sqlalchemy import select

from heitje.chores import forsaken_photos
from heitje.chores.claims import HandedIn, submit_claim
from heitje.chores.forsaken_photos import SWEEP, NotTheseRows, put_tonights_sweep, remove_forsaken
from heitje.clock import now
from heitje.errors import NotFound
from heitje.files.photos import Photo
from heitje.jobs.models import OutboxJob
from heitje.jobs.process import init_jobs
from heitje.jobs.run import run_outbox
from heitje_server.timetable import timetable

PHOTO = Photo(large=b"large", small=b"small")
TOMORROW = now() + timedelta(days=1)


class TheProcessGoesDown(Exception):
    """As the database away, or any fault after the photo was kept."""


@pytest.fixture
def hand_in(given, databases, storage):
    """Hand work in with a photo; returns its key. `fails` after all was written, before the commit."""

    def handing_in(*, fails: bool = False) -> str:
        citizen = given.citizen()
        claim = given.claim(citizen, given.chore(given.tenant(), evidence=["photo"]))
        key = storage.put_photo(PHOTO)
        try:
            with databases.as_citizen(citizen.id) as session:
                submit_claim(
                    session,
                    claim_id=claim.id,
                    handed_in=HandedIn(photo_keys=(key,)),
                    claimant=citizen.claimant,
                    at=given.at,
                )
                if fails:
                    raise TheProcessGoesDown
        except TheProcessGoesDown:
            assert fails
        return key

    return handing_in


def sweep(databases, storage, *, before=TOMORROW):
    with databases.across_tenants() as session:
        return remove_forsaken(session, storage, before=before)


def test_a_photo_whose_request_rolled_back_is_removed_and_one_that_was_handed_in_stays(hand_in, databases, storage):
    kept, lost = hand_in(), hand_in(fails=True)

    assert sweep(databases, storage) == 2

    assert storage.get_photo(kept) == b"large"
    assert storage.get_photo(kept, small=True) == b"small"
    for small in (True, False):
        with pytest.raises(NotFound):
            storage.get_photo(lost, small=small)
    assert sweep(databases, storage) == 0


def test_a_photo_of_a_request_that_may_still_be_at_work_is_left_alone(databases, storage):
    key = storage.put_photo(PHOTO)
    assert sweep(databases, storage, before=now() - timedelta(minutes=1)) == 0
    assert storage.get_photo(key) == b"large"


def test_more_photos_than_are_asked_for_at_once_are_told_apart(hand_in, databases, storage, monkeypatch):
    monkeypatch.setattr(forsaken_photos, "AT_ONCE", 3)
    kept = [hand_in() for _ in range(3)]
    for _ in range(4):
        storage.put_photo(PHOTO)
    assert sweep(databases, storage) == 8
    assert {name.partition(".")[0] for name in storage.photo_names(before=TOMORROW)} == set(kept)


def test_beside_the_wrong_database_nothing_is_removed(databases, storage, monkeypatch):
    monkeypatch.setattr(forsaken_photos, "NEVER_SUSPICIOUS", 3)
    keys = [storage.put_photo(PHOTO) for _ in range(2)]
    with pytest.raises(NotTheseRows, match="4 of 4"):
        sweep(databases, storage)
    assert [storage.get_photo(key) for key in keys] == [b"large"] * 2


@pytest.mark.parametrize("settings", ["folder"], indirect=True)
def test_each_night_what_a_killed_process_left_half_written_is_removed(settings, storage, databases, hand_in, tmp_path):
    kept, lost, fresh = hand_in(), storage.put_photo(PHOTO), storage.put_photo(PHOTO)
    draft = tmp_path / f"photos/ab/{'ab' * 16}.jpg.0123abcd.new"
    draft.parent.mkdir(exist_ok=True)
    draft.write_bytes(b"lar")
    two_days_ago = (now() - timedelta(days=2)).timestamp()
    for path in (draft, *(tmp_path / f"{key}{ending}" for key in (kept, lost) for ending in (".jpg", ".small.jpg"))):
        os.utime(path, (two_days_ago, two_days_ago))
    init_jobs(settings, databases=databases)
    try:
        for _ in range(2):
            with databases.across_tenants() as session:
                put_tonights_sweep(session)
        with databases.across_tenants() as session:
            (job_id,) = session.scalars(select(OutboxJob.id).where(OutboxJob.job == SWEEP))
        run_outbox(str(job_id))
    finally:
        init_jobs(type(settings)())

    left = {path.relative_to(tmp_path).as_posix().partition(".")[0] for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {kept, fresh}
    assert not draft.exists()
    assert ("photos.sweep",) in {entry.arguments for entry in timetable()}
