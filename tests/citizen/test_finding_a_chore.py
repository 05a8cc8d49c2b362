# SPDX-License-Identifier: EUPL-1.2
"""Finding a chore on a phone: near, short, of a kind; signed in or not (R1, R9, R34)."""

import re
from datetime import timedelta

import pytest

from heitje.clock import now
from tests.fixtures.given import NEIGHBOURHOODS


@pytest.fixture(scope="module")
def tenant(given):
    return given.tenant("Woonstichting Voorbeeldhof")


def titles(answer) -> list[str]:
    return re.findall(r'card-title"><a href="[^"]+">([^<]+)</a>', answer.get_data(as_text=True))


def test_a_visitor_sees_chores_with_all_that_a_card_says(visitor, given, tenant):
    given.chore(tenant, title="Portiek vegen", reward_cents=7_50, duration_minutes=45, slots_count=3)

    page = visitor.get("/?q=Portiek").get_data(as_text=True)

    for text in (
        "Portiek vegen",
        "Woonstichting Voorbeeldhof",
        "45 minuten",
        "7,50",
        "Nog 3 plekken",
        "1 klus gevonden",
    ):
        assert text in page
    assert "Wanneer het u uitkomt" in page


def test_a_draft_and_a_closed_chore_are_not_in_the_list(visitor, given, tenant):
    given.draft(tenant, title="Nog niet klaar")
    given.chore(
        tenant, title="Al begonnen", starts_at=now() + timedelta(seconds=1), closes_at=now() + timedelta(hours=1)
    )

    assert titles(visitor.get("/?q=Nog+niet+klaar")) == []
    assert visitor.get("/?q=Nog+niet+klaar").status_code == 200


def test_filters_on_kind_duration_and_neighbourhood_narrow_the_list(visitor, given, tenant):
    given.chore(tenant, title="Filter kort groen", category_code="green", duration_minutes=30)
    given.chore(tenant, title="Filter lang groen", category_code="green", duration_minutes=240)
    given.chore(tenant, title="Filter ver weg", neighbourhood_code=NEIGHBOURHOODS[1], duration_minutes=30)

    assert titles(visitor.get("/?q=Filter&kind=green&minutes=60")) == ["Filter kort groen"]
    assert titles(visitor.get(f"/?q=Filter&area={NEIGHBOURHOODS[1]}")) == ["Filter ver weg"]


def test_nearest_comes_first_from_where_the_phone_is(visitor, given, tenant):
    given.chore(tenant, title="Afstand Hoensbroek", lat=50.925, lon=5.925, duration_minutes=10)
    given.chore(tenant, title="Afstand Heerlerbaan", lat=50.866, lon=6.006)

    answer = visitor.get("/?q=Afstand&latitude=50.866&longitude=6.006")

    assert titles(answer) == ["Afstand Heerlerbaan", "Afstand Hoensbroek"]
    assert "km" in answer.get_data(as_text=True)


def test_without_a_place_the_shortest_comes_first_and_no_distance_is_shown(visitor, given, tenant):
    given.chore(tenant, title="Duur lang", duration_minutes=90)
    given.chore(tenant, title="Duur kort", duration_minutes=15)

    answer = visitor.get("/?q=Duur")

    assert titles(answer) == ["Duur kort", "Duur lang"]
    assert " km" not in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    "query",
    [
        "latitude=nan&longitude=nan",
        "latitude=1e999&longitude=0",
        "latitude=50&longitude=",
        "kind=';drop table chores;--",
        "minutes=-1&order=sideways&area=BU0",
        "q=%00%01zoek",
    ],
)
def test_an_address_that_cannot_be_read_still_shows_chores(visitor, query):
    assert visitor.get(f"/?{query}").status_code == 200


@pytest.mark.parametrize("cursor", ["x", "1~x", "9" * 40 + "~00000000-0000-0000-0000-000000000000"])
def test_a_page_that_no_list_led_to_is_not_found(visitor, cursor):
    assert visitor.get(f"/?after={cursor}").status_code == 404


def test_a_long_list_goes_on_without_losing_or_repeating_a_chore(visitor, given, tenant):
    for number in range(30):
        given.chore(tenant, title=f"Bladeren {number:02}", reward_cents=1_00, slots_count=1)

    first = visitor.get("/?q=Bladeren")
    more = re.search(r'href="(/\?[^"]*after=[^"]+)"', first.get_data(as_text=True))
    assert more is not None
    second = visitor.get(more[1].replace("&amp;", "&"))

    seen = titles(first) + titles(second)
    assert sorted(seen) == [f"Bladeren {number:02}" for number in range(30)]
    assert "30 klussen gevonden" in first.get_data(as_text=True)


def test_the_list_takes_as_many_statements_for_one_chore_as_for_twenty(signed_in, given, tenant, statements):
    browser = signed_in(given.citizen())
    browser.get("/")  # connects
    counts = []
    for query in ("/?q=Portiek", "/?q=Bladeren"):
        statements.clear()
        browser.get(query)
        counts.append(len(statements))

    assert counts[0] == counts[1] <= 15


def test_a_chore_that_one_did_already_is_left_out_of_the_list(signed_in, given, tenant):
    citizen = given.citizen()
    chore = given.chore(tenant, title="Eenmalig werk")
    browser = signed_in(citizen)
    assert titles(browser.get("/?q=Eenmalig")) == ["Eenmalig werk"]

    given.claim(citizen, chore)

    assert titles(browser.get("/?q=Eenmalig")) == []
    assert "/my-chores/" in browser.get(f"/chores/{chore.id}").get_data(as_text=True)


def test_the_map_names_every_chore_in_a_list_as_well(visitor, given, tenant):
    chore = given.chore(tenant, title="Op de kaart", lat=50.9, lon=5.95)

    page = visitor.get("/map?q=Op+de+kaart").get_data(as_text=True)

    assert '"latitude": 50.9' in page
    assert f'class="cover" href="/chores/{chore.id}"' in page


def test_a_chore_page_answers_all_that_one_wants_to_know(visitor, given, tenant):
    chore = given.chore(tenant, evidence=["photo", "hours"], min_age=18)

    page = visitor.get(f"/chores/{chore.id}").get_data(as_text=True)

    for text in (
        chore.description, chore.good_result, chore.why, chore.safety_note, "Aambospark", "Grasbroek", "Gemeente Heerlen",
        "18 jaar", "Een foto van het resultaat", "Hoe lang u bezig was", "Ik doe mee",
    ):  # fmt: skip
        assert text in page


def test_an_unknown_or_unpublished_chore_is_not_found(visitor, given, tenant):
    draft = given.draft(tenant)

    assert visitor.get(f"/chores/{draft.id}").status_code == 404
    assert visitor.get("/chores/00000000-0000-0000-0000-000000000000").status_code == 404


def test_a_chore_without_a_reward_is_called_volunteer_work_and_can_be_done(visitor, signed_in, given, tenant):
    chore = given.chore(tenant, title="Voor het goede doel", reward_cents=0)
    browser = signed_in(given.citizen())

    answer = browser.submit(f"/chores/{chore.id}/claim", page=f"/chores/{chore.id}")

    assert "Vrijwilligerswerk" in visitor.get("/?q=goede+doel").get_data(as_text=True)
    assert answer.status_code == 303
