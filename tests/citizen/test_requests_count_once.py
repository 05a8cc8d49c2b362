# SPDX-License-Identifier: EUPL-1.2
"""M4: the same key is one effect and one answer, whoever asks how often at once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Thread
from uuid import UUID, uuid4

import psycopg
import pytest
import requests
from flask import Flask, jsonify, request
from sqlalchemy import text
from werkzeug.serving import make_server

from heitje.clock import now
from heitje.config import Settings
from heitje.db.request import current_session, enter_scope, init_db
from heitje.db.scope import Scope
from heitje.db.session import Databases
from heitje.errors import HeitjeError
from heitje.idempotency import KEPT_FOR, KeptAnswer, counts_once, forget_old_keys
from tests.fixtures.databases import Database

KEY = "Idempotency-Key"


@pytest.fixture(scope="module")
def effects(database: Database) -> Iterator[psycopg.Connection]:
    """A table that counts how often something was done."""
    with psycopg.connect(database.superuser_url, autocommit=True) as connection:
        connection.execute("create table effects (id serial primary key, what text not null)")
        connection.execute("grant select, insert on effects to heitje_app")
        connection.execute("grant usage on sequence effects_id_seq to heitje_app")
        yield connection


@pytest.fixture(scope="module")
def address(database: Database, effects: psycopg.Connection) -> Iterator[str]:
    """A server with one act that counts once, on several threads."""
    app = Flask(__name__)
    init_db(app, Settings(database_url=database.app_url, operator_database_url=database.operator_url, web_threads=8))

    @app.errorhandler(HeitjeError)
    def refused(error: HeitjeError):
        return {"code": error.code}, error.status

    @app.post("/act")
    def act():
        enter_scope(Scope(citizen_id=UUID(request.headers["X-Citizen"])))
        return do()

    @counts_once
    def do():
        what = request.get_json(silent=True) or request.form.to_dict()
        if what.get("what") == "impossible":
            return {"code": "refused"}, 409
        session = current_session()
        number = session.scalar(text("insert into effects (what) values (:what) returning id"), {"what": what["what"]})
        if what["what"] == "moved on":
            return "", 303, {"Location": f"/effects/{number}"}
        return jsonify(number=number), 201

    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/act"
    server.shutdown()
    thread.join()
    server.server_close()
    app.extensions["databases"].dispose()


def send(address: str, what: str, *, key: str, citizen: UUID) -> requests.Response:
    return requests.post(
        address, json={"what": what}, headers={KEY: key, "X-Citizen": str(citizen)}, allow_redirects=False, timeout=20
    )


def times_done(effects: psycopg.Connection, what: str) -> int:
    row = effects.execute("select count(*) from effects where what = %s", [what]).fetchone()
    assert row is not None
    return int(row[0])


def test_fifty_parallel_requests_with_one_key_are_one_effect_and_one_answer(address, effects):
    citizen = uuid4()
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _: send(address, "fifty", key="key-of-fifty", citizen=citizen), range(50)))

    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert times_done(effects, "fifty") == 1


def test_the_same_key_with_other_content_is_refused(address, effects):
    citizen = uuid4()
    assert send(address, "first", key="key-of-two-contents", citizen=citizen).status_code == 201

    second = send(address, "second", key="key-of-two-contents", citizen=citizen)

    assert (second.status_code, second.json()["code"]) == (409, "idempotency-key-reused")
    assert times_done(effects, "second") == 0


def test_the_same_key_of_another_person_is_another_request(address, effects):
    send(address, "shared key", key="key-of-two-people", citizen=uuid4())
    send(address, "shared key", key="key-of-two-people", citizen=uuid4())

    assert times_done(effects, "shared key") == 2


def test_a_refusal_is_not_kept_so_that_mended_input_may_use_the_key(address, effects):
    citizen = uuid4()
    assert send(address, "impossible", key="key-of-a-refusal", citizen=citizen).status_code == 409

    assert send(address, "mended", key="key-of-a-refusal", citizen=citizen).status_code == 201
    assert times_done(effects, "mended") == 1


def test_a_repeated_redirect_leads_to_the_same_place(address, effects):
    citizen = uuid4()
    first = send(address, "moved on", key="key-of-a-redirect", citizen=citizen)
    second = send(address, "moved on", key="key-of-a-redirect", citizen=citizen)

    assert (first.status_code, second.status_code) == (303, 303)
    assert first.headers["Location"] == second.headers["Location"]


def test_a_form_sent_again_with_a_new_token_and_new_boundaries_is_the_same_request(address, effects):
    headers = {"X-Citizen": str(uuid4())}

    def post(token: str, photo: bytes) -> int:
        fields = {"what": "form", "idempotency_key": "key-of-a-form", "csrf_token": token}
        return requests.post(
            address, data=fields, files={"photo": ("a.jpg", photo)}, headers=headers, timeout=20
        ).status_code

    assert post("token one", b"pixels") == 201
    assert post("token two", b"pixels") == 201
    assert post("token two", b"other pixels") == 409
    assert times_done(effects, "form") == 1


@pytest.mark.parametrize("key", ["", "short", "with space in it", "x" * 121])
def test_a_request_without_a_usable_key_does_nothing(address, effects, key):
    answer = send(address, "keyless", key=key, citizen=uuid4())

    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency-key-missing")
    assert times_done(effects, "keyless") == 0


def test_keys_are_kept_for_a_day_at_least_and_forgotten_after_that(address, database):
    send(address, "old", key="key-of-old-age", citizen=uuid4())
    databases = Databases(database.app_url, database.operator_url)
    try:
        with databases.across_tenants() as session:
            assert forget_old_keys(session, at=now()) == 0
            assert forget_old_keys(session, at=now() + KEPT_FOR) > 0
            assert session.query(KeptAnswer).count() == 0
    finally:
        databases.dispose()
