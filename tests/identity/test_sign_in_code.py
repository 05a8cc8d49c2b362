# SPDX-License-Identifier: EUPL-1.2
"""Sign-in by a code in the mail: I3, I4, and that codes are nowhere in clear."""

import json
import re
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from flask import Flask, request

from heitje.config import Settings
from heitje.db.request import databases, init_db
from heitje.errors import HeitjeError, InvalidInput
from heitje.identity import clearing, sign_in
from heitje.identity.guards import init_guards
from heitje.identity.sessions import init_sessions
from heitje.jobs.process import init_jobs
from heitje.notifications import mail  # noqa: F401 - registers the job
from heitje.web.pages import init_pages
from tests.identity.doors import doors


@pytest.fixture(scope="module")
def settings(database, valkey_server, mail_server) -> Settings:
    """Counters run on a real Valkey; the queue is one that nobody works on, but in a test that says so."""
    return Settings(
        secret_key="another secret of the tests, longer than 32",
        database_url=database.app_url,
        operator_database_url=database.operator_url,
        redis_url=valkey_server.url,
        smtp_url=mail_server.url,
        web_threads=8,
    )


@pytest.fixture(scope="module")
def app(settings):
    app = Flask("heitje_server")
    init_db(app, settings)
    init_sessions(app, settings)
    init_pages(app, settings)
    init_guards(app)
    app.register_blueprint(doors)
    app.config["WTF_CSRF_ENABLED"] = False

    @app.post("/ask/<purpose>")
    def ask(purpose):
        sign_in.ask_for_code(request.form["email"], purpose)
        return sign_in.awaited_code(purpose).email

    @app.post("/enter/<purpose>")
    def enter(purpose):
        return str(sign_in.enter_code(request.form["code"], purpose))

    @app.post("/switch/<uuid:shop_id>")
    def switch(shop_id):
        sign_in.switch_shop(shop_id)
        return "switched"

    yield app
    with app.app_context():
        databases().dispose()


@pytest.fixture(autouse=True)
def jobs(app, settings):
    """The queue server is away, so a mail leaves at once and nothing is counted but in the database."""
    init_jobs(replace(settings, redis_url=""), databases=app.extensions["databases"])
    yield
    init_jobs(replace(settings, redis_url=""))


@pytest.fixture
def counting(app, settings):
    init_jobs(settings, databases=app.extensions["databases"], queue_name=f"nobody-{uuid4().hex}")


@pytest.fixture
def address() -> str:
    return f"{uuid4().hex}@home.example"


def ask(client, email, purpose="citizen", **more):
    return client.post(f"/ask/{purpose}", data={"email": email}, headers={"Accept": "application/json"}, **more)


def enter(client, code, purpose="citizen", **more):
    return client.post(f"/enter/{purpose}", data={"code": code}, headers={"Accept": "application/json"}, **more)


def code_in_mail(mail_server, address: str) -> str:
    newest = mail_server.messages(to=address)[0]
    return re.search(r"\b\d{6}\b", newest["text"])[0]


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


def test_a_new_citizen_signs_in_by_the_code_in_the_mail(app, address, mail_server, given):
    client = app.test_client()
    assert ask(client, f"  {address.upper()} ").text == address
    assert enter(client, code_in_mail(mail_server, address)).status_code == 200
    row = given.one("select id, state, language from citizens where email = %s", address)
    assert client.get("/citizen").text.startswith(str(row["id"]))


def test_a_citizen_who_comes_back_is_the_same(app, address, mail_server, given):
    for _ in range(2):
        client = app.test_client()
        ask(client, address)
        enter(client, code_in_mail(mail_server, address))
    assert given.one("select count(*) from citizens where email = %s", address)["count"] == 1


def test_the_code_may_be_typed_with_a_space(app, address, mail_server):
    client = app.test_client()
    ask(client, address)
    code = code_in_mail(mail_server, address)
    assert enter(client, f" {code[:3]} {code[3:]} ").status_code == 200


def test_the_mail_is_in_the_language_of_who_asks_and_says_what_to_do(app, address, mail_server):
    ask(app.test_client(), address)
    assert mail_server.messages(to=address)[0]["headers"]["Content-Language"] == "nl"
    app.test_client().post("/ask/citizen", data={"email": address}, headers={"Accept-Language": "en"})
    newest = mail_server.messages(to=address)[0]
    assert newest["headers"]["Content-Language"] == "en"
    assert "Never give it to anybody" in newest["text"]


def test_a_code_works_once(app, address, mail_server, given):
    client = app.test_client()
    ask(client, address)
    code = code_in_mail(mail_server, address)
    kept = given.one("select content from sessions where content->'sign_in_code'->>'email' = %s", address)["content"]
    assert enter(client, code).status_code == 200
    given.change(
        "update sessions set content = %s where citizen_id = (select id from citizens where email = %s)",
        json.dumps(kept),
        address,
    )
    assert enter(client, code).json["type"] == "/problems/code-expired"


def test_a_code_is_too_old_after_ten_minutes(app, address, mail_server, given):
    client = app.test_client()
    ask(client, address)
    given.change("update sign_in_codes set expires_at = expires_at - interval '10 minutes' where email = %s", address)
    answer = enter(client, code_in_mail(mail_server, address))
    assert (answer.status_code, answer.json["type"]) == (410, "/problems/code-expired")


def test_five_guesses_and_the_right_code_is_worth_nothing(app, address, mail_server):
    client = app.test_client()
    ask(client, address)
    code = code_in_mail(mail_server, address)
    lefts = [enter(client, wrong(code)).json.get("guessesLeft") for _ in range(5)]
    assert lefts == [4, 3, 2, 1, None]
    assert enter(client, code).status_code == 410


def test_a_code_works_only_in_the_browser_that_asked_for_it(app, address, mail_server):
    ask(app.test_client(), address)
    code = code_in_mail(mail_server, address)
    thief = app.test_client()
    assert enter(thief, code).status_code == 410
    ask(thief, address)
    assert enter(thief, code).status_code == 400


def test_somebody_elses_wrong_guesses_do_not_lock_the_owner_out(app, address, mail_server):
    owner, thief = app.test_client(), app.test_client()
    ask(owner, address)
    code = code_in_mail(mail_server, address)
    for _ in range(2):
        ask(thief, address)
        for _ in range(6):
            enter(thief, wrong(code))
    assert enter(owner, code).status_code == 200


def test_a_code_for_the_till_opens_no_wallet(app, address, mail_server, given):
    given.staff(given.shop(), email=address)
    client = app.test_client()
    ask(client, address, "till")
    assert enter(client, code_in_mail(mail_server, address), "citizen").status_code == 410
    assert given.one("select 1 from citizens where email = %s", address) is None


@pytest.mark.parametrize(
    "email",
    ["", "x", "x@", "@x.nl", "a b@x.nl", "a@x", "a@x.nl\nbcc: b@x.nl", "a@x.nl,b@x.nl", "é@x.nl", "a" * 250 + "@x.nl"],
)
def test_what_is_no_address_is_refused_with_an_example(app, email):
    answer = ask(app.test_client(), email)
    assert answer.status_code == 400
    assert "name@example.nl" in answer.text or "naam@voorbeeld.nl" in answer.text


def test_nothing_in_the_database_shows_the_code(app, address, mail_server, given):
    ask(app.test_client(), address)
    code = code_in_mail(mail_server, address)
    found = given.one("select code_sha256::text from sign_in_codes where email = %s", address)
    assert code not in found["code_sha256"]
    assert given.one("select 1 from sessions where content::text like %s", f"%{code}%") is None
    assert given.one("select 1 from job_outbox where arguments::text like %s", f"%{code}%") is None


def test_a_till_answers_the_same_to_known_and_unknown_addresses_and_mails_only_staff(app, mail_server, given):
    known, unknown = f"{uuid4().hex}@shop.example", f"{uuid4().hex}@shop.example"
    given.staff(given.shop(), email=known)
    answers = [ask(app.test_client(), email, "till") for email in (known, unknown)]
    assert {(answer.status_code, answer.text.replace(known, "@").replace(unknown, "@")) for answer in answers} == {
        (200, "@")
    }
    assert mail_server.messages(to=known)
    assert not mail_server.messages(to=unknown)


def test_staff_signs_in_at_the_till_and_switches_to_a_second_shop(app, address, mail_server, given):
    first, second, other = given.shop("Ons"), given.shop("Toko"), given.shop("Ander")
    for shop in (first, second):
        given.staff(shop, email=address)
    client = app.test_client()
    ask(client, address, "till")
    assert enter(client, code_in_mail(mail_server, address), "till").status_code == 200
    start = client.get("/till").text.split(" ", 1)[0]
    assert start in {str(first), str(second)}
    there = second if start == str(first) else first
    assert client.post(f"/switch/{there}").status_code == 200
    assert client.get("/till").text.startswith(str(there))
    assert client.post(f"/switch/{other}").status_code == 403
    assert client.get("/till").text.startswith(str(there))


def test_a_blocked_citizen_is_told_so_after_the_right_code_only(app, address, mail_server, given):
    given.row("citizens", email=address, name="B", state="blocked")
    client = app.test_client()
    assert ask(client, address).status_code == 200
    assert enter(client, code_in_mail(mail_server, address)).json["type"] == "/problems/address-blocked"


def test_asking_too_often_is_slowed_and_the_owner_elsewhere_still_gets_in(
    app, address, mail_server, counting, settings
):
    attacker = {"REMOTE_ADDR": f"10.{uuid4().int % 250}.{uuid4().int % 250}.7"}
    answers = [ask(app.test_client(), address, environ_overrides=attacker) for _ in range(8)]
    assert [answer.status_code for answer in answers] == [200] * 6 + [429] * 2
    assert int(answers[-1].headers["Retry-After"]) <= 900
    init_jobs(replace(settings, redis_url=""), databases=app.extensions["databases"])
    owner = app.test_client()
    assert ask(owner, address, environ_overrides={"REMOTE_ADDR": "192.0.2.77"}).status_code == 200
    assert enter(owner, code_in_mail(mail_server, address)).status_code == 200


def test_many_addresses_from_one_network_are_slowed(app, counting):
    network = {"REMOTE_ADDR": f"10.{uuid4().int % 250}.{uuid4().int % 250}.9"}
    answers = [ask(app.test_client(), f"{uuid4().hex}@x.example", environ_overrides=network) for _ in range(62)]
    assert [answer.status_code for answer in answers[-3:]] == [200, 429, 429]


def test_thirty_codes_in_an_hour_is_the_end_also_without_counters(app, address, given):
    assert ask(app.test_client(), address).status_code == 200
    given.change(
        "insert into sign_in_codes (email, purpose, code_sha256, expires_at)"
        " select email, purpose, code_sha256, expires_at from sign_in_codes, generate_series(1, 29) where email = %s",
        address,
    )
    assert ask(app.test_client(), address).status_code == 429


def test_old_codes_and_sessions_are_cleared(app, address, given):
    ask(app.test_client(), address)
    given.change("update sign_in_codes set expires_at = now() - interval '2 hours' where email = %s", address)
    given.change("update sessions set expires_at = now() - interval '1 second'")
    with app.app_context(), databases().across_tenants() as session:
        clearing.clear(session)
    assert given.one("select 1 from sign_in_codes where email = %s", address) is None
    assert given.one("select count(*) from sessions")["count"] == 0


def test_nobody_reads_the_codes_of_an_address_they_do_not_know(app, address):
    from sqlalchemy import text

    ask(app.test_client(), address)
    with app.app_context():
        for session_of in (databases().as_visitor(), databases().as_citizen(uuid4()), databases().as_tenant(uuid4())):
            with session_of as session:
                assert session.scalar(text("select count(*) from sign_in_codes")) == 0


def test_refusals_have_words():
    for refusal in (sign_in.CodeWrong, sign_in.CodeExpired, sign_in.AddressBlocked):
        assert issubclass(refusal, HeitjeError)
        assert refusal.title != (InvalidInput.title if refusal is sign_in.CodeWrong else "")


def test_a_code_holds_no_longer_than_ten_minutes():
    assert timedelta(minutes=10) >= sign_in.CODE_HOLDS
