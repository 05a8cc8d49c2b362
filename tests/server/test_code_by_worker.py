# SPDX-License-Identifier: EUPL-1.2
"""A sign-in code on its whole way: the citizens' page, the queue, a real worker, a real mail server."""

import os
import re
import subprocess
import sys
from uuid import uuid4

import pytest
from redis import Redis
from rq import Queue
from rq.serializers import JSONSerializer

from heitje.config import Settings
from heitje.db.request import databases
from heitje.jobs.process import init_jobs
from heitje_server.app import create_app

WORK = """
import sys
from heitje.config import Settings
from heitje_server.worker import work
work(Settings.from_environment(), (sys.argv[1],), burst=True)
"""


@pytest.fixture(scope="module")
def settings(database, valkey_server, mail_server) -> Settings:
    return Settings(
        secret_key="a secret of the tests, longer than 32 characters",
        database_url=database.app_url,
        operator_database_url=database.operator_url,
        redis_url=valkey_server.url,
        smtp_url=mail_server.url,
    )


@pytest.fixture
def queue_name(settings):
    return f"codes-{uuid4().hex}"


@pytest.fixture
def client(settings, queue_name):
    app = create_app(settings)
    app.config["WTF_CSRF_ENABLED"] = False
    init_jobs(settings, databases=app.extensions["databases"], queue_name=queue_name)
    yield app.test_client()
    with app.app_context():
        databases().dispose()
    init_jobs(Settings())


def work_off(settings: Settings, queue_name: str) -> str:
    environment = os.environ | {
        "DATABASE_URL": settings.database_url,
        "OPERATOR_DATABASE_URL": settings.operator_database_url,
        "REDIS_URL": settings.redis_url,
        "SMTP_URL": settings.smtp_url,
    }
    done = subprocess.run(
        [sys.executable, "-c", WORK, queue_name],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return done.stdout + done.stderr


def test_the_worker_mails_the_code_and_it_is_nowhere_afterwards(client, settings, queue_name, mail_server):
    address = f"{uuid4().hex}@home.example"
    assert client.post("/sign-in", data={"email": address}).status_code in {200, 303}
    assert mail_server.messages(to=address) == []
    log = work_off(settings, queue_name)
    (mail,) = mail_server.messages(to=address)
    code = re.search(r"\b\d{6}\b", mail["text"])[0]
    assert code not in log
    assert address not in log
    with Redis.from_url(settings.redis_url) as connection:
        assert Queue(queue_name, connection=connection, serializer=JSONSerializer).count == 0
        for key in connection.scan_iter("rq:job:*"):
            held = connection.hgetall(key) if connection.type(key) == b"hash" else {}
            assert address.encode() not in b"".join(held.values())
    assert client.post("/sign-in/code", data={"code": code}).status_code == 303
