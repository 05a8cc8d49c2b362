# SPDX-License-Identifier: EUPL-1.2
"""Photos are drawn anew; what is no photo is refused (W3)."""

import resource
import struct
import zlib
from contextlib import suppress
from io import BytesIO
from types import SimpleNamespace

import pytest
from PIL import Image, PngImagePlugin

from heitje.config import Settings
from heitje.errors import NotFound
from heitje.files.photos import PhotoUnusable, clean_photo, delete_photo, keep_photo, read_photo
from heitje.jobs.process import init_jobs

EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
CANARY = b"canary-51.5074N-0.1278W"


def picture(kind: str = "JPEG", size=(800, 600), mode="RGB", **options) -> bytes:
    image = Image.radial_gradient("L").resize(size).convert(mode)
    written = BytesIO()
    image.save(written, kind, **options)
    return written.getvalue()


def with_gps() -> bytes:
    exif = Image.Exif()
    exif[0x010F] = CANARY.decode()
    exif[0x0112] = 6
    gps = exif.get_ifd(0x8825)
    gps[1], gps[2], gps[3], gps[4] = "N", (50.0, 53.0, 12.0), "E", (5.0, 58.0, 48.0)
    return picture(exif=exif, comment=CANARY, xmp=b"<x:xmpmeta>" + CANARY + b"</x:xmpmeta>")


def opened(content: bytes) -> Image.Image:
    return Image.open(BytesIO(content))


def test_a_photo_loses_its_place_and_everything_else_but_its_pixels():
    original = with_gps()
    assert opened(original).getexif().get_ifd(0x8825)
    assert CANARY in original
    photo = clean_photo(original)
    for content in (photo.large, photo.small):
        image = opened(content)
        assert dict(image.getexif()) == {}
        assert not {"exif", "xmp", "comment", "icc_profile", "photoshop"} & set(image.info)
        assert CANARY not in content
        assert b"Exif" not in content


def test_a_photo_stands_upright_although_its_exif_is_gone():
    assert opened(with_gps()).size == (800, 600)
    assert opened(clean_photo(with_gps()).large).size == (600, 800)


def test_a_photo_is_kept_in_two_sizes():
    photo = clean_photo(picture(size=(4000, 3000)))
    assert opened(photo.large).size == (1600, 1200)
    assert opened(photo.small).size == (400, 300)
    assert opened(photo.large).format == opened(photo.small).format == "JPEG"


def test_a_small_photo_is_not_blown_up():
    assert opened(clean_photo(picture(size=(120, 80))).large).size == (120, 80)


@pytest.mark.parametrize(
    ("kind", "mode"), [("PNG", "RGB"), ("PNG", "RGBA"), ("PNG", "P"), ("PNG", "L"), ("PNG", "LA"), ("PNG", "1"),
                       ("WEBP", "RGB"), ("WEBP", "RGBA"), ("JPEG", "L"), ("JPEG", "CMYK")]
)  # fmt: skip
def test_all_that_phones_and_scanners_send_is_read(kind, mode):
    assert opened(clean_photo(picture(kind, mode=mode)).large).mode == "RGB"


def test_what_hides_behind_the_picture_is_gone():
    hidden = picture() + b"<script>alert(1)</script>" + b"PK\x03\x04" + CANARY
    photo = clean_photo(hidden)
    assert b"<script>" not in photo.large + photo.small
    assert CANARY not in photo.large + photo.small


def test_text_in_a_png_is_gone():
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Location", CANARY.decode())
    assert CANARY not in clean_photo(picture("PNG", pnginfo=notes)).large


def png_that_says(width: int, height: int) -> bytes:
    """A PNG of a few bytes whose head promises so many pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    rows = zlib.compress(b"\0" * 10_000_000, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(50_000, 50_000), (8_000, 8_000), (6_400, 6_300), (2**31 - 1, 1), (1, 2**31 - 1)])
def test_a_picture_with_too_many_pixels_is_refused_before_it_is_decoded(size):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(PhotoUnusable):
        clean_photo(png_that_says(*size))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50_000


def test_a_bomb_in_the_text_of_a_png_is_refused_or_harmless():
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Bomb", "x" * 30_000_000, zip=True)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with suppress(PhotoUnusable):
        clean_photo(picture("PNG", pnginfo=notes))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 250_000


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no picture",
        EICAR,
        b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
        b"<html><script>alert(1)</script></html>",
        b"%PDF-1.7\n",
        b"GIF89a/*" + b"\0" * 20 + b"*/=1;alert(1)",
        b"\xff\xd8\xff\xe0" + b"\0" * 200,
        b"\x89PNG\r\n\x1a\n" + b"\0" * 100,
        b"RIFF\x10\0\0\0WEBPVP8 ",
        b"II*\0" + b"\0" * 64,
        b"%!PS-Adobe-3.0 EPSF-3.0\n",
    ],
)
def test_what_is_no_photo_is_refused(content):
    with pytest.raises(PhotoUnusable) as refusal:
        clean_photo(content)
    assert "JPEG, PNG" in refusal.value.errors["photo"][0]


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "ICO"])
def test_other_pictures_are_refused(kind):
    with pytest.raises(PhotoUnusable):
        clean_photo(picture(kind))


def test_half_a_photo_is_refused():
    with pytest.raises(PhotoUnusable):
        clean_photo(picture(size=(1000, 1000))[:5000])


def test_more_than_twenty_megabytes_are_refused():
    with pytest.raises(PhotoUnusable, match="photo-unusable"):
        clean_photo(b"\xff" * 20_000_001)


@pytest.fixture
def kept(tmp_path):
    init_jobs(Settings(files_dir=str(tmp_path)))
    yield tmp_path
    init_jobs(Settings())


def upload(content: bytes) -> SimpleNamespace:
    return SimpleNamespace(stream=BytesIO(content))


def test_a_kept_photo_is_read_back_in_both_sizes_and_forgotten(kept):
    key = keep_photo(upload(picture()))
    assert opened(read_photo(key)).size == (800, 600)
    assert opened(read_photo(key, small=True)).size == (400, 300)
    delete_photo(key)
    with pytest.raises(NotFound):
        read_photo(key)


def test_nothing_is_kept_of_what_is_refused(kept):
    with pytest.raises(PhotoUnusable):
        keep_photo(upload(EICAR))
    assert list(kept.rglob("*")) == []
