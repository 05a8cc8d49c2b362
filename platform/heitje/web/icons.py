# SPDX-License-Identifier: EUPL-1.2
"""Icons of lucide, drawn inside the page so that they take the colour of the text beside them."""

import json
from functools import cache
from pathlib import Path

from markupsafe import Markup

VENDOR_ICONS = Path(__file__).parent / "static" / "vendor" / "icons.json"

_SHAPES = frozenset({"path", "circle", "rect", "line", "polyline", "polygon", "ellipse"})
_MEASURES = frozenset(
    {"d", "cx", "cy", "r", "x", "y", "x1", "y1", "x2", "y2", "rx", "ry", "width", "height", "points", "fill"}
)


class IconUnknown(LookupError):
    """Lucide has no icon of this name, or `python -m heitje_server.vendor` has not brought them."""


@cache
def icon(name: str, *, label: str = "", size: str = "") -> Markup:
    """Return the icon as SVG: hidden from screen readers, or with `label` as its name.

    `size` is "small", "large", "huge" or empty. Only shapes and their measures are taken from the file.
    """
    shapes = Markup("").join(
        Markup("<{}{}/>").format(
            kind, Markup("").join(Markup(' {}="{}"').format(key, measures[key]) for key in measures if key in _MEASURES)
        )
        for kind, measures in _drawings(name)
        if kind in _SHAPES
    )
    name_of_it = Markup('role="img" aria-label="{}"').format(label) if label else Markup('aria-hidden="true"')
    return Markup(
        '<svg class="icon{}" viewBox="0 0 24 24" width="24" height="24" fill="none" stroke="currentColor" '
        'stroke-width="2" stroke-linecap="round" stroke-linejoin="round" focusable="false" {}>{}</svg>'
    ).format(f" icon-{size}" if size else "", name_of_it, shapes)


def _drawings(name: str) -> list[tuple[str, dict[str, str]]]:
    try:
        return _all_drawings()[name]
    except (KeyError, FileNotFoundError) as error:
        raise IconUnknown(name) from error


@cache
def _all_drawings() -> dict[str, list[tuple[str, dict[str, str]]]]:
    drawings: dict[str, list[tuple[str, dict[str, str]]]] = json.loads(VENDOR_ICONS.read_text("utf-8"))
    return drawings
