# SPDX-License-Identifier: EUPL-1.2
"""The demo's other files fit together: places, kits, organisations, people, shops, what was handed in."""

import json
import re
from collections import Counter
from datetime import date
from itertools import pairwise
from typing import Any

from PIL import Image

from heitje.shops.bank_file import NAME_LENGTH, fits_bank_characters, in_bank_characters, read_iban
from heitje_server.demo import files
from heitje_server.demo.files import (
    neighbourhood_codes,
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


def test_every_chore_and_shop_and_pickup_point_lies_in_its_neighbourhood():
    shapes = {n.name: n.shape for n in read_neighbourhoods()}
    for place in [*read_chores(), *read_shops(), *read_pickup_points()]:
        assert is_inside(shapes[place.neighbourhood], place.lat, place.lon), place


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
