# SPDX-License-Identifier: EUPL-1.2
import pytest

from token_bridge import merkle

LEAVES = [merkle.leaf(number.to_bytes(32, "big")) for number in range(11)]


@pytest.mark.parametrize("count", range(1, 12))
def test_every_line_of_a_batch_can_be_proven_and_no_other(count):
    leaves = LEAVES[:count]
    root = merkle.root(leaves)

    for index, leaf in enumerate(leaves):
        path = merkle.proof(leaves, index)
        assert merkle.is_proven(root, leaf, path)
        assert not merkle.is_proven(root, merkle.leaf(b"another"), path)


def test_an_empty_batch_has_the_empty_root():
    assert merkle.root([]) == bytes(32)


def test_the_root_says_which_lines_and_in_what_order():
    assert merkle.root(LEAVES[:4]) != merkle.root(LEAVES[:5])
    assert merkle.root(LEAVES[:4]) != merkle.root([LEAVES[0], LEAVES[2], LEAVES[1], LEAVES[3]])


def test_the_root_is_the_one_that_openzeppelins_tree_has():
    # Sorted pairs, doubly hashed leaves: the root of a pair is the hash of the smaller, then the larger.
    from eth_utils import keccak

    one, two = (keccak(keccak(octets)) for octets in (b"one", b"two"))
    assert merkle.root([merkle.leaf(b"one"), merkle.leaf(b"two")]) == keccak(min(one, two) + max(one, two))
