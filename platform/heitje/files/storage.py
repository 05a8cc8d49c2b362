# SPDX-License-Identifier: EUPL-1.2
"""Where files are kept: a folder, or an S3 bucket when one is set. Names are random and say nothing."""

import os
import re
import secrets
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from heitje.config import Settings
from heitje.errors import NotFound

if TYPE_CHECKING:
    from heitje.files.photos import Photo

_KEY = re.compile(r"photos/[0-9a-f]{2}/[0-9a-f]{32}", re.ASCII)
_PHOTO_FILE = re.compile(_KEY.pattern + r"\.[a-z0-9.]+", re.ASCII)
"""Both sizes, and the draft of one that was never finished."""
PHOTOS = "photos/"
LARGE, SMALL = ".jpg", ".small.jpg"


class Storage(ABC):
    """Keeps bytes under a name."""

    @abstractmethod
    def put(self, name: str, content: bytes, *, media_type: str) -> None:
        """Keep it, whole or not at all."""

    @abstractmethod
    def get(self, name: str) -> bytes:
        """Return it; raises `NotFound`."""

    @abstractmethod
    def delete(self, name: str) -> None:
        """Forget it, if it is there."""

    @abstractmethod
    def names(self, beginning: str, *, before: datetime) -> Iterator[str]:
        """Give the names with this beginning (a folder, with its slash) that were kept before a moment."""

    def photo_names(self, *, before: datetime) -> Iterator[str]:
        """Give the names of photos' files kept before a moment, unfinished ones included; the key ends at the dot."""
        return (name for name in self.names(PHOTOS, before=before) if _PHOTO_FILE.fullmatch(name))

    def put_photo(self, photo: "Photo") -> str:
        """Keep both sizes of a photo; return the key for `evidence.file_key`."""
        name = secrets.token_hex(16)
        key = f"{PHOTOS}{name[:2]}/{name}"
        self.put(key + SMALL, photo.small, media_type="image/jpeg")
        self.put(key + LARGE, photo.large, media_type="image/jpeg")
        return key

    def get_photo(self, key: str, *, small: bool = False) -> bytes:
        """Return a photo as JPEG; raises `NotFound`, also for what is no key of ours."""
        return self.get(_known(key) + (SMALL if small else LARGE))

    def delete_photo(self, key: str) -> None:
        """Forget both sizes."""
        for ending in (SMALL, LARGE):
            self.delete(_known(key) + ending)


class Folder(Storage):
    """Files below one folder, readable by this user only."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, name: str, content: bytes, *, media_type: str) -> None:  # noqa: ARG002 - the ending says it
        path = self._folder / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}.new")
        with os.fdopen(os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)

    def get(self, name: str) -> bytes:
        try:
            return (self._folder / name).read_bytes()
        except FileNotFoundError:
            raise NotFound from None

    def delete(self, name: str) -> None:
        (self._folder / name).unlink(missing_ok=True)

    def names(self, beginning: str, *, before: datetime) -> Iterator[str]:
        for folder, _, files in os.walk(self._folder / beginning):
            for path in (Path(folder, file) for file in files):
                with suppress(FileNotFoundError):  # gone meanwhile
                    if path.stat().st_mtime < before.timestamp():
                        yield path.relative_to(self._folder).as_posix()


class Bucket(Storage):
    """Objects in an S3 bucket, of whatever vendor."""

    def __init__(self, settings: Settings) -> None:
        # Imported here: it takes half a second, and most processes keep no files.
        import boto3
        from botocore.config import Config

        self._name = settings.s3_bucket
        self._client: Any = boto3.client(
            "s3",
            endpoint_url=settings.s3_endpoint_url or None,
            aws_access_key_id=settings.s3_access_key_id or None,
            aws_secret_access_key=settings.s3_secret_access_key or None,
            region_name="eu-west-1",
            config=Config(
                connect_timeout=3,
                read_timeout=10,
                retries={"total_max_attempts": 3},
                s3={"addressing_style": "path"},
                # Checksums in trailers are not known by every vendor.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
            ),
        )

    def put(self, name: str, content: bytes, *, media_type: str) -> None:
        self._client.put_object(Bucket=self._name, Key=name, Body=content, ContentType=media_type)

    def get(self, name: str) -> bytes:
        try:
            answer = self._client.get_object(Bucket=self._name, Key=name)
        except self._client.exceptions.NoSuchKey:
            raise NotFound from None
        content: bytes = answer["Body"].read()
        return content

    def delete(self, name: str) -> None:
        self._client.delete_object(Bucket=self._name, Key=name)

    def names(self, beginning: str, *, before: datetime) -> Iterator[str]:
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._name, Prefix=beginning)
        return (one["Key"] for page in pages for one in page.get("Contents", ()) if one["LastModified"] < before)


@cache
def storage_of(settings: Settings) -> Storage:
    """Return the storage that these settings name: the bucket, else FILES_DIR, else a folder in HEITJE_HOME."""
    if settings.s3_bucket:
        return Bucket(settings)
    return Folder(Path(settings.files_dir) if settings.files_dir else settings.heitje_home / "files")


def _known(key: str) -> str:
    if not _KEY.fullmatch(key):
        raise NotFound
    return key
