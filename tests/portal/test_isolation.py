# SPDX-License-Identifier: EUPL-1.2
"""Nothing of one organisation is seen or changed by another; every text of it holds a canary (T3, T4, T7, W2, W4)."""

import re
from datetime import date
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import select

from heitje.chores.models import Chore, Kit, PickupPoint
from heitje.chores.vetting import invite_to_vetting
from heitje.identity.roles import Role
from heitje.purses.models import Funding

CANARY = "kanarie-van-b"
SCRIPT = "<script>window.hit=1</script>"


@pytest.fixture(scope="module")
def ours(given):
    return given.tenant("Gemeente A")


@pytest.fixture(scope="module")
def theirs(given, databases):
    """Another organisation in which every text that a page could show holds the canary, and a script."""
    made = given.tenant(f"Gemeente {CANARY}")
    text = f"{CANARY} {SCRIPT}"
    point_id, kit_id = uuid4(), uuid4()
    with databases.as_tenant(made.id) as session:
        session.add(
            PickupPoint(
                tenant_id=made.id,
                id=point_id,
                name=f"Punt {CANARY}",
                address=text,
                opening_hours=text,
                lat=50.9,
                lon=5.9,
            )
        )
        session.flush()
        session.add(
            Kit(
                tenant_id=made.id,
                id=kit_id,
                pickup_point_id=point_id,
                name=f"Kist {CANARY}",
                contents=text,
                instructions=text,
            )
        )
    chore = given.chore(
        made, title=text, description=text, good_result=text, why=text, safety_note=text, place_name=text, address=text,
        place_owner=text, kit_id=kit_id, evidence=["hours", "remark"],
    )  # fmt: skip
    draft = given.draft(made, title=f"Concept {CANARY}")
    citizen = given.citizen(f"Burger {CANARY}")
    claim = given.hand_in(citizen, given.claim(citizen, chore), minutes=60, remark=text)
    vetting = given.asked(given.citizen(f"Vrager {text}"), made)
    with databases.as_tenant(made.id) as session:
        invite_to_vetting(session, vetting.id, note=text, by=made.approver, at=given.at)
        funding = session.scalars(select(Funding)).first()
    return {
        "tenant": made, "chore_id": chore.id, "draft_id": draft.id, "claim_id": claim.id, "kit_id": kit_id,
        "point_id": point_id, "line_id": chore.budget_line_id, "funding_id": funding.id,
        "member_id": made.approver.member_id, "department_id": made.department_id, "provider_id": uuid4(),
        "vetting_id": vetting.id, "invoice_id": uuid4(), "evidence_id": uuid4(), "kind": "csv", "citizen": citizen, "claim": claim,
    }  # fmt: skip


def portal_rules(app):
    return [
        rule
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("portal.") and "sign_" not in rule.endpoint
    ]


def address_of(rule, slug, values):
    address = re.sub(r"<any\([^)]*\):(\w+)>|<(?:\w+:)?(\w+)>", lambda m: "{" + (m[1] or m[2]) + "}", rule.rule)
    return address.format(**(values | {"tenant": slug}))


def part_of_a_page(rule):
    return {"HX-Request": "true"} if rule.endpoint == "portal.funding_state" else {}


def tables_of(database):
    with psycopg.connect(database.superuser_url) as connection:
        names = "members member_roles chores slots claims claim_decisions kits pickup_points fundings budget_lines departments vettings"
        return {
            name: connection.execute(f"select md5(string_agg(x::text, '|' order by x::text)) from {name} x").fetchone()
            for name in names.split()
        }


def test_with_anothers_ids_every_address_is_not_found_and_changes_nothing(app, signed_in, ours, theirs, database):
    browser = signed_in(ours.owner)
    token = re.search(
        r'name="csrf_token" value="([^"]*)"', browser.get(f"/portal/{ours.slug}/account").get_data(as_text=True)
    )[1]
    before = tables_of(database)

    for rule in portal_rules(app):
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            address = address_of(rule, ours.slug, theirs)
            data = {"csrf_token": token, "idempotency_key": uuid4().hex} if method == "POST" else None
            answer = browser.open(address, method=method, data=data)
            body = answer.get_data(as_text=True)
            assert answer.status_code < 500, (method, address)
            assert CANARY not in body, (method, address)
            if rule.arguments - {"tenant", "kind"}:
                assert answer.status_code in {403, 404}, (method, address, answer.status_code)

    assert tables_of(database) == before


def test_in_anothers_portal_every_address_is_not_found(app, signed_in, ours, theirs):
    browser = signed_in(ours.owner)

    for rule in portal_rules(app):
        if "GET" in rule.methods:
            answer = browser.get(address_of(rule, theirs["tenant"].slug, theirs))
            assert answer.status_code == 404, rule.rule
            assert CANARY not in answer.get_data(as_text=True), rule.rule


def test_no_search_list_or_download_shows_anothers(signed_in, ours, theirs):
    browser = signed_in(ours.owner)

    for path in (
        "chores?q=kanarie",
        "chores.csv?q=kanarie",
        "chores.xlsx?q=kanarie",
        "kits",
        "members",
        "vetting",
        "history",
        "budget",
    ):
        answer = browser.get(f"/portal/{ours.slug}/{path}")
        assert answer.status_code == 200
        # The words that were searched for are those of the asker.
        assert CANARY.encode() not in answer.get_data()


def test_anothers_department_line_or_kit_is_no_choice(signed_in, ours, theirs, given, databases):
    line = given.funded_line(ours, name="Eigen geld")
    browser = signed_in(ours.owner)
    address = f"/portal/{ours.slug}/chores/new"
    page = browser.get(address).get_data(as_text=True)
    values = {
        name: re.search(rf'name="{name}"[^>]*value="([^"]*)"', page)[1] for name in ("csrf_token", "idempotency_key")
    } | {
        "title": "Vreemde spullen", "category_code": "clean", "description": "Veeg de hele stoep.", "good_result": "Schoon.",
        "place_name": "Markt", "lat": "50.894", "lon": "5.972", "neighbourhood_code": "BU0917D01", "timing": "any",
        "closes_on": date(2099, 1, 1).isoformat(), "duration_minutes": "30", "reward_cents": "5", "slots_count": "1",
        "department_id": str(ours.department_id), "budget_line_id": str(line.id), "evidence": "hours", "min_age": "16",
        "skill": "none", "kit_id": "",
    }  # fmt: skip

    for name, other in (("department_id", "department_id"), ("budget_line_id", "line_id"), ("kit_id", "kit_id")):
        known = browser.post(address, data=values | {name: str(theirs[other])})
        unknown = browser.post(address, data=values | {name: str(uuid4())})
        assert (known.status_code, unknown.status_code) == (422, 422)

    with databases.as_tenant(ours.id) as session:
        assert session.scalar(select(Chore).where(Chore.title == "Vreemde spullen")) is None


def test_fields_that_nobody_asked_for_are_ignored(signed_in, ours, theirs, given, databases):
    line = given.funded_line(ours, name="Massa")
    draft = given.draft(ours, title="Massa-toewijzing", budget_line_id=line.id)
    browser = signed_in(ours.owner)
    address = f"/portal/{ours.slug}/chores/{draft.id}/edit"

    page = browser.get(address).get_data(as_text=True)
    token = re.search(r'name="csrf_token"[^>]*value="([^"]*)"', page)[1]
    browser.post(
        address, data={"csrf_token": token, "tenant_id": str(theirs["tenant"].id), "state": "open", "slots_free": "99"}
    )

    with databases.as_tenant(ours.id) as session:
        chore = session.scalars(select(Chore).where(Chore.id == draft.id)).one()
        assert (chore.tenant_id, chore.state, chore.slots_free) == (ours.id, "draft", 0)


def test_scripts_in_texts_stay_texts(signed_in, theirs, app):
    tenant = theirs["tenant"]
    browser = signed_in(tenant.owner)

    seen = 0
    for rule in portal_rules(app):
        if "GET" in rule.methods and "evidence" not in rule.rule and "invoice" not in rule.rule:
            answer = browser.get(address_of(rule, tenant.slug, theirs), headers=part_of_a_page(rule))
            if answer.mimetype == "text/html":
                body = answer.get_data(as_text=True)
                assert SCRIPT not in body, rule.rule
                seen += CANARY in body
    assert seen > 20, "the pages show the texts at all"


def test_no_form_counts_without_its_token(app, signed_in, ours, theirs, database):
    browser = signed_in(theirs["tenant"].owner)
    before = tables_of(database)

    for rule in portal_rules(app):
        if "POST" in rule.methods:
            address = address_of(rule, theirs["tenant"].slug, theirs)
            assert browser.post(address).status_code == 400, rule.rule
            foreign = browser.post(address, headers={"Origin": "https://evil.example"})
            assert foreign.status_code == 403, rule.rule

    assert tables_of(database) == before


def test_looking_at_pages_changes_nothing(app, signed_in, given, theirs, database):
    tenant = theirs["tenant"]
    for member in (tenant.owner, tenant.approver, given.member(tenant.id, Role.STAFF_REPRESENTATIVE)):
        browser = signed_in(member)
        before = tables_of(database)
        for rule in portal_rules(app):
            if "GET" in rule.methods:
                answer = browser.get(address_of(rule, tenant.slug, theirs), headers=part_of_a_page(rule))
                assert answer.status_code in {200, 403, 404, 409}, rule.rule

        assert tables_of(database) == before


@pytest.mark.parametrize(
    ("role", "allowed", "refused"),
    [
        (
            Role.EDITOR,
            ("chores/new", "chores/upload", "kits/new"),
            ("claims", "vetting", "budget/new", "members/invite", "settings"),
        ),
        (Role.APPROVER, ("claims", "vetting", "chores"), ("chores/new", "budget/new", "invoices", "history")),
        (Role.FINANCE, ("budget/new", "invoices"), ("claims", "chores/new", "settings", "members/invite")),
        (Role.FIELD_WORKER, ("chores/new",), ("chores/upload", "claims", "settings")),
        (Role.STAFF_REPRESENTATIVE, ("chores", "members"), ("chores/new", "claims", "invoices", "history")),
        (Role.OWNER, ("settings", "history", "members/invite", "invoices"), ("claims", "chores/new", "budget/new")),
    ],
)
def test_each_role_has_its_pages_and_no_more(signed_in, given, ours, role, allowed, refused):
    browser = signed_in(given.member(ours.id, role))

    for path in allowed:
        assert browser.get(f"/portal/{ours.slug}/{path}").status_code == 200, path
    for path in refused:
        assert browser.get(f"/portal/{ours.slug}/{path}").status_code == 403, path


def test_a_stranger_is_led_to_the_sign_in_and_back(visitor, ours):
    answer = visitor.get(f"/portal/{ours.slug}/budget")

    assert answer.status_code == 303
    assert answer.location == f"/portal/{ours.slug}/sign-in?next=%2Fportal%2F{ours.slug}%2Fbudget"
