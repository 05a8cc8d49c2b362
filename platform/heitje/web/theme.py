# SPDX-License-Identifier: EUPL-1.2
"""One brand colour becomes a scale of eight steps, as a stylesheet under 1 kB.

Steps are of equal hue in OKLCH. Step 5 carries white text and is darkened until that text reads at 5.5:1
(WCAG asks 4.5:1; the rest is room for dim screens outdoors). Chroma gives way where sRGB ends.
"""

import math
import re

DEFAULT_COLOUR = "7a1f5c"
TEXT_CONTRAST = 5.5

_HEX = re.compile(r"[0-9a-f]{6}", re.ASCII)
# Lightness of the light steps 1-4 and the share of the brand's chroma they keep.
_LIGHT_STEPS = ((0.975, 0.10), (0.935, 0.22), (0.86, 0.45), (0.72, 0.80))

Triple = tuple[float, float, float]


class ColourUnreadable(ValueError):
    """Not six hexadecimal digits."""


def scale(colour: str) -> list[str]:
    """Return eight colours as "#rrggbb", lightest first; the fifth carries white text.

    `colour` is six hexadecimal digits, with or without "#". Raises `ColourUnreadable`.
    """
    digits = colour.removeprefix("#").lower()
    if _HEX.fullmatch(digits) is None:
        raise ColourUnreadable(colour)
    lightness, chroma, hue = _to_oklch(digits)

    brand = min(lightness, 0.62)
    while contrast(_to_hex(brand, chroma, hue), "#ffffff") < TEXT_CONTRAST:
        brand -= 0.005
    light = [_to_hex(step, chroma * share, hue) for step, share in _LIGHT_STEPS]
    dark = [_to_hex(brand * share, chroma * share, hue) for share in (1.0, 0.84, 0.68, 0.5)]
    return light + dark


def stylesheet(colour: str) -> str:
    """Return the stylesheet that sets the brand's scale, under 1 kB."""
    steps = "".join(f"--brand-{number}:{value};" for number, value in enumerate(scale(colour), start=1))
    return f":root{{{steps}}}\n"


def contrast(one: str, other: str) -> float:
    """Return the WCAG contrast of two colours, 1 to 21."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    red, green, blue = _linear(colour.removeprefix("#"))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(digits: str) -> Triple:
    parts = (int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return red, green, blue


def _to_oklch(digits: str) -> Triple:
    red, green, blue = _linear(digits)
    long = math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
    medium = math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
    short = math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
    lightness = 0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short
    a = 1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short
    b = 0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short
    return lightness, math.hypot(a, b), math.atan2(b, a)


def _from_oklch(lightness: float, chroma: float, hue: float) -> Triple:
    a, b = chroma * math.cos(hue), chroma * math.sin(hue)
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short,
    )


def _to_hex(lightness: float, chroma: float, hue: float) -> str:
    """Write the colour in sRGB; chroma shrinks until it fits."""
    values = _from_oklch(lightness, chroma, hue)
    while chroma > 0 and not all(-0.0005 <= value <= 1.0005 for value in values):
        chroma = chroma - 0.004 if chroma > 0.004 else 0.0
        values = _from_oklch(lightness, chroma, hue)
    clipped = (min(max(value, 0.0), 1.0) for value in values)
    encoded = (value * 12.92 if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055 for value in clipped)
    return "#" + "".join(f"{round(value * 255):02x}" for value in encoded)
