# SPDX-License-Identifier: EUPL-1.2
"""A bar chart without a library: measures for the macro that draws it as SVG."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH = 420
HEIGHT = 200
TOP = 30
BOTTOM = 32
GAP_SHARE = 0.28


@dataclass(frozen=True)
class Bar:
    """One bar, in units of the drawing."""

    label: str
    text: str
    x: float
    y: float
    width: float
    height: float
    share: int
    """Of the highest, in hundredths."""

    @property
    def middle(self) -> float:
        """Return where the label is centred."""
        return self.x + self.width / 2


@dataclass(frozen=True)
class BarChart:
    """The measures of the whole drawing."""

    width: int
    height: int
    baseline: int
    bars: Sequence[Bar]


def bar_chart(rows: Sequence[tuple[str, float, str]]) -> BarChart:
    """Return the measures for rows of (label, value of zero or more, text of the value)."""
    highest = max((value for _label, value, _text in rows), default=0) or 1
    room = HEIGHT - TOP - BOTTOM
    step = WIDTH / max(len(rows), 1)
    bars = []
    for number, (label, value, text) in enumerate(rows):
        height = round(room * max(value, 0) / highest, 1)
        bars.append(
            Bar(
                label=label,
                text=text,
                x=round(step * (number + GAP_SHARE / 2), 1),
                y=round(TOP + room - height, 1),
                width=round(step * (1 - GAP_SHARE), 1),
                height=height,
                share=round(100 * max(value, 0) / highest),
            )
        )
    return BarChart(width=WIDTH, height=HEIGHT, baseline=HEIGHT - BOTTOM, bars=bars)
