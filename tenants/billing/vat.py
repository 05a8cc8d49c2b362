# SPDX-License-Identifier: EUPL-1.2
"""VAT in whole cents: rounded once for the whole invoice, then shared out so that no cent is lost."""

from collections.abc import Sequence

from heitje.cents import Cents


def vat_on(net_cents: Cents, *, permille: int) -> Cents:
    """Return the VAT on an amount in cents, half a cent rounded up."""
    return (2 * net_cents * permille + 1000) // 2000


def split_vat(nets_cents: Sequence[Cents], *, permille: int) -> list[Cents]:
    """Return the VAT of each line; together exactly the VAT on their sum.

    Each line gets its share rounded down; the cents left over go to the largest remainders, earlier lines first.
    """
    shares = [divmod(net_cents * permille, 1000) for net_cents in nets_cents]
    left_cents = vat_on(sum(nets_cents), permille=permille) - sum(whole for whole, _ in shares)
    largest_first = sorted(range(len(shares)), key=lambda line: (-shares[line][1], line))
    luckier = set(largest_first[:left_cents])
    return [whole + (line in luckier) for line, (whole, _) in enumerate(shares)]
