# SPDX-License-Identifier: EUPL-1.2
"""Whether this process lives, and whether it may get requests. Neither asks the queue or the chain."""

from functools import cache

from alembic.config import Config
from alembic.script import ScriptDirectory
from flask import Blueprint, Flask, Response, jsonify
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from heitje.db.request import databases
from heitje.db.session import DATABASE_AWAY
from heitje_server.migrate import migrations_folder

health = Blueprint("health", __name__, url_prefix="/health")


def init_app(app: Flask) -> None:
    """Add /health/live and /health/ready."""
    app.register_blueprint(health)


@health.get("/live")
def live() -> Response:
    """Answer that the process answers."""
    return jsonify(status="live")


@health.get("/ready")
def ready() -> Response:
    """Answer 200 when the database is there and has the newest migration, else 503 and why."""
    try:
        with databases().as_visitor() as session:
            there = session.scalar(text("select version_num from alembic_version"))
    except (SQLAlchemyError, *DATABASE_AWAY):
        return _not_ready("The database does not answer.")
    if there != newest_migration():
        return _not_ready("The database waits for a migration: heitje migrate")
    return jsonify(status="ready", migration=there)


def _not_ready(reason: str) -> Response:
    answer = jsonify(status="not ready", reason=reason)
    answer.status_code = 503
    answer.headers["Retry-After"] = "5"
    return answer


@cache
def newest_migration() -> str | None:
    """Return the revision that this version of the code wants."""
    config = Config()
    config.set_main_option("script_location", str(migrations_folder()))
    return ScriptDirectory.from_config(config).get_current_head()
