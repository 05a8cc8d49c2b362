# SPDX-License-Identifier: EUPL-1.2
"""A platform is set up from the console: scheme, cap, operators. What is refused says what to do."""

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from heitje.config import Settings
from heitje.db.session import Databases
from heitje_server.app import create_app
from heitje_server.commands.operator import command as operator
from heitje_server.commands.scheme import command as scheme
from tests.fixtures.databases import Database


@pytest.fixture(autouse=True)
def settings(database: Database, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("DATABASE_URL", database.app_url)
    monkeypatch.setenv("OPERATOR_DATABASE_URL", database.operator_url)
    return Settings(secret_key="c" * 40, database_url=database.app_url, operator_database_url=database.operator_url)


def run(group: object, *arguments: str) -> tuple[int, str]:
    answer = CliRunner().invoke(group, arguments)  # type: ignore[arg-type]
    return answer.exit_code, answer.output.strip()


def test_a_scheme_opens_with_its_accounts_kinds_of_chores_and_cap(database: Database) -> None:
    code, said = run(scheme, "open", "parkstad", "Parkstad Heitje", "Parkstad", "--guaranteed-until", "2028-12-31")
    assert code == 0, said
    code, said = run(
        scheme, "cap", "parkstad", "1500", "--from", "2026-01-01", "--until", "2027-12-31",
        "--ruling", "Besluit 2026-1", "--authority", "Belastingdienst", "--review-on", "2027-06-30",
    )  # fmt: skip
    assert code == 0, said
    databases = Databases(database.app_url, database.operator_url)
    with databases.across_tenants() as session:
        kinds = session.scalars(text("select kind from ledger_accounts order by kind")).all()
        limit = session.scalar(text("select limit_cents from cap_rules"))
        categories = session.scalar(text("select count(*) from categories"))
    databases.dispose()
    assert (kinds, limit) == (["redeeming", "treasury"], 1500_00)
    assert categories and categories >= 5


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("open", "Not A Slug", "N", "A", "--guaranteed-until", "2028-12-31"), "hyphens"),
        (("open", "x", "N", "A"), "--guaranteed-until"),
    ],
)
def test_a_scheme_that_cannot_be_opened_is_refused_in_words(arguments: tuple[str, ...], told: str) -> None:
    code, said = run(scheme, *arguments)
    assert code != 0
    assert told in said


def test_an_operator_works_with_the_token_until_blocked(settings: Settings) -> None:
    code, token = run(operator, "add", "Olga", "olga@example.org")
    assert code == 0
    assert len(token) >= 40
    app = create_app(settings)
    client, headers = app.test_client(), {"Authorization": f"Bearer {token}"}
    assert client.get("/api/v1/admin/operators/me", headers=headers).json["name"] == "Olga"  # type: ignore[index]

    assert run(operator, "add", "Olga", "olga@example.org")[0] == 1
    assert run(operator, "block", "olga@example.org") == (0, "olga@example.org is blocked.")
    assert client.get("/api/v1/admin/operators/me", headers=headers).status_code == 403
    app.extensions["databases"].dispose()


def test_a_token_is_kept_as_a_digest_only(database: Database) -> None:
    _, token = run(operator, "add", "Otto", "otto@example.org")
    databases = Databases(database.app_url, database.operator_url)
    with databases.across_tenants() as session:
        rows = session.scalars(text("select operators::text from operators")).all()
    databases.dispose()
    assert rows
    assert not any(token in row for row in rows)
