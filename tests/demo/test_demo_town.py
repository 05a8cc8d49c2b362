# SPDX-License-Identifier: EUPL-1.2
"""The demo town as it is loaded, and neighbourhoods as they are read from the file of CBS and PDOK."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import text

from heitje.config import Settings
from heitje.db.session import Databases
from heitje.errors import InvalidInput
from heitje.ledger.proof import prove_books, supply_of
from heitje.neighbourhoods import import_neighbourhoods
from heitje.schemes import main_scheme
from heitje_server.commands.neighbourhoods import command
from heitje_server.demo.files import read_organisations, read_people
from heitje_server.demo.issuers import NON_DISPLACEMENT
from heitje_server.demo.load import load_if_empty
from tenants.go_live import AGREEMENT_VERSION
from tests.fixtures.databases import Database


@pytest.fixture(scope="module")
def settings(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    home: Path = tmp_path_factory.mktemp("home")
    return Settings(
        secret_key="d" * 40,
        database_url=database.app_url,
        operator_database_url=database.operator_url,
        heitje_home=home,
        files_dir=str(home / "files"),
        oidc_issuer="http://localhost:1",
        oidc_client_id="heitje",
    )


@pytest.fixture(scope="module")
def town(settings: Settings) -> Iterator[Databases]:
    assert load_if_empty(settings)
    databases = Databases(settings.database_url, settings.operator_database_url)
    yield databases
    databases.dispose()


def count(databases: Databases, query: str) -> int:
    with databases.across_tenants() as session:
        return int(session.execute(text(query)).scalar_one())


def test_the_launch_has_forty_open_chores_of_three_organisations_and_twenty_shops(town: Databases) -> None:
    with town.as_visitor() as session:
        chores = session.execute(
            text("select count(*), count(distinct tenant_id) from chores where state = 'open'")
        ).one()
    assert tuple(chores) == (40, 3)
    assert count(town, "select count(*) from shops where state = 'active'") == 20


def test_its_books_are_right_and_every_heitje_has_its_euro(town: Databases) -> None:
    with town.across_tenants() as session:
        assert prove_books(session).differences == []
        supply = supply_of(session, main_scheme(session).id)
    assert supply.outstanding_cents == supply.pool_cents == supply.funded_cents > 10_000_00


def test_approvers_find_work_and_citizens_have_something_to_spend(town: Databases) -> None:
    assert count(town, "select count(*) from claims where state = 'submitted'") >= 4
    assert count(town, "select count(*) from ledger_accounts where kind = 'wallet' and balance_cents > 0") >= 3


def test_people_wait_to_be_vetted_and_others_are(town: Databases) -> None:
    found = []
    for organisation in read_organisations():
        with town.as_visitor() as session:
            tenant_id = session.execute(
                text("select id from tenants where slug = :slug"), {"slug": organisation.slug}
            ).scalar_one()
        with town.as_tenant(tenant_id) as session:
            states = session.scalars(text("select state from vettings order by state")).all()
        found.append((organisation.slug, list(states)))
    assert found == [
        ("gemeente-heerlen", ["requested", "valid"]),
        ("voorbeeldhof", []),
        ("lampenlicht", ["requested", "requested", "valid", "valid"]),
    ]


def test_each_organisation_takes_part_with_its_look_departments_and_staff_who_can_sign_in(
    town: Databases, settings: Settings
) -> None:
    subjects = {person.email: person.sub for person in read_people()}
    for organisation in read_organisations():
        with town.as_visitor() as session:
            tenant = session.execute(
                text("select id, name, kind, state, brand_colour from tenants where slug = :slug"),
                {"slug": organisation.slug},
            ).one()
        assert tuple(tenant[1:]) == (organisation.name, organisation.kind, "live", organisation.brand_colour)
        with town.as_tenant(tenant.id) as session:
            departments = session.scalars(text("select name from departments")).all()
            staff = session.execute(
                text(
                    "select m.email, m.name, m.subject, m.state, p.issuer, p.client_id from members m"
                    " join identity_providers p on p.tenant_id = m.tenant_id and p.id = m.provider_id"
                )
            ).all()
            roles = session.execute(
                text(
                    "select m.email, r.role, coalesce(d.name, '') from member_roles r"
                    " join members m on m.tenant_id = r.tenant_id and m.id = r.member_id"
                    " left join departments d on d.tenant_id = r.tenant_id and d.id = r.department_id"
                )
            ).all()
        assert sorted(departments) == sorted(department.name for department in organisation.departments)
        assert {tuple(one) for one in staff} == {
            (member.email, member.name, subjects[member.email], "active", settings.oidc_issuer, "heitje")
            for member in organisation.members
        }
        assert sorted(tuple(one) for one in roles) == sorted(
            (member.email, role.role, role.department) for member in organisation.members for role in member.roles
        )


def test_two_operators_have_admitted_each_organisation_after_it_accepted_the_agreement(town: Databases) -> None:
    with town.across_tenants() as session:
        for organisation in read_organisations():
            details = session.execute(
                text("select d.* from tenant_details d join tenants t on t.id = d.tenant_id where t.slug = :slug"),
                {"slug": organisation.slug},
            ).one()
            assert (details.kvk_number, details.address) == (organisation.kvk_number, organisation.address)
            assert details.billing_email == organisation.billing_email
            assert details.billing_reference == organisation.billing_reference
            assert details.privacy_contact == organisation.privacy_contact
            assert (details.non_displacement_policy, details.agreement_version) == (NON_DISPLACEMENT, AGREEMENT_VERSION)
            assert details.agreement_accepted_by is not None
            assert details.kvk_confirmed
            decisions = session.scalars(
                text("select decision from tenant_admissions where tenant_id = :id"), {"id": details.tenant_id}
            ).all()
            assert decisions == ["admit", "admit"]


def test_each_department_has_the_budget_lines_of_the_file_funded_in_full(town: Databases) -> None:
    for organisation in read_organisations():
        with town.across_tenants() as session:
            tenant_id = session.scalar(text("select id from tenants where slug = :slug"), {"slug": organisation.slug})
        assert tenant_id is not None
        with town.as_tenant(tenant_id) as session:
            lines = session.execute(
                text(
                    "select d.name, l.name, sum(f.amount_cents) from budget_lines l"
                    " join departments d on d.tenant_id = l.tenant_id and d.id = l.department_id"
                    " join fundings f on f.tenant_id = l.tenant_id and f.budget_line_id = l.id"
                    " where f.state = 'received' group by 1, 2"
                )
            ).all()
        assert sorted(tuple(line) for line in lines) == sorted(
            (department.name, line.name, line.amount_cents)
            for department in organisation.departments
            for line in department.budget_lines
        )


def test_it_is_loaded_once(town: Databases, settings: Settings) -> None:
    assert not load_if_empty(settings)


def feature(**properties: Any) -> dict[str, Any]:
    said = {
        "buurtcode": "BU09170101",
        "buurtnaam": "Schandelen-Grasbroek",
        "wijkcode": "WK091701",
        "wijknaam": "Noord",
        "gemeentecode": "GM0917",
        "gemeentenaam": "Heerlen",
        "aantal_inwoners": 3450,
    }
    ring = [[5.96, 50.89], [5.98, 50.89], [5.98, 50.91], [5.96, 50.91], [5.96, 50.89]]
    return {
        "type": "Feature",
        "properties": said | properties,
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }


def collection(*features: dict[str, Any]) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(features)}


def test_a_neighbourhood_comes_in_with_code_name_residents_and_shape_and_is_renewed(town: Databases) -> None:
    with town.across_tenants() as session:
        assert import_neighbourhoods(session, collection(feature())) == 1
        assert import_neighbourhoods(session, collection(feature(aantal_inwoners=3500))) == 1
        row = session.execute(
            text("select name, residents, lat, lon, is_demo, shape from neighbourhoods where code = 'BU09170101'")
        ).one()
    assert (row.name, row.residents, row.is_demo) == ("Schandelen-Grasbroek", 3500, False)
    assert (round(row.lat, 3), round(row.lon, 3)) == (50.9, 5.97)
    assert row.shape["type"] == "Polygon"


def test_a_figure_that_cbs_keeps_secret_counts_as_none(town: Databases) -> None:
    with town.across_tenants() as session:
        import_neighbourhoods(session, collection(feature(buurtcode="BU09170102", aantal_inwoners=-99997)))
        query = text("select residents from neighbourhoods where code = 'BU09170102'")
        assert session.execute(query).scalar_one() == 0


@pytest.mark.parametrize(
    ("broken", "named"),
    [
        ({"buurtcode": "XX1"}, "XX1"),
        ({"buurtcode": "BU0917; drop table"}, "drop table"),
    ],
)
def test_one_wrong_feature_is_named_and_nothing_changes(town: Databases, broken: dict[str, Any], named: str) -> None:
    before = count(town, "select count(*) from neighbourhoods")
    with pytest.raises(InvalidInput) as refused, town.across_tenants() as session:
        import_neighbourhoods(session, collection(feature(buurtcode="BU09170199"), feature(**broken)))
    assert named in str(refused.value.errors["feature 2"])
    assert count(town, "select count(*) from neighbourhoods") == before


def test_coordinates_of_another_system_are_refused(town: Databases) -> None:
    rd = feature(buurtcode="BU09170198")
    rd["geometry"]["coordinates"] = [[[195_000, 322_000], [196_000, 322_000], [196_000, 323_000]]]
    with pytest.raises(InvalidInput, match="EPSG:4326"), town.across_tenants() as session:
        import_neighbourhoods(session, collection(rd))


def test_the_command_says_how_many_and_what_is_wrong(
    town: Databases, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", settings.database_url)
    monkeypatch.setenv("OPERATOR_DATABASE_URL", settings.operator_database_url)
    good, bad = tmp_path / "good.geojson", tmp_path / "bad.geojson"
    good.write_text(json.dumps(collection(feature())), encoding="utf-8")
    bad.write_text(json.dumps({"type": "Feature"}), encoding="utf-8")

    said = CliRunner().invoke(command, ["import", str(good), "--scheme", "heerlen"])
    assert said.exit_code == 0, said.output
    assert "1 neighbourhoods" in said.output
    refused = CliRunner().invoke(command, ["import", str(bad)])
    assert refused.exit_code == 1
    assert "Nothing was changed" in refused.output
