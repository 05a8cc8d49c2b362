# SPDX-License-Identifier: EUPL-1.2
"""The forty chores of the demo's launch are believable, and fair to who does them."""

import csv
from collections import Counter
from datetime import date, datetime

import pytest

from heitje.clock import AMSTERDAM
from heitje_server.demo import files
from heitje_server.demo.files import read_categories, read_chores, read_neighbourhoods, read_organisations

TODAY = date(2026, 11, 23)


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


def test_no_two_chores_lie_on_one_spot():
    assert len({(chore.lat, chore.lon) for chore in read_chores()}) == 40


def test_a_chore_file_with_a_wrong_word_is_refused(tmp_path, monkeypatch):
    rows = list(csv.reader((files.FOLDER / "chores.csv").read_text("utf-8").splitlines(), delimiter=";"))
    rows[1][-1] = "maybe"
    with (tmp_path / "chores.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=";").writerows(rows)
    monkeypatch.setattr(files, "FOLDER", tmp_path)

    with pytest.raises(KeyError, match="maybe"):
        files.read_chores.__wrapped__()
