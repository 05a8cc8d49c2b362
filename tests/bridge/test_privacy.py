# SPDX-License-Identifier: EUPL-1.2
"""Nothing of a person is on the chain: not in calls, not in events, not as a hash of it."""

import hashlib

import psycopg
from eth_utils.crypto import keccak


def candidates(database, town):
    """Everything that could point at somebody: ids, addresses, names, and numbers of accounts that are not ours to show."""
    with psycopg.connect(database.superuser_url) as everything:
        people = everything.execute("select id, email, name from citizens").fetchall()
        shops = everything.execute("select id, name from shops").fetchall()
    texts = {str(value) for row in [*people, *shops] for value in row if value}
    texts |= {str(town.line.tenant_id), str(town.line.line_id), str(town.books.scheme_id)}
    texts |= {found.replace("-", "") for found in texts}
    return texts


def test_no_call_and_no_event_holds_anything_of_a_person_or_a_hash_of_it(mirror, town, database):
    town.a_day()
    mirror.settle()
    chain, address = mirror.chain, mirror.deployment.address
    public = b"".join(batch.payload for batch in mirror.batches())
    for log in chain.logs(address, first=0, last=chain.head().number):
        public += b"".join(log.topics) + log.payload
    assert len(public) > 10_000

    wanted = candidates(database, town)
    assert len(wanted) > 5
    for found in wanted:
        octets = found.encode()
        forms = [octets, keccak(octets), keccak(octets)[-20:]]
        forms += [hashlib.new(name, octets).digest() for name in ("sha256", "sha1", "md5", "sha3_256")]
        forms += [bytes.fromhex(found)] if len(found) == 32 and set(found) <= set("0123456789abcdef") else []
        for form in forms:
            assert form not in public, found


def test_account_ids_cannot_be_read_off_the_addresses(mirror, town):
    town.a_day()
    mirror.settle()
    public = b"".join(batch.payload for batch in mirror.batches() if batch.sequence > 0)

    for account in range(1, 2_000):
        for form in (keccak(text=str(account))[-20:], keccak(account.to_bytes(8, "big"))[-20:]):
            assert form not in public
