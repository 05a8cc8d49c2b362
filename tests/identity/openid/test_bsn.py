# SPDX-License-Identifier: EUPL-1.2
"""A citizen service number, which we may not keep, is known when a provider gives it as somebody's subject."""

import pytest

from heitje.identity import oidc_client
from tests.identity.openid.attempts import BSN


@pytest.mark.parametrize("text", [BSN, "123456782", "010464554", "10464554"])
def test_a_bsn_is_known_by_its_eleven_test(text):
    assert oidc_client.looks_like_bsn(text)


@pytest.mark.parametrize("text", ["12345678", "123456789", "", "00000000", "abc111222333", "1112223331", "١١١٢٢٢٣٣٣"])
def test_other_subjects_are_no_bsn(text):
    assert not oidc_client.looks_like_bsn(text)
