# SPDX-License-Identifier: EUPL-1.2
"""Photos from people's phones: believed by nothing but their pixels.

What is kept is drawn anew from the pixels, so no place, no camera, no hidden script and no second file survives.
"""

from dataclasses import dataclass
from io import BytesIO
from typing import IO, Protocol

from flask_babel import gettext as _
from PIL import Image, ImageOps

from heitje.errors import InvalidInput
from heitje.files.storage import storage_of
from heitje.jobs.process import process_settings

FORMATS = ("JPEG", "PNG", "WEBP")
MOST_BYTES = 20_000_000
MOST_PIXELS = 40_000_000
LARGE_PX = 1600
SMALL_PX = 400
QUALITY = 82

# Pillow's own alarm, at what we refuse ourselves.
Image.MAX_IMAGE_PIXELS = MOST_PIXELS


class PhotoUnusable(InvalidInput):
    """The file is no photo that we can read, or it is too large."""

    code = "photo-unusable"
    title = "We cannot use this photo."


@dataclass(frozen=True, kw_only=True)
class Photo:
    """A photo made harmless: JPEG in two sizes, longest side 1600 and 400 pixels."""

    large: bytes
    small: bytes


class _Upload(Protocol):
    @property
    def stream(self) -> IO[bytes]: ...


def clean_photo(content: bytes) -> Photo:
    """Return the photo drawn anew. Raises `PhotoUnusable`."""
    if len(content) > MOST_BYTES:
        raise PhotoUnusable({"photo": [_("This photo is too large: 20 MB at most.")]})
    try:
        with Image.open(BytesIO(content), formats=FORMATS) as found:
            # Only the head was read so far; what would fill the memory is not decoded.
            if found.width * found.height > MOST_PIXELS:
                raise PhotoUnusable({"photo": [_("This photo has too many pixels: 40 million at most.")]})
            found.draft("RGB", (LARGE_PX * 2, LARGE_PX * 2))
            upright = ImageOps.exif_transpose(found)
            large = _draw_anew(upright, LARGE_PX)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise PhotoUnusable({"photo": [_("This photo has too many pixels: 40 million at most.")]}) from None
    except (OSError, ValueError, SyntaxError, TypeError, KeyError, IndexError, EOFError, MemoryError):
        # All that Pillow raises on files that are broken by accident or by design.
        raise PhotoUnusable({"photo": [_("We cannot read this file. Send a photo as JPEG, PNG or WebP.")]}) from None
    return Photo(large=_as_jpeg(large), small=_as_jpeg(_draw_anew(large, SMALL_PX)))


def keep_photo(upload: _Upload) -> str:
    """Clean an uploaded photo and keep it; return its key. Raises `PhotoUnusable`."""
    content = upload.stream.read(MOST_BYTES + 1)
    return storage_of(process_settings()).put_photo(clean_photo(content))


def read_photo(key: str, *, small: bool = False) -> bytes:
    """Return a kept photo as JPEG; raises `NotFound`."""
    return storage_of(process_settings()).get_photo(key, small=small)


def delete_photo(key: str) -> None:
    """Forget a kept photo."""
    storage_of(process_settings()).delete_photo(key)


def _draw_anew(image: Image.Image, longest_px: int) -> Image.Image:
    """Return the pixels alone, on white, no larger than this."""
    image = image.copy()
    image.thumbnail((longest_px, longest_px), Image.Resampling.LANCZOS)
    fresh = Image.new("RGB", image.size, "white")
    if image.mode in {"RGBA", "LA", "PA", "P"}:
        see_through = image.convert("RGBA")
        fresh.paste(see_through, mask=see_through.getchannel("A"))
    else:
        fresh.paste(image.convert("RGB"))
    return fresh


def _as_jpeg(image: Image.Image) -> bytes:
    written = BytesIO()
    image.save(written, "JPEG", quality=QUALITY, optimize=True, progressive=True)
    return written.getvalue()
