# SPDX-License-Identifier: EUPL-1.2
"""`heitje story`, told beside a running platform."""

import pytest

from tests.journey.town import Town

pytestmark = pytest.mark.node


def test_the_story_is_told_to_its_end_and_the_books_are_proven(town: Town) -> None:
    told = town.heitje("story")

    assert told.returncode == 0, told.stdout
    assert "the whole way, and the books are proven." in told.stdout
    assert "DIFFERENT" not in told.stdout


def test_the_story_takes_addresses_and_tokens_from_whoever_tells_it_and_stops_at_the_first_difference(
    town: Town, tmp_path
) -> None:
    strangers = tmp_path / "tokens"
    strangers.write_text("nobody's-token\nnor-anybody's\n")

    told = town.heitje(
        *("story", "--url", town.url, "--mail-url", town.mail_url, "--chain-url", town.chain_url),
        *("--operator-tokens", str(strangers)),
    )

    assert told.returncode == 1
    last_lines = told.stdout.strip().splitlines()[-2:]
    assert "they ask to take part" in last_lines[0]
    assert last_lines[1].strip().startswith("DIFFERENT: GET /tenants?state=verifying&pageSize=100: 401")
    assert "nobody's-token" not in told.stdout


def test_where_no_platform_runs_the_story_says_so_in_a_line(town: Town, tmp_path) -> None:
    nowhere = Town(home=tmp_path / "nowhere", url="", mail_url="", chain_url="")

    told = nowhere.heitje("story")

    assert told.returncode == 1
    assert "No server of `heitje run` is found here" in told.stdout
    assert "Traceback" not in told.stdout


def test_ledger_and_chain_agree_after_all_that_happened(town: Town) -> None:
    compared = town.heitje("reconcile", "--wait", "120")

    assert compared.returncode == 0, compared.stdout
    assert "Ledger and chain agree." in compared.stdout
