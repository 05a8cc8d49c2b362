# SPDX-License-Identifier: EUPL-1.2
"""W2: opening pages, by whoever, leaves every row as it was."""

import psycopg
import pytest
from psycopg import sql

OWN_RECORDS = ("sessions",)
"""A session remembers when it was last seen, and that is all."""


@pytest.fixture
def checksums(database):
    """Returns a digest of each table's rows."""

    def take() -> dict[str, str]:
        with psycopg.connect(database.superuser_url) as connection:
            tables = connection.execute(
                "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace"
            ).fetchall()
            query = "select coalesce(md5(string_agg(t::text, '|' order by t::text)), '') from {} t"
            found = {
                name: connection.execute(sql.SQL(query).format(sql.Identifier(name))).fetchone() for (name,) in tables
            }
        return {name: row[0] for name, row in found.items() if row is not None and name not in OWN_RECORDS}

    return take


def test_opening_every_page_changes_no_row(visitor, signed_in, given, checksums):
    tenant, shop, earner, newcomer = given.tenant(), given.shop(), given.citizen(), given.citizen()
    given.earned(earner, tenant)
    chore, request = given.chore(tenant), given.request(shop)
    claim = given.claim(earner, chore)
    paths = (
        "/", "/?q=park&latitude=50.9&longitude=6", "/map", f"/chores/{chore.id}", "/my-chores", f"/my-chores/{claim.id}",
        "/wallet", "/messages", "/pay", f"/pay?code={request.code}", f"/pay/q/{request.nonce}", "/shops",
        f"/shops/{shop.id}", "/profile", "/profile/heitje.json", "/welcome", "/about", "/privacy", "/accessibility",
        "/sign-in", "/sign-in/code",
    )  # fmt: skip
    before = checksums()
    assert before["citizens"], "there are rows to change"

    for browser in (visitor, signed_in(newcomer), signed_in(earner)):
        for path in paths:
            assert browser.get(path).status_code in {200, 302, 303, 404}, path

    assert checksums() == before


def test_a_refusal_offers_no_sign_in_to_who_is_signed_in(visitor, signed_in, given):
    path = "/chores/00000000-0000-0000-0000-000000000000"

    assert "Inloggen" in visitor.get(path).get_data(as_text=True)
    assert "Inloggen" not in signed_in(given.citizen()).get(path).get_data(as_text=True)
