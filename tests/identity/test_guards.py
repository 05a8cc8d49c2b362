# SPDX-License-Identifier: EUPL-1.2
"""Guards: who comes in, in which scope, and who is out (I6)."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import event

from heitje.clock import now
from heitje.identity.guards import may_act_for
from heitje.identity.models import Member, MemberRole
from heitje.identity.roles import Role


def signed_in(app, **fields):
    client = app.test_client()
    client.get("/back-door", query_string={name: str(value) for name, value in fields.items()})
    return client


def test_a_stranger_is_sent_to_sign_in_and_back(app):
    answer = app.test_client().get("/citizen?near=1&x=a%20b")
    assert answer.status_code == 303
    assert answer.location == "/sign-in?next=%2Fcitizen%3Fnear%3D1%26x%3Da%2520b"
    assert app.test_client().get("/till").location == "/till/sign-in?next=%2Ftill"
    assert app.test_client().get("/portal/heerlen/").location == "/portal/heerlen/sign-in?next=%2Fportal%2Fheerlen%2F"


def test_a_strangers_form_is_sent_to_sign_in_without_a_way_back(app):
    app.config["WTF_CSRF_ENABLED"] = False
    answer = app.test_client().post("/citizen")
    app.config["WTF_CSRF_ENABLED"] = True
    assert (answer.status_code, answer.location) == (303, "/sign-in")


@pytest.mark.parametrize("headers", [{"HX-Request": "true"}, {"Accept": "application/json"}])
def test_a_script_without_a_session_gets_401(app, headers):
    assert app.test_client().get("/citizen", headers=headers).status_code == 401


def test_a_citizen_works_in_their_own_scope(app, given):
    citizen_id = given.citizen()
    assert signed_in(app, citizen_id=citizen_id).get("/citizen").text == f"{citizen_id} {citizen_id} citizen"


def test_a_blocked_citizen_is_out_at_the_next_request(app, given):
    citizen_id = given.citizen()
    client = signed_in(app, citizen_id=citizen_id)
    assert client.get("/citizen").status_code == 200
    given.change("update citizens set state = 'blocked' where id = %s", citizen_id)
    assert client.get("/welcome").text == "visitor None"
    assert client.get("/citizen").status_code == 303
    given.change("update citizens set state = 'active' where id = %s", citizen_id)
    assert client.get("/citizen").status_code == 303, "the session itself is gone"


def test_a_page_for_everybody_knows_the_citizen_who_signed_in(app, given):
    citizen_id = given.citizen()
    assert app.test_client().get("/welcome").text == "visitor None"
    assert signed_in(app, citizen_id=citizen_id).get("/welcome").text == str(citizen_id)


def test_a_member_works_in_the_scope_of_the_tenant_and_links_stay_there(app, given):
    tenant_id = given.tenant("scope-town")
    member_id = given.member(tenant_id)
    client = signed_in(app, tenant_id=tenant_id, member_id=member_id)
    assert client.get("/portal/scope-town/").text == f"{member_id} {tenant_id} /portal/scope-town/approve scope-town"


def test_another_organisations_portal_is_not_found(app, given):
    tenant_id = given.tenant("this-town")
    given.tenant("that-town")
    client = signed_in(app, tenant_id=tenant_id, member_id=given.member(tenant_id))
    assert client.get("/portal/that-town/").status_code == 404
    assert client.get("/portal/no-town/").status_code == 404


def test_a_page_wants_a_role_and_sees_it_taken_away(app, given):
    tenant_id = given.tenant("role-town")
    member_id = given.member(tenant_id, "approver", "finance")
    client = signed_in(app, tenant_id=tenant_id, member_id=member_id)
    assert client.get("/portal/role-town/approve").text == "approved"
    given.change("delete from member_roles where member_id = %s and role = 'approver'", member_id)
    assert client.get("/portal/role-town/approve").status_code == 403
    assert client.get("/portal/role-town/").status_code == 200


def test_an_owner_holds_no_other_role_by_that(app, given):
    tenant_id = given.tenant("owner-town")
    client = signed_in(app, tenant_id=tenant_id, member_id=given.member(tenant_id, "owner"))
    assert client.get("/portal/owner-town/approve").status_code == 403


def test_a_blocked_member_is_out_at_the_next_request(app, given):
    tenant_id = given.tenant("block-town")
    member_id = given.member(tenant_id, "approver")
    client = signed_in(app, tenant_id=tenant_id, member_id=member_id)
    given.change("update members set state = 'blocked' where id = %s", member_id)
    assert client.get("/portal/block-town/").status_code == 303


@pytest.mark.parametrize("state", ["suspended", "closed"])
def test_members_of_a_suspended_or_closed_organisation_are_out(app, given, state):
    tenant_id = given.tenant(f"town-{state}")
    client = signed_in(app, tenant_id=tenant_id, member_id=given.member(tenant_id))
    assert client.get(f"/portal/town-{state}/").status_code == 200
    given.change("update tenants set state = %s where id = %s", state, tenant_id)
    assert client.get(f"/portal/town-{state}/").status_code == 303


def test_a_member_with_many_roles_is_read_in_one_query(app, given):
    tenant_id = given.tenant("query-town")
    client = signed_in(app, tenant_id=tenant_id, member_id=given.member(tenant_id, "approver", "editor", "finance"))
    engine = app.extensions["databases"].app_engine
    seen: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda *args: seen.append(args[2]))
    assert client.get("/portal/query-town/approve").status_code == 200
    reads = [statement for statement in seen if "set_config" not in statement]
    assert len(reads) == 2, "the session and the member with roles and tenant"


def test_a_role_of_a_department_counts_there_only():
    here, there = uuid4(), uuid4()
    member = Member(roles=[MemberRole(role="approver", department_id=here), MemberRole(role="editor")])
    assert may_act_for(member, Role.APPROVER, here)
    assert not may_act_for(member, Role.APPROVER, there)
    assert not may_act_for(member, Role.APPROVER, None)
    assert may_act_for(member, Role.EDITOR, there)
    assert not may_act_for(member, Role.FINANCE, here)


def test_the_staff_of_a_shop_works_in_its_scope(app, given):
    shop_id = given.shop("Bakkerij Jansen")
    client = signed_in(app, shop_id=shop_id, staff_id=given.staff(shop_id))
    assert client.get("/till").text == f"{shop_id} Tina Bakkerij Jansen {shop_id} shop"


def test_only_the_owner_of_a_shop_sees_where_its_money_goes(app, given):
    shop_id = given.shop()
    assert signed_in(app, shop_id=shop_id, staff_id=given.staff(shop_id)).get("/till/iban").status_code == 403
    assert signed_in(app, shop_id=shop_id, staff_id=given.staff(shop_id, "owner")).get("/till/iban").text == "iban"


def test_blocked_staff_is_out_at_the_next_request(app, given):
    shop_id = given.shop()
    staff_id = given.staff(shop_id)
    client = signed_in(app, shop_id=shop_id, staff_id=staff_id)
    given.change("update shop_staff set state = 'blocked' where id = %s", staff_id)
    assert client.get("/till").status_code == 303


def bearer(app, token: str):
    return app.test_client().get("/api/v1/tenants", headers={"Authorization": f"Bearer {token}"})


def test_an_operator_sees_all_tenants_by_token(app, given):
    given.tenant("seen-town", state="verifying")
    given.operator("good-token")
    assert "seen-town" in bearer(app, "good-token").json


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer nonsense", "Basic Z29vZC10b2tlbg==", "Bearer ' or 1=1"])
def test_without_a_known_token_the_api_answers_401_as_a_problem_document(app, header):
    answer = app.test_client().get("/api/v1/tenants", headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.content_type == "application/problem+json"
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_an_expired_or_blocked_operator_is_refused(app, given):
    given.operator("old-token", token_expires_at=now() - timedelta(seconds=1))
    given.operator("blocked-token", state="blocked")
    assert bearer(app, "old-token").status_code == 401
    assert bearer(app, "blocked-token").status_code == 403


def test_the_session_of_a_citizen_opens_no_other_door(app, given):
    given.tenant("closed-town")
    client = signed_in(app, citizen_id=given.citizen())
    assert client.get("/portal/closed-town/").status_code == 303
    assert client.get("/till").status_code == 303
    assert client.get("/api/v1/tenants").status_code == 401
