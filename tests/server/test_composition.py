# SPDX-License-Identifier: EUPL-1.2
"""The app as it is put together: health, names of requests, what it wants to start (O4)."""

from dataclasses import replace

import psycopg
import pytest
from flask import Flask

from heitje.config import Settings, SettingUnreadable
from heitje.db.request import databases
from heitje.jobs.process import init_jobs
from heitje.jobs.registry import REGISTRY
from heitje_server.app import create_app
from heitje_server.features import load_features
from heitje_server.timetable import timetable


@pytest.fixture(scope="module")
def settings(database) -> Settings:
    return Settings(
        secret_key="a secret of the tests, longer than 32 characters",
        database_url=database.app_url,
        operator_database_url=database.operator_url,
        # Nobody listens there: the app must not need it.
        redis_url="redis://127.0.0.1:1/0",
    )


@pytest.fixture(scope="module")
def app(settings):
    app = create_app(settings)
    yield app
    close(app)


def close(app: Flask) -> None:
    with app.app_context():
        databases().dispose()
    init_jobs(Settings())


@pytest.mark.parametrize("secret", ["", "x" * 31])
def test_without_a_long_secret_it_does_not_start(settings, secret):
    with pytest.raises(SettingUnreadable, match="SECRET_KEY"):
        create_app(replace(settings, secret_key=secret))


def test_it_is_ready_without_a_queue_server(app):
    assert app.test_client().get("/health/live").json == {"status": "live"}
    answer = app.test_client().get("/health/ready")
    assert (answer.status_code, answer.json["status"]) == (200, "ready")


def test_it_is_not_ready_while_a_migration_is_missing(app, database):
    with psycopg.connect(database.superuser_url, autocommit=True) as connection:
        (newest,) = connection.execute("select version_num from alembic_version").fetchone()
        connection.execute("update alembic_version set version_num = '0001'")
        answer = app.test_client().get("/health/ready")
        connection.execute("update alembic_version set version_num = %s", [newest])
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert "heitje migrate" in answer.json["reason"]
    assert app.test_client().get("/health/ready").status_code == 200


def test_without_a_database_it_lives_and_is_not_ready(settings):
    app = create_app(replace(settings, database_url="postgresql://heitje_app@127.0.0.1:1/nowhere"))
    assert app.test_client().get("/health/live").status_code == 200
    answer = app.test_client().get("/health/ready")
    assert answer.status_code == 503
    assert "127.0.0.1" not in answer.text
    close(app)


def test_every_answer_has_a_name_of_our_own(app):
    client = app.test_client()
    names = {
        client.get("/health/live", headers={"X-Request-Id": "given-by-a-stranger"}).headers["X-Request-Id"]
        for _ in "12"
    }
    assert len(names) == 2
    assert "given-by-a-stranger" not in names


def test_behind_a_proxy_its_name_and_the_clients_address_are_taken_over(settings):
    app = create_app(replace(settings, trusted_proxies=1))

    @app.get("/address")
    def address():
        from flask import request

        return f"{request.remote_addr} {request.scheme}"

    headers = {
        "X-Request-Id": "named-by-the-proxy",
        "X-Forwarded-For": "6.6.6.6, 192.0.2.9",
        "X-Forwarded-Proto": "https",
    }
    answer = app.test_client().get("/address", headers=headers)
    assert answer.headers["X-Request-Id"] == "named-by-the-proxy"
    assert answer.text == "192.0.2.9 https"
    close(app)


def test_without_a_proxy_forwarded_headers_are_ignored(settings):
    app = create_app(settings)

    @app.get("/address")
    def address():
        from flask import request

        return f"{request.remote_addr} {request.scheme} {request.host}"

    headers = {"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"}
    assert app.test_client().get("/address", headers=headers).text == "127.0.0.1 http localhost"
    close(app)


def test_all_surfaces_are_there(app):
    surfaces = {rule.endpoint.partition(".")[0] for rule in app.url_map.iter_rules()}
    assert {"citizen", "till", "portal", "portal_sign_in", "health", "web"} <= surfaces


def test_worker_schedule_and_web_know_the_same_jobs():
    load_features()
    assert {"notifications.mail", "notifications.tell", "notifications.relay"} <= set(REGISTRY.jobs)
    assert "notifications.mail_code" in REGISTRY.fleeting
    entries = [entry.arguments[0] for entry in timetable()]
    assert {"jobs.sweep", "jobs.clear", "identity.clear"} <= set(entries)
    assert len(entries) == len(set(entries))
