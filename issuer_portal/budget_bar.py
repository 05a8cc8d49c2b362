# SPDX-License-Identifier: EUPL-1.2
"""A budget line as a picture: paid, set aside and available, side by side. Measures for the macro that draws it."""

from dataclasses import dataclass

from heitje.cents import Cents
from heitje.purses.budgets import LineBalance

WIDTH = 600
GAP = 2
LOW_SHARE = 0.15
"""Below this share of what came in a line counts as nearly empty."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """One stretch of the bar, in units of the drawing."""

    kind: str
    x: float
    width: float


@dataclass(frozen=True, kw_only=True)
class BudgetBar:
    """The picture and its figures in cents."""

    paid_cents: Cents
    reserved_cents: Cents
    available_cents: Cents
    parts: tuple[Part, ...]

    @property
    def funded_cents(self) -> Cents:
        """All that came in."""
        return self.paid_cents + self.reserved_cents + self.available_cents

    @property
    def is_low(self) -> bool:
        """Tell whether little is left of what came in."""
        return self.funded_cents > 0 and self.available_cents < self.funded_cents * LOW_SHARE

    @classmethod
    def of(cls, *, paid_cents: Cents, reserved_cents: Cents, available_cents: Cents) -> "BudgetBar":
        """Measure the parts; each that is not zero is wide enough to be seen."""
        amounts = {"paid": paid_cents, "reserved": reserved_cents, "available": available_cents}
        total = sum(amounts.values())
        parts: list[Part] = []
        x = 0.0
        shown = {kind: max(amount / total, 0.012) for kind, amount in amounts.items() if amount > 0} if total else {}
        for kind, share in shown.items():
            width = WIDTH * share / sum(shown.values())
            parts.append(Part(kind=kind, x=round(x, 1), width=round(max(width - GAP, 1), 1)))
            x += width
        return cls(
            paid_cents=paid_cents,
            reserved_cents=reserved_cents,
            available_cents=available_cents,
            parts=tuple(parts),
        )


def budget_bar(balance: LineBalance) -> BudgetBar:
    """Return a line's picture."""
    return BudgetBar.of(
        paid_cents=balance.paid_cents,
        reserved_cents=balance.reserved_cents,
        available_cents=balance.available_cents,
    )
