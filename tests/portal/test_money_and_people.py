# SPDX-License-Identifier: EUPL-1.2
"""Budget lines are opened, funded and frozen; colleagues are invited, given roles and let go (R104, R105, R125)."""

import re

import pytest
from sqlalchemy import select

from heitje.identity.models import Department, Member, TenantDetails
from heitje.identity.roles import Role
from heitje.notifications.models import Message
from heitje.purses.funding import ask_funding, receive_funding
from heitje.purses.models import BudgetLine, Funding
from tests.fixtures.given import SYSTEM


@pytest.fixture
def tenant(given):
    return given.tenant()


@pytest.fixture
def browser(signed_in, tenant):
    return signed_in(tenant.owner)


def sent(browser, address, page="", **values):
    """Send the form of a page that posts to itself."""
    html = browser.get(page or address).get_data(as_text=True)
    hidden = {
        name: found[1]
        for name in ("csrf_token", "idempotency_key", "version")
        if (found := re.search(rf'name="{name}"[^>]*value="([^"]*)"', html))
    }
    return browser.post(address, data=hidden | values)


def test_finance_opens_a_line_for_a_department(browser, databases, tenant):
    answer = sent(
        browser, f"/portal/{tenant.slug}/budget/new", name="Nette straten", department_id=str(tenant.department_id),
        starts_on="2026-01-01", ends_on="2027-12-31",
    )  # fmt: skip

    assert answer.status_code == 303
    assert "Nog geen geld" in browser.get(answer.location).get_data(as_text=True)
    again = sent(
        browser, f"/portal/{tenant.slug}/budget/new", name="Nette straten", department_id=str(tenant.department_id),
        starts_on="2026-01-01", ends_on="2027-12-31",
    )  # fmt: skip
    assert again.status_code == 422
    with databases.as_tenant(tenant.id) as session:
        assert len(session.scalars(select(BudgetLine)).all()) == 1


def test_finance_of_one_department_sees_and_opens_only_its_own(signed_in, given, tenant):
    elsewhere = given.department(tenant.id, "Zorg")
    line = given.funded_line(tenant, name="Van wijkbeheer")
    finance = signed_in(given.member(tenant.id, Role.FINANCE, department=elsewhere))

    assert "Van wijkbeheer" not in finance.get(f"/portal/{tenant.slug}/budget").get_data(as_text=True)
    assert finance.get(f"/portal/{tenant.slug}/budget/{line.id}").status_code == 404
    assert finance.get(f"/portal/{tenant.slug}/budget/{line.id}/fund").status_code == 404
    answer = sent(
        finance, f"/portal/{tenant.slug}/budget/new", name="Stiekem", department_id=str(tenant.department_id),
        starts_on="2026-01-01", ends_on="2027-12-31",
    )  # fmt: skip
    assert answer.status_code == 422


def test_a_funding_is_kept_when_the_payment_provider_is_away_and_waits_to_be_paid(browser, given, databases, tenant):
    line = given.funded_line(tenant)

    answer = sent(browser, f"/portal/{tenant.slug}/budget/{line.id}/fund", amount_cents="250,00")

    assert answer.status_code == 303
    page = browser.get(answer.location).get_data(as_text=True)
    assert "250,00" in page
    assert "nog niet ingesteld" in page
    assert "hx-get" in page
    with databases.as_tenant(tenant.id) as session:
        states = {funding.amount_cents: funding.state for funding in session.scalars(select(Funding))}
    assert states[250_00] == "awaiting"


@pytest.mark.parametrize("amount", ["", "nul", "9,99", "1e9", "-5"])
def test_an_amount_that_cannot_be_is_said_at_the_field(browser, given, databases, tenant, amount):
    line = given.funded_line(tenant)

    assert sent(browser, f"/portal/{tenant.slug}/budget/{line.id}/fund", amount_cents=amount).status_code == 422
    with databases.as_tenant(tenant.id) as session:
        assert len(session.scalars(select(Funding)).all()) == 1


def test_the_waiting_page_turns_to_received_and_asks_no_more(browser, given, databases, tenant):
    line = given.funded_line(tenant)
    with databases.as_tenant(tenant.id) as session:
        funding = ask_funding(session, line.id, amount_cents=40_00, by=tenant.owner, at=given.at)
    address = f"/portal/{tenant.slug}/fundings/{funding.id}/state"
    assert "hx-trigger" in browser.get(address, headers={"HX-Request": "true"}).get_data(as_text=True)

    with databases.across_tenants() as session:
        receive_funding(
            session, tenant_id=tenant.id, funding_id=funding.id, received_cents=40_00, by=SYSTEM, at=given.at
        )

    answer = browser.get(address, headers={"HX-Request": "true"}).get_data(as_text=True)
    assert "Ontvangen" in answer
    assert "hx-trigger" not in answer


def test_a_frozen_line_publishes_nothing_new(browser, given, databases, tenant):
    line = given.funded_line(tenant)
    chore = given.draft(tenant, budget_line_id=line.id)
    address = f"/portal/{tenant.slug}/budget/{line.id}"

    assert browser.submit(f"{address}/freeze", address).status_code == 303
    answer = browser.submit(
        f"/portal/{tenant.slug}/chores/{chore.id}/publish", f"/portal/{tenant.slug}/chores/{chore.id}", attested="yes"
    )

    assert answer.status_code == 409
    assert "bevroren" in answer.get_data(as_text=True)


def test_an_invited_colleague_gets_a_message_and_the_roles(browser, databases, tenant):
    answer = sent(
        browser, f"/portal/{tenant.slug}/members/invite", name="Noor Nieuw", email="Noor@Tenant.example",
        approver=["all"], editor=[],
    )  # fmt: skip

    assert answer.status_code == 303
    with databases.as_tenant(tenant.id) as session:
        member = session.scalars(select(Member).where(Member.email == "noor@tenant.example")).one()
        assert member.state == "invited"
        message = session.scalars(select(Message).where(Message.member_id == member.id)).one()
        assert message.kind == "member-invited"
    again = sent(browser, f"/portal/{tenant.slug}/members/invite", name="Noor", email="noor@tenant.example")
    assert again.status_code == 422


def test_roles_hold_from_the_next_request_on(browser, signed_in, given, tenant):
    colleague = given.member(tenant.id, Role.EDITOR)
    theirs = signed_in(colleague)
    assert theirs.get(f"/portal/{tenant.slug}/claims").status_code == 403

    address = f"/portal/{tenant.slug}/members/{colleague.member_id}"
    assert sent(browser, address, approver=["all"]).status_code == 303

    assert theirs.get(f"/portal/{tenant.slug}/claims").status_code == 200
    assert theirs.get(f"/portal/{tenant.slug}/chores/new").status_code == 403


def test_who_is_let_go_is_out_at_the_next_request(browser, signed_in, given, tenant):
    colleague = given.member(tenant.id, Role.EDITOR)
    theirs = signed_in(colleague)
    assert theirs.get(f"/portal/{tenant.slug}/").status_code == 200
    address = f"/portal/{tenant.slug}/members/{colleague.member_id}"

    browser.submit(f"{address}/block", address)

    assert theirs.get(f"/portal/{tenant.slug}/").status_code == 303


def test_an_organisation_that_takes_part_keeps_two_owners(browser, given, tenant):
    second = given.member(tenant.id, Role.OWNER)
    address = f"/portal/{tenant.slug}/members/{second.member_id}"

    answer = sent(browser, address, editor=["all"])

    assert answer.status_code == 422
    assert "eigenaar" in answer.get_data(as_text=True)
    given.member(tenant.id, Role.OWNER)
    assert sent(browser, address, editor=["all"]).status_code == 303


def test_an_editor_cannot_give_roles(signed_in, given, tenant):
    editor = signed_in(given.member(tenant.id, Role.EDITOR))
    token = re.search(
        r'name="csrf_token" value="([^"]*)"', editor.get(f"/portal/{tenant.slug}/account").get_data(as_text=True)
    )[1]

    address = f"/portal/{tenant.slug}/members/{tenant.approver.member_id}"
    assert editor.post(address, data={"csrf_token": token, "owner": ["all"]}).status_code == 403


def test_a_department_is_added_once_and_renamed(browser, databases, tenant):
    address = f"/portal/{tenant.slug}/departments"

    assert sent(browser, address, name="Groen en water").status_code == 303
    assert sent(browser, address, name="groen EN water").status_code == 422
    with databases.as_tenant(tenant.id) as session:
        added = session.scalars(select(Department).where(Department.name == "Groen en water")).one()
    assert sent(browser, f"{address}/{added.id}", name="Groen").status_code == 303
    assert "Groen en water" not in browser.get(address).get_data(as_text=True)


def test_settings_change_the_look_and_the_addresses(browser, databases, tenant):
    address = f"/portal/{tenant.slug}/settings"

    assert sent(browser, address, name="Gemeente Nieuw", brand_colour="#123456").status_code == 303
    assert "/theme/123456.css" in browser.get(address).get_data(as_text=True)
    html = browser.get(address).get_data(as_text=True)
    token = re.search(r'name="csrf_token"[^>]*value="([^"]*)"', html)[1]
    said = {
        "billing_email": "Rekening@nieuw.example",
        "billing_reference": "R-1",
        "address": "Markt 1",
        "privacy_contact": "fg@nieuw.example",
        "non_displacement_policy": "De OR kijkt mee.",
    }
    answer = browser.post(f"{address}/contacts", data={"csrf_token": token} | said)
    assert answer.status_code == 303
    with databases.as_tenant(tenant.id) as session:
        details = session.get_one(TenantDetails, tenant.id)
        assert details.billing_email == "rekening@nieuw.example"
        assert details.non_displacement_policy == "De OR kijkt mee."


def test_a_look_that_a_colleague_changed_meanwhile_is_not_overwritten_unseen(browser, tenant):
    address = f"/portal/{tenant.slug}/settings"
    html = browser.get(address).get_data(as_text=True)
    token = re.search(r'name="csrf_token"[^>]*value="([^"]*)"', html)[1]
    sent(browser, address, name="De eerste", brand_colour="#123456")

    late = browser.post(
        address, data={"csrf_token": token, "version": "1", "name": "De tweede", "brand_colour": "#654321"}
    )

    assert late.status_code == 409
    assert "De eerste" in browser.get(address).get_data(as_text=True)


def test_the_only_way_to_sign_in_stays_on(signed_in, given, databases):
    from heitje.identity.models import IdentityProvider

    tenant = given.tenant()
    with databases.as_tenant(tenant.id) as session:
        provider = IdentityProvider(tenant_id=tenant.id, name="Ons account", issuer="https://a.example", client_id="c")
        session.add(provider)
        session.flush()
        provider_id = provider.id
    browser = signed_in(tenant.owner)
    address = f"/portal/{tenant.slug}/settings"
    assert sent(
        browser, f"{address}/providers/new", name="Tweede", issuer="https://b.example", client_id="x"
    ).status_code == 303  # fmt: skip

    assert browser.submit(f"{address}/providers/{provider_id}", address).status_code == 303
    token = re.search(r'name="csrf_token"[^>]*value="([^"]*)"', browser.get(address).get_data(as_text=True))[1]
    with databases.as_tenant(tenant.id) as session:
        other = session.scalars(select(IdentityProvider.id).where(IdentityProvider.name == "Tweede")).one()
    assert browser.post(f"{address}/providers/{other}", data={"csrf_token": token, "enabled": "no"}).status_code == 409


def test_every_act_stands_in_the_history_with_who_did_it(browser, given, tenant):
    given.chore(tenant, title="Met historie")

    page = browser.get(f"/portal/{tenant.slug}/history").get_data(as_text=True)

    for text in ("Gepubliceerd", "Geld ontvangen", "Olga Eigenaar"):
        assert text in page


def test_a_refusal_keeps_one_inside_the_portal(signed_in, given, tenant):
    finance = signed_in(given.member(tenant.id, Role.FINANCE))

    refused = finance.get(f"/portal/{tenant.slug}/chores/new")
    lost = finance.get(f"/portal/{tenant.slug}/no-such-page")

    assert refused.status_code == 403
    assert f'href="/portal/{tenant.slug}/budget"' in refused.get_data(as_text=True)
    assert lost.status_code == 404
    assert f'href="/portal/{tenant.slug}/"' in lost.get_data(as_text=True)
