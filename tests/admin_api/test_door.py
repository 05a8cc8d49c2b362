# SPDX-License-Identifier: EUPL-1.2
"""The page for operators says what to do and leads to the API; it needs no sign-in and tells no secret."""

from heitje.config import Settings
from heitje_server.app import create_app
from tests.fixtures.databases import Database


def test_the_door_leads_to_the_api_in_dutch_and_english(database: Database) -> None:
    app = create_app(
        Settings(secret_key="d" * 40, database_url=database.app_url, operator_database_url=database.operator_url)
    )
    client = app.test_client()
    dutch = client.get("/operator", headers={"Accept-Language": "nl"})
    english = client.get("/operator", headers={"Accept-Language": "en"})
    app.extensions["databases"].dispose()
    assert (dutch.status_code, english.status_code) == (200, 200)
    assert "Voor beheerders" in dutch.text
    assert "For operators" in english.text
    assert 'href="/api/v1/docs"' in dutch.text
    assert 'href="/api/v1/openapi.json"' in dutch.text
