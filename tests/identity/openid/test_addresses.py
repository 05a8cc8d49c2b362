# SPDX-License-Identifier: EUPL-1.2
"""We fetch nothing for a tenant from inside our own network."""

from dataclasses import replace
from urllib.parse import urlsplit

import pytest

from heitje.db.request import databases
from heitje.identity.outbound import AddressRefused, public_address
from tests.identity.openid.attempts import Town, make_app


@pytest.mark.parametrize("issuer", ["{plain}", "https://127.0.0.1:{port}", "https://localhost:{port}", "https://[::1]:{port}",
                                    "https://169.254.169.254", "https://10.0.0.1", "https://[::ffff:127.0.0.1]:{port}", "file:///etc/passwd"])  # fmt: skip
def test_a_tenants_address_inside_our_network_is_not_fetched(settings, provider, given, issuer):
    strict = make_app(replace(settings, oidc_allow_private=False))
    port = urlsplit(provider.issuer).port
    town = Town(given, provider, issuer=issuer.format(plain=provider.issuer, port=port))
    answer = town.leave(strict.test_client())
    assert answer.status_code == 400
    assert answer.json["reason"] in {"provider-address-refused", "provider-away"}
    with strict.app_context():
        databases().dispose()


@pytest.mark.parametrize(
    "host",
    ["localhost", "127.0.0.1", "0.0.0.0", "10.1.2.3", "192.168.1.1", "100.64.0.1", "::1", "fe80::1", "::ffff:8.8.8.8"],  # noqa: S104
)
def test_only_public_addresses_are_connected_to(host):
    with pytest.raises(AddressRefused):
        public_address(host, 443)


def test_a_public_address_is_let_through():
    assert public_address("192.0.43.8", 443) == "192.0.43.8"
