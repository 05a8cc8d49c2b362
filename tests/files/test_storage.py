# SPDX-License-Identifier: EUPL-1.2
"""A folder and a bucket keep files alike; nobody reaches beyond them."""

import stat
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from heitje.config import Settings
from heitje.errors import NotFound
from heitje.files.photos import Photo
from heitje.files.storage import Storage, storage_of

PHOTO = Photo(large=b"large", small=b"small")


@pytest.fixture
def s3() -> Iterator[str]:
    """As much of S3 as we use, by its REST rules; refuses what is not signed."""
    objects: dict[str, bytes] = {}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _signed(self) -> bool:
            if self.headers.get("Authorization", "").startswith("AWS4-HMAC-SHA256 Credential=the-key/"):
                return True
            self._answer(403, b"<Error><Code>AccessDenied</Code></Error>")
            return False

        def do_PUT(self) -> None:
            if self._signed():
                objects[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
                assert self.headers["Content-Type"] == "image/jpeg"
                self._answer(200, b"")

        def do_GET(self) -> None:
            if self._signed():
                if self.path in objects:
                    self._answer(200, objects[self.path])
                else:
                    self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")

        def do_DELETE(self) -> None:
            if self._signed():
                objects.pop(self.path, None)
                self._answer(204, b"")

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/xml")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture(params=["folder", "bucket"])
def storage(request, tmp_path) -> Storage:
    if request.param == "folder":
        return storage_of(Settings(files_dir=str(tmp_path)))
    return storage_of(
        Settings(
            s3_bucket="evidence",
            s3_endpoint_url=request.getfixturevalue("s3"),
            s3_access_key_id="the-key",
            s3_secret_access_key="the-secret",
        )
    )


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
