# SPDX-License-Identifier: EUPL-1.2
from uuid import UUID

from token_bridge.addresses import account_address, issuer_id, line_salt, operation_id

SECRET = b"0123456789abcdef0123456789abcdef"
OTHER_SECRET = b"fedcba9876543210fedcba9876543210"
SCHEME = UUID("8f7a8c1e-3f55-4a8e-9d0a-0d8ad1c3a001")
PLAY = UUID("8f7a8c1e-3f55-4a8e-9d0a-0d8ad1c3a002")


def test_an_account_has_one_address_for_ever():
    assert account_address(SECRET, SCHEME, 7) == account_address(SECRET, SCHEME, 7)
    assert len(account_address(SECRET, SCHEME, 7)) == 20


def test_accounts_schemes_and_secrets_have_addresses_of_their_own():
    found = {
        account_address(secret, scheme, account)
        for secret in (SECRET, OTHER_SECRET)
        for scheme in (SCHEME, PLAY)
        for account in range(1, 50)
    }
    assert len(found) == 2 * 2 * 49


def test_nobody_without_the_secret_can_link_an_address_to_an_account():
    # All that an outsider knows: the scheme and every account id. Guessing a secret gives other addresses.
    guessed = {account_address(b"", SCHEME, account) for account in range(1, 200)}
    assert account_address(SECRET, SCHEME, 7) not in guessed


def test_salts_differ_from_line_to_line():
    assert len({line_salt(SECRET, SCHEME, transfer) for transfer in range(100)}) == 100


def test_an_issuer_is_public_and_an_operation_is_numbered():
    assert issuer_id(SCHEME) == issuer_id(SCHEME) != issuer_id(PLAY)
    assert operation_id(1, 2) != operation_id(12, 2) != operation_id(1, 22)
