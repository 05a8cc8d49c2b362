# SPDX-License-Identifier: EUPL-1.2
import random

import pytest

from heitje.web.theme import TEXT_CONTRAST, ColourUnreadable, contrast, scale, stylesheet

COLOURS = [f"{random.Random(7 + number).randrange(1 << 24):06x}" for number in range(1000)]


def test_white_text_reads_on_a_thousand_brand_colours():
    weakest = min((contrast(scale(colour)[4], "#ffffff"), colour) for colour in COLOURS)
    assert weakest[0] >= TEXT_CONTRAST, weakest


@pytest.mark.parametrize("colour", ["ffffff", "000000", "ffff00", "00ffff", "808080", "7a1f5c"])
def test_white_text_reads_on_the_extremes(colour):
    assert contrast(scale(colour)[4], "#ffffff") >= TEXT_CONTRAST


def test_links_in_the_brand_read_on_each_of_its_light_steps():
    for colour in COLOURS[:300]:
        steps = scale(colour)
        assert contrast(steps[6], steps[1]) >= 4.5, colour
        assert contrast(steps[5], "#fafafa") >= 4.5, colour


def test_steps_become_darker():
    for colour in COLOURS[:100]:
        contrasts = [contrast(step, "#ffffff") for step in scale(colour)]
        assert contrasts == sorted(contrasts), colour


def test_a_dark_brand_is_kept_as_it_is():
    assert scale("0b5a48")[4] == "#0b5a48"


def test_the_stylesheet_is_under_one_kilobyte():
    assert len(stylesheet("7a1f5c")) < 1000


@pytest.mark.parametrize("colour", ["", "fff", "7a1f5", "7a1f5cc", "zzzzzz", "red", "٠٠٠٠٠٠", "7a1f5c;}"])
def test_what_is_no_colour_is_refused(colour):
    with pytest.raises(ColourUnreadable):
        scale(colour)


def test_an_unreadable_colour_in_the_address_gets_the_plain_stylesheet(client):
    answer = client.get("/theme/evil%7D.css")
    assert answer.status_code == 200
    assert answer.mimetype == "text/css"
    assert answer.text == stylesheet("7a1f5c")
