# SPDX-License-Identifier: EUPL-1.2
"""No cent of VAT is lost or made."""

import random
from decimal import ROUND_HALF_UP, Decimal

import pytest

from tenants.billing.vat import split_vat, vat_on


@pytest.mark.parametrize(
    ("net_cents", "permille", "vat_cents"),
    [(100_00, 210, 21_00), (2, 210, 0), (3, 210, 1), (50, 90, 5), (0, 210, 0), (100_05, 0, 0), (1, 500, 1)],
)
def test_vat_is_rounded_to_the_nearest_cent_and_half_a_cent_up(net_cents, permille, vat_cents):
    assert vat_on(net_cents, permille=permille) == vat_cents


def test_a_hundred_thousand_random_splits_conserve_every_cent():
    chance = random.Random(20261123)
    for _ in range(100_000):
        permille = chance.choice([0, 90, 210, chance.randint(0, 1000)])
        nets_cents = [chance.randint(0, 10 ** chance.randint(0, 8)) for _ in range(chance.randint(1, 8))]
        if chance.random() < 0.3:
            nets_cents.append(-chance.randint(0, sum(nets_cents)))

        vats_cents = split_vat(nets_cents, permille=permille)

        exact = Decimal(sum(nets_cents)) * permille / 1000
        assert sum(vats_cents) == int(exact.quantize(Decimal(1), ROUND_HALF_UP)), (nets_cents, permille)
        for net_cents, vat_cents in zip(nets_cents, vats_cents, strict=True):
            assert abs(vat_cents - Decimal(net_cents) * permille / 1000) <= 1, (nets_cents, permille)
