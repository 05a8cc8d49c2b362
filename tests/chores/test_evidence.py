# SPDX-License-Identifier: EUPL-1.2
"""What a citizen hands in, as the approver finds it."""

from heitje.chores.claims import own_claim


def test_photos_stay_in_the_order_in_which_they_were_handed_in(given, databases):
    keys = tuple(f"{number:032x}.jpg" for number in (7, 3, 9, 1, 8, 2))
    citizen = given.citizen()
    claim = given.hand_in(
        citizen, given.claim(citizen, given.chore(given.tenant(), evidence=["photo"])), photo_keys=keys
    )

    with databases.as_citizen(citizen.id) as session:
        found = own_claim(session, claim.id, citizen.id)

    assert tuple(one.file_key for one in found.evidence) == keys
