# SPDX-License-Identifier: EUPL-1.2
"""The demo's files fit together and are believable."""

import csv
import json
import re
from collections import Counter
from datetime import date, datetime
from itertools import pairwise
from typing import Any

import pytest
from PIL import Image

from heitje.clock import AMSTERDAM
from heitje.shops.bank_file import NAME_LENGTH, fits_bank_characters, in_bank_characters, read_iban
from heitje_server.demo import files
from heitje_server.demo.files import (
    neighbourhood_codes,
    read_categories,
    read_chores,
    read_citizens,
    read_claims,
    read_kits,
    read_neighbourhoods,
    read_organisations,
    read_people,
    read_pickup_points,
    read_shops,
)

TODAY = date(2026, 11, 23)
ROLES = {"owner", "finance", "editor", "approver", "field_worker", "staff_representative"}


def is_inside(shape: dict[str, Any], lat: float, lon: float) -> bool:
    """Count how often a line to the east crosses the ring."""
    (ring,) = shape["coordinates"]
    crossings = 0
    for (lon_1, lat_1), (lon_2, lat_2) in pairwise(ring):
        if (lat_1 > lat) != (lat_2 > lat) and lon < lon_1 + (lat - lat_1) / (lat_2 - lat_1) * (lon_2 - lon_1):
            crossings += 1
    return crossings % 2 == 1


def test_the_launch_has_forty_chores_for_three_organisations():
    assert len(read_chores()) == 40
    assert {chore.organisation for chore in read_chores()} == {o.slug for o in read_organisations()}
    assert len({chore.title for chore in read_chores()}) == 40


def test_the_launch_is_spread_over_the_areas_of_the_roll_out():
    districts = {n.name: n.district_name for n in read_neighbourhoods()}
    spread = Counter(districts[chore.neighbourhood] for chore in read_chores())

    assert set(spread) == {
        "Grasbroek-Musschemig-Schandelen",
        "Meezenbroek-Schaesbergerveld-Palemig",
        "Heerlen-Stad",
        "Hoensbroek",
        "Heerlerbaan",
    }
    assert min(spread.values()) >= 5


def test_at_least_six_chores_in_ten_take_an_hour_or_less():
    short = [chore for chore in read_chores() if chore.duration_minutes <= 60]

    assert len(short) / len(read_chores()) >= 0.6


def test_every_kind_of_chore_occurs_and_none_is_unknown():
    assert {chore.category for chore in read_chores()} == {category.code for category in read_categories()}


def test_rewards_are_eight_to_ten_heitjes_an_hour():
    for chore in read_chores():
        assert 8_00 <= chore.reward_cents * 60 / chore.duration_minutes <= 10_00, chore.title


def test_every_chore_says_what_the_reader_needs_to_know():
    for chore in read_chores():
        assert 3 <= len(chore.title) <= 45, chore.title
        assert 60 <= len(chore.description) <= 400, chore.title
        assert 20 <= len(chore.good_result) <= 200, chore.title
        assert 20 <= len(chore.why) <= 200, chore.title
        assert 20 <= len(chore.safety_note) <= 200, chore.title
        assert chore.place_name, chore.title
        assert chore.address, chore.title
        assert 1 <= chore.slots <= 10, chore.title
        assert chore.skill in {"none", "some", "skilled"}, chore.title


def test_care_asks_no_photo_of_people_and_grown_ups_only():
    care = [chore for chore in read_chores() if chore.category in {"care", "watch"}]

    assert care
    for chore in care:
        assert "photo" not in chore.evidence, chore.title
        assert "code" in chore.evidence, chore.title
        assert chore.min_age >= 18, chore.title


def test_nobody_watches_alone():
    for chore in read_chores():
        if chore.category == "watch":
            assert chore.slots >= 2, chore.title
            assert chore.together, chore.title
            assert "112" in chore.safety_note, chore.title


def test_evidence_is_of_a_kind_that_the_platform_knows():
    for row in [*read_chores(), *read_categories()]:
        assert set(row.evidence) <= {"photo", "hours", "code", "remark"}
        assert row.evidence


def test_a_chore_is_for_people_of_at_least_the_age_of_its_category():
    least = {category.code: category.min_age for category in read_categories()}
    for chore in read_chores():
        assert chore.min_age >= least[chore.category], chore.title


def test_times_count_from_today_in_dutch_time():
    fixed = next(chore for chore in read_chores() if chore.title == "Samen de binnentuin opknappen")
    free = next(chore for chore in read_chores() if chore.title == "Zwerfafval rapen in het Aambos")

    assert fixed.starts_at(TODAY) == datetime(2026, 11, 28, 10, 0, tzinfo=AMSTERDAM)
    assert fixed.closes_at(TODAY) == datetime(2026, 11, 28, 11, 30, tzinfo=AMSTERDAM)
    assert free.starts_at(TODAY) is None
    assert free.closes_at(TODAY) == datetime(2026, 12, 23, 23, 59, 59, tzinfo=AMSTERDAM)
    for chore in read_chores():
        assert chore.closes_at(TODAY) > datetime(2026, 11, 24, tzinfo=AMSTERDAM), chore.title


def test_some_chores_are_for_who_cannot_be_outside_and_some_for_who_wants_company():
    assert sum(chore.indoors for chore in read_chores()) >= 6
    assert sum(chore.together for chore in read_chores()) >= 8
    assert sum(chore.skill == "none" for chore in read_chores()) >= 30


def test_every_chore_and_shop_and_pickup_point_lies_in_its_neighbourhood():
    shapes = {n.name: n.shape for n in read_neighbourhoods()}
    for place in [*read_chores(), *read_shops(), *read_pickup_points()]:
        assert is_inside(shapes[place.neighbourhood], place.lat, place.lon), place


def test_no_two_chores_lie_on_one_spot():
    assert len({(chore.lat, chore.lon) for chore in read_chores()}) == 40


def test_neighbourhoods_are_in_heerlen_and_plainly_a_demo():
    collection = json.loads(files.NEIGHBOURHOODS_FILE.read_text("utf-8"))

    assert collection["type"] == "FeatureCollection"
    assert collection["heitje:demo"] is True
    assert len(neighbourhood_codes()) == len(collection["features"])
    for feature in collection["features"]:
        assert feature["properties"]["gemeentecode"] == "GM0917"
        assert feature["properties"]["gemeentenaam"] == "Heerlen"
        assert re.fullmatch(r"BU0917D[0-9]{2}", feature["properties"]["buurtcode"])
        (ring,) = feature["geometry"]["coordinates"]
        assert ring[0] == ring[-1]
        assert len(ring) >= 5
        assert all(5.89 < lon < 6.04 and 50.84 < lat < 50.95 for lon, lat in ring)


def test_neighbourhoods_do_not_lie_on_top_of_each_other():
    for one in read_neighbourhoods():
        for other in read_neighbourhoods():
            if one != other:
                (ring,) = other.shape["coordinates"]
                lon = sum(point[0] for point in ring[:-1]) / (len(ring) - 1)
                lat = sum(point[1] for point in ring[:-1]) / (len(ring) - 1)
                assert not is_inside(one.shape, lat, lon), (one.name, other.name)


def test_every_kit_exists_and_belongs_to_the_organisation_of_its_chore():
    kits = {kit.code: kit for kit in read_kits()}
    points = {point.code: point for point in read_pickup_points()}
    for chore in read_chores():
        if chore.kit:
            assert kits[chore.kit].organisation == chore.organisation, chore.title
            assert kits[chore.kit].pickup_point == chore.pickup_point, chore.title
        else:
            assert chore.pickup_point == "", chore.title
    for kit in kits.values():
        assert points[kit.pickup_point].organisation == kit.organisation
        assert len(kit.contents) >= 3
    assert {chore.kit for chore in read_chores()} - {""} == set(kits)


def test_every_department_of_a_chore_exists_and_can_pay_all_its_chores():
    money = {
        (organisation.slug, department.name): sum(line.amount_cents for line in department.budget_lines)
        for organisation in read_organisations()
        for department in organisation.departments
    }
    for chore in read_chores():
        money[chore.organisation, chore.department] -= chore.reward_cents * chore.slots

    assert all(left > 0 for left in money.values()), money


def test_every_organisation_has_two_owners_and_every_role_that_the_way_round_needs():
    for organisation in read_organisations():
        roles = Counter(role.role for member in organisation.members for role in member.roles)
        departments = {department.name for department in organisation.departments} | {""}

        assert roles["owner"] >= 2, organisation.slug
        assert set(roles) >= {"owner", "finance", "editor", "approver", "staff_representative"}, organisation.slug
        assert set(roles) <= ROLES
        assert {role.department for member in organisation.members for role in member.roles} <= departments
        assert re.fullmatch(r"#[0-9a-f]{6}", organisation.brand_colour)
        assert re.fullmatch(r"[0-9]{8}", organisation.kvk_number)


def test_chores_of_every_department_have_an_approver():
    for organisation in read_organisations():
        for department in organisation.departments:
            assert any(
                role.role == "approver" and role.department in {"", department.name}
                for member in organisation.members
                for role in member.roles
            ), department.name


def test_the_identity_provider_knows_every_member_and_somebody_new():
    members = {(m.name, m.email, o.slug) for o in read_organisations() for m in o.members}
    people = {(person.name, person.email, person.organisation) for person in read_people()}

    assert members == {person for person in people if person[2]}
    assert len(people) - len(members) == 3
    assert len({person.sub for person in read_people()}) == len(people)


def test_twenty_shops_stand_in_three_centres_in_many_kinds():
    shops = read_shops()

    assert len(shops) == 20
    assert Counter(shop.centre for shop in shops) == {"Heerlen-Centrum": 10, "Hoensbroek": 6, "Heerlerbaan": 4}
    assert {"retail", "hospitality", "culture"} <= {shop.category for shop in shops}
    assert {shop.category for shop in shops} <= {"retail", "hospitality", "culture", "services", "food", "sport"}


def test_every_shop_can_be_paid_to_an_account_of_a_bank_that_does_not_exist():
    for shop in read_shops():
        assert read_iban(shop.iban) == shop.iban
        assert shop.iban[4:8] == "TEST"
        assert len(shop.account_name) <= NAME_LENGTH
        assert fits_bank_characters(in_bank_characters(shop.account_name))
    assert len({shop.iban for shop in read_shops()}) == 20


def test_every_shop_has_an_owner_at_the_till():
    for shop in read_shops():
        assert shop.staff[0].role == "owner"
        assert {person.role for person in shop.staff} <= {"owner", "till"}


def test_citizens_live_in_known_neighbourhoods_and_are_of_all_ages():
    citizens = read_citizens()

    assert len(citizens) == 12
    assert {citizen.neighbourhood for citizen in citizens} <= set(neighbourhood_codes())
    assert min(citizen.birth_year for citizen in citizens) <= 1957
    assert max(citizen.birth_year for citizen in citizens) >= 2003


def test_every_address_for_mail_is_one_that_nobody_receives():
    emails = [
        *(citizen.email for citizen in read_citizens()),
        *(person.email for person in read_people()),
        *(person.email for shop in read_shops() for person in shop.staff),
    ]
    for email in emails:
        assert re.fullmatch(r"[a-z0-9.-]+@([a-z-]+\.)?example\.org", email), email
    assert len(set(emails)) == len(emails)


def test_what_was_handed_in_is_what_the_chore_asks_for():
    chores = {chore.title: chore for chore in read_chores()}
    citizens = {citizen.email: citizen for citizen in read_citizens()}

    assert len(read_claims()) == 4
    for claim in read_claims():
        chore = chores[claim.chore]
        assert "photo" in chore.evidence
        assert claim.pictures
        assert abs(claim.minutes - chore.duration_minutes) <= 15
        assert TODAY.year - citizens[claim.citizen].birth_year > chore.min_age


def test_the_photos_are_small_and_say_nothing_of_who_took_them():
    shown = {picture for claim in read_claims() for picture in claim.pictures}

    assert shown == set(files.PICTURES.iterdir())
    for picture in shown:
        assert picture.stat().st_size <= 60_000
        with Image.open(picture) as image:
            assert image.format == "JPEG"
            assert image.size == (800, 600)
            assert not image.getexif()


def test_a_chore_file_with_a_wrong_word_is_refused(tmp_path, monkeypatch):
    rows = list(csv.reader((files.FOLDER / "chores.csv").read_text("utf-8").splitlines(), delimiter=";"))
    rows[1][-1] = "maybe"
    with (tmp_path / "chores.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=";").writerows(rows)
    monkeypatch.setattr(files, "FOLDER", tmp_path)

    with pytest.raises(KeyError, match="maybe"):
        files.read_chores.__wrapped__()
