# SPDX-License-Identifier: EUPL-1.2
"""The list of chores: found, sorted, a page at a time, and the same as a spreadsheet."""

import re

import pytest

from issuer_portal.chore_list import SORTS, ChoreFilter, chores_page


@pytest.fixture(scope="module")
def tenant(given):
    made = given.tenant("Gemeente Lijst")
    for number in range(30):
        given.draft(
            made, title=f"Klus {number:02d} {'verven' if number % 2 else 'vegen'}", reward_cents=100 + number % 4
        )
    given.chore(made, title="Open klus", category_code="green")
    return made


@pytest.fixture
def browser(signed_in, tenant):
    return signed_in(tenant.owner)


def titles(answer):
    return re.findall(r'/chores/[0-9a-f-]{36}">([^<]+)</a>', answer.get_data(as_text=True))


def test_pages_follow_each_other_without_gap_or_repeat(browser, tenant):
    seen, address = [], f"/portal/{tenant.slug}/chores"
    while address:
        answer = browser.get(address)
        seen += titles(answer)
        more = re.search(r'class="pager"><a [^>]*href="([^"]+)"', answer.get_data(as_text=True))
        address = more[1].replace("&amp;", "&") if more else ""

    assert len(seen) == len(set(seen)) == 31


@pytest.mark.parametrize("sort", [f"{sign}{name}" for name in SORTS for sign in ("", "-")])
def test_every_order_goes_through_all_pages(databases, tenant, sort):
    with databases.as_tenant(tenant.id) as session:
        found, cursor = [], ""
        while True:
            page = chores_page(session, ChoreFilter(sort=sort), after=cursor, limit=7)
            found += [chore.id for chore in page.chores]
            cursor = page.next_cursor
            if not cursor:
                break

    assert len(found) == len(set(found)) == 31


def test_words_state_and_kind_narrow_the_list(browser, tenant):
    address = f"/portal/{tenant.slug}/chores"

    assert len(titles(browser.get(f"{address}?q=verven"))) == 15
    assert titles(browser.get(f"{address}?state=open")) == ["Open klus"]
    assert titles(browser.get(f"{address}?category=green")) == ["Open klus"]
    assert titles(browser.get(f"{address}?q=100%25")) == []


@pytest.mark.parametrize("cursor", ["x", "eyJhIjoxfQ==", "WzEsMl0=", "W251bGwsbnVsbF0="])
def test_a_cursor_that_is_none_of_ours_is_not_found(browser, tenant, cursor):
    assert browser.get(f"/portal/{tenant.slug}/chores?after={cursor}").status_code == 404


def test_a_download_holds_all_pages_of_what_was_searched(browser, tenant):
    text = browser.get(f"/portal/{tenant.slug}/chores.csv?q=vegen").get_data().decode("utf-8-sig")

    lines = text.splitlines()
    assert lines[0].startswith("Titel;")
    assert len(lines) == 1 + 15
    assert re.search(r";1,0\d;", lines[1])


def test_a_list_costs_few_statements(browser, tenant, app):
    from sqlalchemy import event

    seen = []
    engine = app.extensions["databases"].app_engine

    def listen(_connection, _cursor, statement, *_rest):
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", listen)
    browser.get(f"/portal/{tenant.slug}/chores")
    event.remove(engine, "before_cursor_execute", listen)

    assert len(seen) <= 12, seen
