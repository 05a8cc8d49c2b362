# SPDX-License-Identifier: EUPL-1.2
"""Sessions: kept by us, ended by us (I1)."""

from datetime import timedelta
from hashlib import sha256
from http.cookies import SimpleCookie

import pytest
from flask import Flask
from sqlalchemy import text

from heitje.clock import now
from heitje.config import Settings
from heitje.db.session import Databases
from heitje.identity.sessions import ServerSessions, end_sessions_of_citizen, end_sessions_of_member


def cookie_of(client) -> str:
    cookie = client.get_cookie("heitje")
    return "" if cookie is None else cookie.value


@pytest.fixture
def citizen_id(given):
    return given.citizen()


def rows(given) -> int:
    return given.one("select count(*) from sessions")["count"]


def test_a_visitor_who_leaves_nothing_gets_no_cookie_and_no_row(app, given):
    before = rows(given)
    answer = app.test_client().get("/nothing")
    assert "Set-Cookie" not in answer.headers
    assert rows(given) == before


def test_what_is_put_in_is_there_at_the_next_request(app):
    client = app.test_client()
    client.get("/note/hello")
    assert client.get("/note").text == "hello"


def test_the_database_holds_only_the_digest_of_the_cookie(app, given):
    client = app.test_client()
    client.get("/note/hello")
    token = cookie_of(client)
    assert len(token) == 43
    assert given.one("select 1 from sessions where token_sha256 = %s", sha256(token.encode()).hexdigest())
    assert given.one("select 1 from sessions where sessions::text like '%%' || %s || '%%'", token) is None


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(app):
    header = app.test_client().get("/note/hello").headers["Set-Cookie"]
    assert "HttpOnly" in header
    assert "SameSite=Lax" in header
    assert "Path=/" in header
    assert "Domain" not in header


def test_on_https_the_cookie_has_the_host_prefix_and_is_secure(app, settings):
    https = Flask("heitje_server")
    https.extensions = app.extensions
    https.session_interface = ServerSessions(Settings(public_url="https://heitje.example"))
    https.add_url_rule("/note/<text>", view_func=app.view_functions["doors.note"])
    cookie = SimpleCookie(https.test_client().get("/note/hello").headers["Set-Cookie"])
    assert cookie["__Host-heitje"]["secure"]
    assert cookie["__Host-heitje"]["path"] == "/"


def test_the_token_changes_at_sign_in_and_the_old_one_is_dead(app, citizen_id):
    client = app.test_client()
    client.get("/note/before")
    before = cookie_of(client)
    client.get(f"/back-door?citizen_id={citizen_id}")
    assert cookie_of(client) != before
    assert client.get("/note").text == ""
    thief = app.test_client()
    thief.set_cookie("heitje", before)
    assert thief.get("/note").text == ""
    assert str(citizen_id) not in thief.get("/who").text


def test_a_copied_cookie_is_dead_after_sign_out(app, citizen_id):
    client = app.test_client()
    client.get(f"/back-door?citizen_id={citizen_id}")
    thief = app.test_client()
    thief.set_cookie("heitje", cookie_of(client))
    assert str(citizen_id) in thief.get("/who").text
    client.get("/out")
    assert cookie_of(client) == ""
    assert str(citizen_id) not in thief.get("/who").text


@pytest.mark.parametrize(
    "token", ["x", "../../etc/passwd", "a" * 43, "a" * 4000, "é" * 43, "'; drop table sessions;--"]
)
def test_a_made_up_cookie_is_a_visitor(app, token):
    client = app.test_client()
    client.set_cookie("heitje", token)
    assert client.get("/note").text == ""
    assert client.get("/note/mine").status_code == 200


def age(given, client, **ages: timedelta) -> None:
    digest = sha256(cookie_of(client).encode()).hexdigest()
    for column, by in ages.items():
        given.change(f"update sessions set {column} = {column} - %s where token_sha256 = %s", by, digest)


def test_a_citizen_is_out_after_twelve_hours_without_use(app, given, citizen_id):
    client = app.test_client()
    client.get(f"/back-door?citizen_id={citizen_id}")
    age(given, client, seen_at=timedelta(hours=11, minutes=50))
    assert str(citizen_id) in client.get("/who").text
    age(given, client, seen_at=timedelta(hours=12, minutes=1))
    assert str(citizen_id) not in client.get("/who").text


def test_a_citizen_is_out_after_thirty_days_however_busy(app, given, citizen_id):
    client = app.test_client()
    client.get(f"/back-door?citizen_id={citizen_id}")
    age(given, client, expires_at=timedelta(days=29, hours=23))
    assert str(citizen_id) in client.get("/who").text
    age(given, client, expires_at=timedelta(hours=2))
    assert str(citizen_id) not in client.get("/who").text


def test_a_member_is_out_after_two_hours_without_use_or_half_a_day(app, given):
    tenant_id = given.tenant("idle-town")
    member_id = given.member(tenant_id)
    client = app.test_client()
    client.get(f"/back-door?tenant_id={tenant_id}&member_id={member_id}")
    row = given.one("select expires_at from sessions where member_id = %s", member_id)
    assert abs(row["expires_at"] - now() - timedelta(hours=12)) < timedelta(minutes=1)
    age(given, client, seen_at=timedelta(hours=2, minutes=1))
    assert str(member_id) not in client.get("/who").text


def test_reading_a_session_writes_nothing_for_five_minutes(app, given, citizen_id):
    client = app.test_client()
    client.get(f"/back-door?citizen_id={citizen_id}")
    version = "select xmin::text, seen_at from sessions where citizen_id = %s"
    before = given.one(version, citizen_id)
    client.get("/who")
    assert given.one(version, citizen_id) == before
    age(given, client, seen_at=timedelta(minutes=6))
    client.get("/who")
    assert given.one(version, citizen_id)["seen_at"] >= before["seen_at"]


def test_a_tenant_ends_the_sessions_of_its_member_and_of_nobody_else(app, given, settings):
    ours, theirs = given.tenant("our-town"), given.tenant("their-town")
    people = {tenant: given.member(tenant) for tenant in (ours, theirs)}
    clients = {}
    for tenant, member in people.items():
        clients[tenant] = app.test_client()
        clients[tenant].get(f"/back-door?tenant_id={tenant}&member_id={member}")
    databases = Databases(settings.database_url)
    with databases.as_tenant(ours) as session:
        for member in people.values():
            end_sessions_of_member(session, member)
    databases.dispose()
    assert str(people[ours]) not in clients[ours].get("/who").text
    assert str(people[theirs]) in clients[theirs].get("/who").text


def test_a_citizen_signs_out_everywhere(app, given, settings):
    me, other = given.citizen(), given.citizen()
    phone, laptop, stranger = app.test_client(), app.test_client(), app.test_client()
    for client, citizen in ((phone, me), (laptop, me), (stranger, other)):
        client.get(f"/back-door?citizen_id={citizen}")
    databases = Databases(settings.database_url)
    with databases.as_citizen(me) as session:
        end_sessions_of_citizen(session, me)
        end_sessions_of_citizen(session, other)
    databases.dispose()
    assert str(me) not in phone.get("/who").text + laptop.get("/who").text
    assert str(other) in stranger.get("/who").text


def test_a_late_answer_does_not_bring_an_ended_session_back(app, given, citizen_id):
    client = app.test_client()
    client.get(f"/back-door?citizen_id={citizen_id}")
    token = cookie_of(client)
    assert client.get("/late").status_code == 200
    client.set_cookie("heitje", token)
    assert str(citizen_id) not in client.get("/who").text
    assert given.one("select 1 from sessions where citizen_id = %s", citizen_id) is None


def test_nobody_lists_sessions(app, settings, given, citizen_id):
    app.test_client().get(f"/back-door?citizen_id={citizen_id}")
    databases = Databases(settings.database_url)
    with databases.as_visitor() as session:
        assert session.scalar(text("select count(*) from sessions")) == 0
    with databases.as_citizen(given.citizen()) as session:
        assert session.scalar(text("select count(*) from sessions")) == 0
    databases.dispose()
