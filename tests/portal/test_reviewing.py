# SPDX-License-Identifier: EUPL-1.2
"""An approver of the right department decides; the reward moves once; nobody else sees it (R20, T11, M15)."""

import re
from io import BytesIO

import pytest
from PIL import Image
from werkzeug.datastructures import FileStorage

from heitje.identity.roles import Role


@pytest.fixture
def tenant(given):
    return given.tenant()


@pytest.fixture
def approver(signed_in, tenant):
    return signed_in(tenant.approver)


def handed_in(given, tenant, *, name="Nelly Citizen", **chore):
    citizen = given.citizen(name)
    chore = given.chore(tenant, **chore)
    return citizen, given.hand_in(citizen, given.claim(citizen, chore))


def token_of(page):
    return re.search(r'name="csrf_token" value="([^"]*)"', page.get_data(as_text=True))[1]


def test_the_queue_shows_what_a_decision_needs(approver, given, tenant):
    handed_in(given, tenant, title="Bladeren harken", good_result="Het gras is zichtbaar.", reward_cents=7_50)

    page = approver.get(f"/portal/{tenant.slug}/claims").get_data(as_text=True)

    for text in ("Bladeren harken", "Nelly Citizen", "1 uur", "Het gras is zichtbaar.", "7,50"):
        assert text in page


def test_approving_pays_the_citizen_and_thanks(approver, given, tenant):
    citizen, claim = handed_in(given, tenant, reward_cents=9_00)
    address = f"/portal/{tenant.slug}/claims/{claim.id}"

    answer = approver.submit(f"{address}/approve", address, quality="5", thanks="Prachtig gedaan!")

    assert answer.location.endswith("/claims")
    assert given.balance(citizen) == 9_00
    page = approver.get(address).get_data(as_text=True)
    assert "Prachtig gedaan!" in page
    assert "Arie Akkoord" in page


def test_approving_twice_pays_once(approver, given, tenant):
    citizen, claim = handed_in(given, tenant, reward_cents=9_00)
    address = f"/portal/{tenant.slug}/claims/{claim.id}"
    token = token_of(approver.get(address))

    for _ in range(2):
        assert approver.post(f"{address}/approve", data={"csrf_token": token, "quality": "4"}).status_code == 303

    assert given.balance(citizen) == 9_00


def test_several_are_approved_at_once(approver, given, tenant):
    first, claim = handed_in(given, tenant, reward_cents=5_00)
    second, other = handed_in(given, tenant, reward_cents=6_00)
    queue = f"/portal/{tenant.slug}/claims"

    answer = approver.submit(f"{queue}/approve", queue, claim=[str(claim.id), str(other.id)])

    assert answer.status_code == 303
    assert (given.balance(first), given.balance(second)) == (5_00, 6_00)
    assert "2 goedgekeurd" in approver.get(queue).get_data(as_text=True)


def test_rejecting_wants_a_reason_and_frees_the_slot(approver, given, databases, tenant):
    citizen, claim = handed_in(given, tenant, slots_count=1)
    address = f"/portal/{tenant.slug}/claims/{claim.id}"
    without = approver.submit(f"{address}/reject", address, **{"reject-reason_code": "not_done", "reject-reason": ""})
    assert without.status_code == 422

    answer = approver.submit(
        f"{address}/reject",
        address,
        **{"reject-reason_code": "not_good_enough", "reject-reason": "Er ligt nog blad onder de heg."},
    )

    assert answer.status_code == 303
    assert given.balance(citizen) == 0
    page = approver.get(address).get_data(as_text=True)
    assert "Er ligt nog blad onder de heg." in page
    assert "Het resultaat is niet goed genoeg" in page


def test_asking_more_keeps_the_claim(approver, given, tenant):
    _citizen, claim = handed_in(given, tenant)
    address = f"/portal/{tenant.slug}/claims/{claim.id}"

    answer = approver.submit(f"{address}/ask", address, **{"ask-reason": "Kunt u ook de achterkant laten zien?"})

    assert answer.status_code == 303
    assert "Kunt u ook de achterkant laten zien?" in approver.get(address).get_data(as_text=True)


def test_an_approver_of_another_department_finds_nothing(signed_in, given, tenant):
    _citizen, claim = handed_in(given, tenant, title="Andere afdeling")
    elsewhere = given.department(tenant.id, "Zorg")
    other = signed_in(given.member(tenant.id, Role.APPROVER, department=elsewhere))
    address = f"/portal/{tenant.slug}/claims"
    token = token_of(other.get(f"/portal/{tenant.slug}/account"))

    assert "Andere afdeling" not in other.get(address).get_data(as_text=True)
    assert other.get(f"{address}/{claim.id}").status_code == 404
    assert other.post(f"{address}/{claim.id}/approve", data={"csrf_token": token}).status_code == 404
    many = other.post(f"{address}/approve", data={"csrf_token": token, "claim": [str(claim.id)]})
    assert many.status_code == 303
    assert given.balance(_citizen) == 0


def test_an_editor_without_that_role_cannot_review(signed_in, given, tenant):
    editor = signed_in(given.member(tenant.id, Role.EDITOR))

    assert editor.get(f"/portal/{tenant.slug}/claims").status_code == 403


def test_nobody_approves_an_own_claim(signed_in, given, tenant):
    chore = given.chore(tenant, reward_cents=9_00)
    self_made = given.citizen("Sam Zelf", email="sam@tenant.example")
    claim = given.hand_in(self_made, given.claim(self_made, chore))
    approver = signed_in(given.member(tenant.id, Role.APPROVER, email="sam@tenant.example"))
    address = f"/portal/{tenant.slug}/claims/{claim.id}"

    answer = approver.submit(f"{address}/approve", address, quality="5", thanks="")

    assert answer.status_code == 403
    assert "collega" in answer.get_data(as_text=True)
    assert given.balance(self_made) == 0


def test_many_at_once_names_the_own_claim_and_approves_the_rest(signed_in, given, tenant):
    own = given.citizen("Sam Zelf", email="sam.many@tenant.example")
    claim = given.hand_in(own, given.claim(own, given.chore(tenant)))
    other, another = handed_in(given, tenant, reward_cents=4_00)
    approver = signed_in(given.member(tenant.id, Role.APPROVER, email="sam.many@tenant.example"))
    queue = f"/portal/{tenant.slug}/claims"

    approver.submit(f"{queue}/approve", queue, claim=[str(claim.id), str(another.id)])

    assert given.balance(own) == 0
    assert given.balance(other) == 4_00
    page = approver.get(queue).get_data(as_text=True)
    assert "eigen" in page


@pytest.fixture
def with_photo(given, tenant, app):
    from heitje.files.photos import keep_photo

    picture = BytesIO()
    Image.new("RGB", (900, 600), "green").save(picture, "JPEG")
    picture.seek(0)
    with app.app_context():
        key = keep_photo(FileStorage(picture, "foto.jpg"))
    citizen = given.citizen()
    claim = given.claim(citizen, given.chore(tenant, evidence=["photo"]))
    return given.hand_in(citizen, claim, photo_keys=(key,))


def photo_address(page):
    return re.search(r'src="([^"]+/evidence/[^"]+)"', page.get_data(as_text=True))[1]


def test_the_photo_is_for_approvers_of_the_department_only(approver, signed_in, visitor, given, tenant, with_photo):
    address = photo_address(approver.get(f"/portal/{tenant.slug}/claims/{with_photo.id}"))
    answer = approver.get(address)
    assert answer.status_code == 200
    assert answer.mimetype == "image/jpeg"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert "no-store" in answer.headers["Cache-Control"] or "private" in answer.headers["Cache-Control"]

    elsewhere = given.department(tenant.id, "Sport")
    stranger = given.tenant()
    assert signed_in(given.member(tenant.id, Role.APPROVER, department=elsewhere)).get(address).status_code == 404
    assert signed_in(given.member(tenant.id, Role.EDITOR)).get(address).status_code == 403
    other = signed_in(stranger.owner)
    assert other.get(address).status_code == 404
    assert other.get(address.replace(tenant.slug, stranger.slug)).status_code == 404
    assert visitor.get(address).status_code == 303
