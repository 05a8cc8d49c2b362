# SPDX-License-Identifier: EUPL-1.2
"""From signing up to the reward, in the app: claim, begin, hand in, give back, be told (R1, R5, R7, R8, R62)."""

import re
from datetime import timedelta
from io import BytesIO
from uuid import uuid4

import pytest
from PIL import Image

from heitje.chores.decisions import ask_more, reject_claim
from heitje.clock import AMSTERDAM, now


@pytest.fixture(scope="module")
def tenant(given):
    return given.tenant("Gemeente Heerlen")


@pytest.fixture
def citizen(given):
    return given.citizen("Fatima Aksoy")


@pytest.fixture
def browser(signed_in, citizen):
    return signed_in(citizen)


def sign_up(browser, chore):
    answer = browser.submit(f"/chores/{chore.id}/claim", page=f"/chores/{chore.id}")
    assert answer.status_code == 303, answer.get_data(as_text=True)
    return answer.headers["Location"]


def picture() -> BytesIO:
    content = BytesIO()
    Image.new("RGB", (640, 480), "green").save(content, "JPEG")
    content.seek(0)
    return content


def test_after_signing_in_two_taps_commit_to_a_chore(browser, given, tenant):
    """The list, the chore's page, the button: R1 allows four."""
    chore = given.chore(tenant)

    page = browser.get(sign_up(browser, chore)).get_data(as_text=True)

    assert "U doet mee" in page
    assert "Stuur uw werk in" in page
    confirmed = browser.get("/messages").get_data(as_text=True)
    assert f"De klus is voor u: {chore.title}" in confirmed


def test_a_chore_with_a_moment_says_that_moment_and_where_to_be(browser, given, tenant):
    """Not by when one has to begin: that day lies after it."""
    at = now().replace(microsecond=0) + timedelta(days=3)
    chore = given.chore(tenant, starts_at=at, closes_at=at + timedelta(days=2), place_name="Bij de grote eik")

    page = browser.get(sign_up(browser, chore)).get_data(as_text=True)

    top = page.split('id="hand-in"')[0]
    assert re.search(rf"De klus is op \w+ {at.astimezone(AMSTERDAM):%-d \w+, %-H.%M} uur\.", top)
    assert "Doe de klus vóór" not in top
    assert "Bij de grote eik" in top


def test_signing_up_twice_with_one_key_takes_one_place(browser, given, tenant):
    chore = given.chore(tenant, slots_count=3)
    data = {"idempotency_key": "one-button-pressed-twice"}
    token = (
        browser.get(f"/chores/{chore.id}").get_data(as_text=True).split('name="csrf_token" value="')[1].split('"')[0]
    )

    first = browser.post(f"/chores/{chore.id}/claim", data=data | {"csrf_token": token})
    second = browser.post(f"/chores/{chore.id}/claim", data=data | {"csrf_token": token})

    assert first.headers["Location"] == second.headers["Location"]
    assert "Nog 2 plekken" in browser.get(f"/chores/{chore.id}").get_data(as_text=True)


def test_a_visitor_is_led_to_sign_in_and_straight_back(visitor, given, tenant):
    chore = given.chore(tenant)

    page = visitor.get(f"/chores/{chore.id}").get_data(as_text=True)

    assert f'href="/sign-in?next=/chores/{chore.id}"' in page.replace("%2F", "/")
    assert "/claim" not in page


def test_a_full_chore_says_so_and_takes_nobody(browser, given, tenant):
    chore = given.chore(tenant, slots_count=1)
    page = browser.get(f"/chores/{chore.id}").get_data(as_text=True)
    token = page.split('name="csrf_token" value="')[1].split('"')[0]
    given.claim(given.citizen(), chore)

    answer = browser.post(f"/chores/{chore.id}/claim", data={"csrf_token": token, "idempotency_key": uuid4().hex})

    assert answer.status_code == 409
    assert "Alle plekken van deze klus zijn bezet" in answer.get_data(as_text=True)
    assert "Nog geen klussen" in browser.get("/my-chores").get_data(as_text=True)


def test_a_chore_for_eighteen_and_older_is_refused_without_a_year_of_birth(signed_in, given, tenant):
    browser = signed_in(given.citizen(birth_year=None))
    chore = given.chore(tenant, min_age=18)

    answer = browser.submit(f"/chores/{chore.id}/claim", page=f"/chores/{chore.id}")

    assert answer.status_code == 403
    assert "geboortejaar" in answer.get_data(as_text=True)


def test_a_claim_is_begun_and_handed_in_with_hours_and_a_remark(browser, given, tenant, citizen):
    chore = given.chore(tenant, evidence=["hours"])
    place = sign_up(browser, chore)
    browser.submit(f"{place}/begin", page=place)

    answer = browser.submit(f"{place}/evidence", page=place, minutes="75", remark="Het was een mooie ochtend.")

    page = browser.get(answer.headers["Location"]).get_data(as_text=True)
    assert answer.status_code == 303
    for text in ("Ingestuurd", "1 uur en 15 minuten", "Het was een mooie ochtend.", "bekijkt uw werk"):
        assert text in page
    assert "Stuur uw werk in" not in page


def test_a_photo_is_asked_where_the_chore_asks_for_it_and_kept(browser, given, tenant):
    chore = given.chore(tenant, evidence=["photo"])
    place = sign_up(browser, chore)

    without = browser.submit(f"{place}/evidence", page=place, remark="")
    with_photo = browser.submit(f"{place}/evidence", page=place, photo=(picture(), "foto.jpg"))

    assert without.status_code == 422
    assert "Voeg een foto van het resultaat toe" in without.get_data(as_text=True)
    assert with_photo.status_code == 303
    page = browser.get(place).get_data(as_text=True)
    source = page.split('<img class="photo" src="')[1].split('"')[0]
    photo = browser.get(source)
    assert photo.mimetype == "image/jpeg"
    assert photo.headers["X-Content-Type-Options"] == "nosniff"


def test_a_photo_of_somebody_else_is_not_found(browser, signed_in, given, tenant):
    chore = given.chore(tenant, evidence=["photo"])
    place = sign_up(browser, chore)
    browser.submit(f"{place}/evidence", page=place, photo=(picture(), "foto.jpg"))
    source = browser.get(place).get_data(as_text=True).split('<img class="photo" src="')[1].split('"')[0]

    assert signed_in(given.citizen()).get(source).status_code == 404


@pytest.mark.parametrize("content", [b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"<html>not a photo</html>", b""])
def test_what_is_no_photo_is_refused_and_nothing_is_handed_in(browser, given, tenant, content):
    chore = given.chore(tenant, evidence=["photo"])
    place = sign_up(browser, chore)

    answer = browser.submit(f"{place}/evidence", page=place, photo=(BytesIO(content), "foto.jpg"))

    assert answer.status_code == 422
    assert "Aangemeld" in browser.get(place).get_data(as_text=True)


def test_a_care_chore_takes_no_photo_but_the_code(browser, given, tenant):
    chore = given.chore(tenant, evidence=["hours", "code"])
    place = sign_up(browser, chore)
    page = browser.get(place).get_data(as_text=True)
    assert 'type="file"' not in page

    without = browser.submit(f"{place}/evidence", page=place, minutes="45")
    with_code = browser.submit(f"{place}/evidence", page=place, minutes="45", code="LAMP7")

    assert without.status_code == 422
    assert "Vul de code in" in without.get_data(as_text=True)
    assert with_code.status_code == 303
    assert "LAMP7" in browser.get(place).get_data(as_text=True)


def test_handing_in_twice_offline_counts_once(browser, given, tenant):
    chore = given.chore(tenant)
    place = sign_up(browser, chore)
    key = {"idempotency_key": "a-letter-from-the-outbox"}

    first = browser.submit(f"{place}/evidence", page=place, minutes="60", remark="", **key)
    token = (
        browser.get("/profile").get_data(as_text=True).split('name="csrf_token" type="hidden" value="')[1].split('"')[0]
    )
    again = browser.post(f"{place}/evidence", data={"minutes": "60", "remark": "", "csrf_token": token} | key)

    assert (first.status_code, again.status_code) == (303, 303)


def test_a_place_that_is_given_back_is_free_for_somebody_else(browser, given, tenant):
    chore = given.chore(tenant, slots_count=1)
    place = sign_up(browser, chore)

    answer = browser.submit(f"{place}/withdraw", page=place)

    assert answer.status_code == 303
    assert "U hebt uw plek teruggegeven" in browser.get(place).get_data(as_text=True)
    assert "Nog 1 plek" in browser.get(f"/chores/{chore.id}").get_data(as_text=True)


def test_an_approval_shows_the_reward_the_thanks_and_a_message(browser, given, tenant, citizen):
    chore = given.chore(tenant, reward_cents=9_00)
    claim = given.hand_in(citizen, given.claim(citizen, chore))
    given.approve(tenant, claim)

    page = browser.get(f"/my-chores/{claim.id}").get_data(as_text=True)
    wallet = browser.get("/wallet").get_data(as_text=True)

    assert "Dank u wel!" in page
    assert "+9,00" in wallet
    assert "1 nieuw bericht" in wallet
    assert chore.title in browser.get("/messages").get_data(as_text=True)


def test_a_message_that_was_opened_is_no_longer_new(browser, given, tenant, citizen):
    claim = given.hand_in(citizen, given.claim(citizen, given.chore(tenant)))
    given.approve(tenant, claim)

    answer = browser.submit("/messages/read", page="/messages")

    assert browser.get(answer.headers["Location"], follow_redirects=True).status_code == 200
    assert "nieuw bericht" not in browser.get("/wallet").get_data(as_text=True)


def test_a_rejection_and_a_question_are_told_with_their_reason(browser, given, tenant, citizen, databases):
    first = given.hand_in(citizen, given.claim(citizen, given.chore(tenant)))
    second = given.hand_in(citizen, given.claim(citizen, given.chore(tenant)))
    with databases.as_tenant(tenant.id) as session:
        reject_claim(
            session, first.id, reason_code="not_done", reason="Er is niets gedaan.", by=tenant.approver, at=given.at
        )
        ask_more(session, second.id, reason="Hoe lang was u bezig?", by=tenant.approver, at=given.at)

    rejected = browser.get(f"/my-chores/{first.id}").get_data(as_text=True)
    asked = browser.get(f"/my-chores/{second.id}").get_data(as_text=True)

    assert "Niet goedgekeurd" in rejected
    assert "Er is niets gedaan." in rejected
    assert "Hoe lang was u bezig?" in asked
    assert "Stuur uw werk in" in asked


def test_the_chore_of_another_citizen_is_not_found(browser, given, tenant):
    claim = given.claim(given.citizen(), given.chore(tenant))

    assert browser.get(f"/my-chores/{claim.id}").status_code == 404


def test_the_list_of_own_chores_takes_the_same_statements_however_many(signed_in, given, tenant, statements):
    counts = []
    for number in (1, 4):
        citizen = given.citizen()
        for _ in range(number):
            given.claim(citizen, given.chore(tenant))
        browser = signed_in(citizen)
        browser.get("/my-chores")
        statements.clear()
        browser.get("/my-chores")
        counts.append(len(statements))

    assert counts[0] == counts[1] <= 12
