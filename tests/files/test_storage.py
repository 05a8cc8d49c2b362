# SPDX-License-Identifier: EUPL-1.2
"""A folder and a bucket keep files alike; nobody reaches beyond them."""

import stat
from datetime import timedelta

import pytest

from heitje.clock import now
from heitje.config import Settings
from heitje.errors import NotFound
from heitje.files.photos import Photo
from heitje.files.storage import storage_of

PHOTO = Photo(large=b"large", small=b"small")


def test_a_photo_comes_back_as_it_went(storage):
    key = storage.put_photo(PHOTO)
    assert storage.get_photo(key) == b"large"
    assert storage.get_photo(key, small=True) == b"small"


def test_keys_are_random_and_say_nothing(storage):
    keys = {storage.put_photo(PHOTO) for _ in range(20)}
    assert len(keys) == 20
    assert {len(key) for key in keys} == {len("photos/ab/") + 32}


def test_what_was_forgotten_is_not_found_and_forgetting_twice_does_no_harm(storage):
    key = storage.put_photo(PHOTO)
    storage.delete_photo(key)
    storage.delete_photo(key)
    with pytest.raises(NotFound):
        storage.get_photo(key)


@pytest.mark.parametrize(
    "key", ["", "../../etc/passwd", "photos/aa/../../../etc/passwd", "/etc/passwd", "photos/ab/" + "G" * 32, "photos/ab/" + "a" * 32 + "\n", "photos/ab/" + "a" * 32 + "/../x"]
)  # fmt: skip
def test_nobody_reaches_beyond_the_photos(storage, key):
    with pytest.raises(NotFound):
        storage.get_photo(key)


def test_files_are_readable_by_this_user_only_and_no_drafts_stay(tmp_path):
    storage_of(Settings(files_dir=str(tmp_path))).put_photo(PHOTO)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) == 2
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_without_a_bucket_or_folder_files_stand_in_the_home(tmp_path):
    storage_of(Settings(heitje_home=tmp_path)).put_photo(PHOTO)
    assert len(list((tmp_path / "files").rglob("*.jpg"))) == 2


def test_names_are_listed_by_their_age_page_after_page(storage):
    keys = {storage.put_photo(PHOTO) for _ in range(5)}
    soon = now() + timedelta(minutes=1)

    found = list(storage.photo_names(before=soon))

    assert sorted(found) == sorted(key + ending for key in keys for ending in (".jpg", ".small.jpg"))
    assert list(storage.photo_names(before=now() - timedelta(minutes=1))) == []


def test_what_is_no_photo_of_ours_is_never_listed(tmp_path):
    storage = storage_of(Settings(files_dir=str(tmp_path)))
    key = storage.put_photo(PHOTO)
    for name in ("photos/notes.txt", f"{key}.jpg.0123abcd.new", "elsewhere/photos/ab.jpg", "photos/ab/holiday.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")

    found = set(storage.photo_names(before=now() + timedelta(minutes=1)))

    assert found == {f"{key}.jpg", f"{key}.small.jpg", f"{key}.jpg.0123abcd.new"}


def test_a_folder_that_is_not_there_yet_holds_nothing(tmp_path):
    assert list(storage_of(Settings(files_dir=str(tmp_path / "new"))).photo_names(before=now())) == []
