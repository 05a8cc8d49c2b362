# SPDX-License-Identifier: EUPL-1.2
import psycopg
import pytest


@pytest.mark.parametrize("url", ["app_url", "operator_url"])
def test_a_test_database_is_migrated_and_reached_by_each_role(database, url):
    with psycopg.connect(getattr(database, url)) as connection:
        tables = connection.execute("select count(*) from pg_class where relrowsecurity").fetchone()[0]
        user, bypasses = connection.execute(
            "select rolname, rolsuper or rolbypassrls from pg_roles where rolname = current_user"
        ).fetchone()

    assert tables > 0
    assert user == url.replace("app_url", "heitje_app").replace("operator_url", "heitje_operator")
    assert not bypasses


def test_the_shared_queue_answers(valkey_server):
    import redis

    with redis.Redis.from_url(valkey_server.url) as connection:
        assert connection.ping()
