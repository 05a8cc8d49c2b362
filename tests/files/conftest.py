# SPDX-License-Identifier: EUPL-1.2
"""A folder and a bucket to keep files in."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from heitje.config import Settings
from heitje.files.storage import Storage, storage_of

PAGE = 3
"""So many names a page; the real ones give a thousand."""


@pytest.fixture
def s3() -> Iterator[str]:
    """As much of S3 as we use, by its REST rules; refuses what is not signed."""
    objects: dict[str, tuple[bytes, datetime]] = {}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _signed(self) -> bool:
            if self.headers.get("Authorization", "").startswith("AWS4-HMAC-SHA256 Credential=the-key/"):
                return True
            self._answer(403, b"<Error><Code>AccessDenied</Code></Error>")
            return False

        def do_PUT(self) -> None:
            if self._signed():
                objects[self.path] = self.rfile.read(int(self.headers["Content-Length"])), datetime.now(UTC)
                assert self.headers["Content-Type"] == "image/jpeg"
                self._answer(200, b"")

        def do_GET(self) -> None:
            if not self._signed():
                return
            if "?" in self.path:
                self._answer(200, self._page())
            elif self.path in objects:
                self._answer(200, objects[self.path][0])
            else:
                self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")

        def _page(self) -> bytes:
            address = urlsplit(self.path)
            asked = {name: values[0] for name, values in parse_qs(address.query).items()}
            assert asked["list-type"] == "2"
            kept = {path.removeprefix(f"{address.path}/"): at for path, (_, at) in objects.items()}
            names = sorted(name for name in kept if name.startswith(asked["prefix"]))
            left = [name for name in names if name > asked.get("continuation-token", "")]
            contents = "".join(
                f"<Contents><Key>{name}</Key><LastModified>{kept[name]:%Y-%m-%dT%H:%M:%S.000Z}</LastModified></Contents>"
                for name in left[:PAGE]
            )
            more = f"<NextContinuationToken>{left[PAGE - 1]}</NextContinuationToken>" if len(left) > PAGE else ""
            return (
                f"<ListBucketResult><IsTruncated>{'true' if more else 'false'}</IsTruncated>{more}{contents}"
                "</ListBucketResult>"
            ).encode()

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
def settings(request, tmp_path) -> Settings:
    """Where files are kept."""
    if request.param == "folder":
        return Settings(files_dir=str(tmp_path))
    return Settings(
        s3_bucket="evidence",
        s3_endpoint_url=request.getfixturevalue("s3"),
        s3_access_key_id="the-key",
        s3_secret_access_key="the-secret",
    )


@pytest.fixture
def storage(settings) -> Storage:
    """The storage that keeps them there."""
    return storage_of(settings)
