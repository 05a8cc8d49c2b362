# SPDX-License-Identifier: EUPL-1.2
from datetime import UTC, date, datetime

import pytest

from heitje.i18n import catalogue
from heitje.i18n.texts import text_in
from heitje.web import words

DUTCH, ENGLISH = {"Accept-Language": "nl"}, {"Accept-Language": "en"}


@pytest.mark.parametrize(
    ("minutes", "dutch", "english"),
    [
        (45, "45 minuten", "45 minutes"),
        (1, "1 minuut", "1 minute"),
        (60, "1 uur", "1 hour"),
        (90, "1 uur en 30 minuten", "1 hour and 30 minutes"),
        (240, "4 uur", "4 hours"),
    ],
)
def test_durations_are_written_out(gallery, minutes, dutch, english):
    with gallery.test_request_context(headers=DUTCH):
        assert words.duration(minutes) == dutch
    with gallery.test_request_context(headers=ENGLISH):
        assert words.duration(minutes) == english


@pytest.mark.parametrize(
    ("metres", "text"),
    [(3, "10 m"), (447, "450 m"), (994, "990 m"), (996, "1 km"), (1_240, "1,2 km"), (3_000, "3 km"), (12_600, "13 km")],
)
def test_distances_are_rounded_as_people_say_them(gallery, metres, text):
    with gallery.test_request_context(headers=DUTCH):
        assert words.distance(metres) == text


def test_moments_are_those_of_the_netherlands(gallery):
    summer, winter = datetime(2025, 7, 1, 22, 30, tzinfo=UTC), datetime(2025, 11, 28, 9, 0, tzinfo=UTC)
    with gallery.test_request_context(headers=DUTCH):
        assert words.moment(summer) == "woensdag 2 juli 2025, 0.30 uur"
        assert words.short_moment(winter) == "28-11-2025 10.00 uur"
        assert words.day(date(2025, 12, 5)) == "vrijdag 5 december 2025"
        assert words.month_name(date(2025, 12, 5)) == "december 2025"
    with gallery.test_request_context(headers=ENGLISH):
        assert words.moment(winter) == "Friday 28 November 2025, 10:00"
        assert words.short_day(winter) == "28 Nov 2025"
        assert words.month_name(date(2025, 12, 5)) == "December 2025"


def test_a_language_is_chosen_by_cookie_then_by_the_browser_then_dutch(client):
    assert 'lang="nl"' in client.get("/").text
    assert 'lang="nl"' in client.get("/", headers={"Accept-Language": "fr"}).text
    assert 'lang="en"' in client.get("/", headers=ENGLISH).text
    client.set_cookie("heitje_language", "en")
    assert 'lang="en"' in client.get("/", headers=DUTCH).text
    client.set_cookie("heitje_language", "<script>")
    assert 'lang="nl"' in client.get("/", headers=DUTCH).text


def test_the_switch_keeps_the_language_and_comes_back_to_the_page(client):
    token = client.get("/wallet").text.split('name="csrf_token" value="')[1].split('"')[0]

    answer = client.post("/language", data={"language": "en", "next": "/wallet?after=7", "csrf_token": token})
    away = client.post("/language", data={"language": "en", "next": "//evil", "csrf_token": token})

    assert answer.status_code == 303
    assert answer.location == "/wallet?after=7"
    assert away.location == "/"
    assert "Go to the content" in client.get("/wallet").text


def test_texts_of_mails_are_translated_outside_a_request():
    assert (
        text_in("nl", "Choose an amount from %(low)s to %(high)s.", low="1", high="2")
        == "Kies een bedrag van 1 tot en met 2."
    )
    assert text_in("en", "Sign in") == "Sign in"


def test_every_text_has_its_dutch():
    assert catalogue.missing() == []


def test_the_catalogue_is_compiled_when_it_is_older_than_its_source(tmp_path, monkeypatch):
    folder = tmp_path / "nl" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    source = (catalogue.CONFIG.parent / "nl/LC_MESSAGES/messages.po").read_bytes()
    (folder / "messages.po").write_bytes(source)
    monkeypatch.setattr(catalogue, "__file__", str(tmp_path / "catalogue.py"))

    assert catalogue.compile_catalogues(only_stale=True) == [folder / "messages.mo"]
    assert catalogue.compile_catalogues(only_stale=True) == []
