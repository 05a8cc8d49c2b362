# SPDX-License-Identifier: EUPL-1.2
"""One hash over the lines of a batch: whoever knows a line can prove that it is in there, and nobody else sees it.

Leaves are hashed twice and pairs are sorted, so that OpenZeppelin's `MerkleProof` verifies the same proofs.
"""

from collections.abc import Sequence

from eth_utils.crypto import keccak


def leaf(octets: bytes) -> bytes:
    """Return the leaf of a serialised line."""
    return keccak(keccak(octets))


def root(leaves: Sequence[bytes]) -> bytes:
    """Return the root over the leaves in this order; 32 zero bytes for none."""
    if not leaves:
        return bytes(32)
    return _levels(leaves)[-1][0]


def proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Return the hashes that lead from leaf number `index` to the root."""
    path = []
    for level in _levels(leaves)[:-1]:
        sibling = index ^ 1
        if sibling < len(level):
            path.append(level[sibling])
        index //= 2
    return path


def is_proven(root_hash: bytes, leaf_hash: bytes, path: Sequence[bytes]) -> bool:
    """Tell whether the path leads from the leaf to the root."""
    for sibling in path:
        leaf_hash = _pair(leaf_hash, sibling)
    return leaf_hash == root_hash


def _pair(left: bytes, right: bytes) -> bytes:
    return keccak(min(left, right) + max(left, right))


def _levels(leaves: Sequence[bytes]) -> list[list[bytes]]:
    levels = [list(leaves)]
    while len(levels[-1]) > 1:
        level = levels[-1]
        # A last one without a partner moves up as it is.
        levels.append(
            [_pair(*level[at : at + 2]) if at + 1 < len(level) else level[at] for at in range(0, len(level), 2)]
        )
    return levels
