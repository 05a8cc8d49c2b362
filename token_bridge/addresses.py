# SPDX-License-Identifier: EUPL-1.2
"""Who is who on the chain: addresses that nobody has a key to, and that only the holder of the secret can link.

Without the secret an address says nothing, not even to somebody who knows every account id.
"""

import hmac
from uuid import UUID

from eth_utils.crypto import keccak


def account_address(secret: bytes, scheme_id: UUID, account_id: int) -> bytes:
    """Return the 20 bytes under which a ledger account is known on the chain."""
    return keccak(_keyed(secret, f"account/{scheme_id}/{account_id}"))[-20:]


def line_salt(secret: bytes, scheme_id: UUID, transfer_id: int) -> bytes:
    """Return 32 bytes that keep a transfer in a Merkle tree from being guessed."""
    return _keyed(secret, f"line/{scheme_id}/{transfer_id}")


def issuer_id(tenant_id: UUID) -> bytes:
    """Return the 32 bytes of an issuer: public, anyone who knows the tenant's id finds its funding."""
    return keccak(text=f"heitje/issuer/{tenant_id}")


def operation_id(deployment_id: int, sequence: int) -> bytes:
    """Return the 32 bytes that an operation can be done under once."""
    return keccak(text=f"heitje/{deployment_id}/{sequence}")


def _keyed(secret: bytes, text: str) -> bytes:
    return hmac.digest(secret, f"heitje/chain/{text}".encode(), "sha256")
