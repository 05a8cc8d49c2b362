# SPDX-License-Identifier: EUPL-1.2
"""What `heitje doctor` looks at: each examination returns one finding and changes nothing."""

import os
import shutil
import smtplib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from urllib.parse import urlsplit

from heitje.config import Settings
from heitje_server.embedded.supervisor import CannotStart

ENOUGH_DISK_BYTES = 2_000_000_000
OLDEST_POSTGRES = 16
SHORTEST_SECRET_KEY = 32


class Grade(Enum):
    """How a subject is."""

    GOOD = "good"
    POOR = "poor"
    """Works, but something that one may want does not."""
    BAD = "bad"
    """Must be mended first."""


@dataclass(frozen=True)
class Finding:
    """What was found, and what to do about it."""

    subject: str
    grade: Grade
    found: str
    remedy: str = ""


def examine_python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    if not (3, 11) <= sys.version_info < (3, 15):
        return Finding("Python", Grade.BAD, version, "Install Python 3.11, 3.12, 3.13 or 3.14, and: make run")
    return Finding("Python", Grade.GOOD, version)


def examine_database_programs() -> Finding:
    from heitje_server.embedded.postgres import binaries_folder

    return _programs("PostgreSQL programs", binaries_folder)


def examine_queue_program() -> Finding:
    from heitje_server.embedded.valkey import binary

    return _programs("Valkey program", binary)


def examine_node() -> Finding:
    """Node.js is for the demo's identity provider only, so not for who has one of their own."""
    from heitje_server.embedded.node import modules_folder, node

    missing = Grade.POOR if os.environ.get("OIDC_ISSUER") else Grade.BAD
    return _programs("Node.js", lambda: (node(), modules_folder())[0], missing=missing)


def examine_chromium() -> Finding:
    """Chromium is for the tests only."""
    found = next((shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome")), None)
    if found:
        return Finding("Chromium", Grade.GOOD, found)
    return Finding("Chromium", Grade.POOR, "not found; only the tests need it", "make test installs one.")


def examine_front_end_files() -> Finding:
    import heitje

    folder = Path(heitje.__file__).parent / "web" / "static" / "vendor"
    if folder.is_dir() and any(folder.iterdir()):
        return Finding("front-end files", Grade.GOOD, str(folder))
    return Finding("front-end files", Grade.BAD, f"{folder} is empty", "npm ci && python -m heitje_server.vendor")


def examine_port() -> Finding:
    from heitje_server.embedded.remembered import is_free
    from heitje_server.running import is_running

    if is_running(_home()):
        return Finding("port 8000", Grade.GOOD, "heitje run is running")
    if is_free(8000):
        return Finding("port 8000", Grade.GOOD, "free")
    return Finding("port 8000", Grade.POOR, "another program has it", "heitje run takes another port, and says which.")


def examine_disk() -> Finding:
    home = _home()
    place = next(folder for folder in (home, *home.parents) if folder.exists())
    free = shutil.disk_usage(place).free
    found = f"{free / 1e9:.1f} GB free in {place}"
    if free < ENOUGH_DISK_BYTES:
        return Finding("disk", Grade.BAD, found, "Make room, or set HEITJE_HOME to a folder on another disk.")
    return Finding("disk", Grade.GOOD, found)


def examine_secret_key(settings: Settings) -> Finding:
    if len(settings.secret_key) < SHORTEST_SECRET_KEY:
        remedy = "Set it to 43 random characters: python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"
        return Finding("SECRET_KEY", Grade.BAD, f"shorter than {SHORTEST_SECRET_KEY} characters", remedy)
    return Finding("SECRET_KEY", Grade.GOOD, "long enough")


def examine_database(settings: Settings) -> Finding:
    import psycopg

    try:
        with psycopg.connect(_plain(settings.database_url), connect_timeout=5) as connection:
            version = connection.info.server_version // 10_000
            bypasses = connection.execute(
                "select rolsuper or rolbypassrls from pg_roles where rolname = current_user"
            ).fetchone()
    except psycopg.Error as error:
        return Finding("database", Grade.BAD, _one_line(error), "Start PostgreSQL, or correct DATABASE_URL.")
    if version < OLDEST_POSTGRES:
        return Finding("database", Grade.BAD, f"PostgreSQL {version}", f"Heitje needs {OLDEST_POSTGRES} or newer.")
    if bypasses == (True,):
        remedy = "Connect as heitje_app: this role would see every organisation's rows."
        return Finding("database", Grade.BAD, "DATABASE_URL names a role that bypasses row-level security", remedy)
    return Finding("database", Grade.GOOD, f"PostgreSQL {version}")


def examine_migrations(settings: Settings) -> Finding:
    import psycopg
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    from heitje_server.migrate import migrations_folder

    if not settings.operator_database_url:
        return Finding("migrations", Grade.BAD, "OPERATOR_DATABASE_URL is not set", "Set it: role heitje_operator.")
    config = Config()
    config.set_main_option("script_location", str(migrations_folder()))
    newest = ScriptDirectory.from_config(config).get_current_head()
    try:
        with psycopg.connect(_plain(settings.operator_database_url), connect_timeout=5) as connection:
            found = connection.execute("select version_num from alembic_version").fetchone()
    except psycopg.Error as error:
        return Finding("migrations", Grade.BAD, _one_line(error), "heitje migrate")
    if found is None or found[0] != newest:
        return Finding("migrations", Grade.BAD, f"at {found and found[0]}, newest is {newest}", "heitje migrate")
    return Finding("migrations", Grade.GOOD, f"at {newest}")


def examine_queue(settings: Settings) -> Finding:
    import redis
    from rq import Worker

    if not settings.redis_url:
        return Finding("queue", Grade.BAD, "REDIS_URL is not set", "Set it to a Valkey or Redis server.")
    try:
        with redis.Redis.from_url(settings.redis_url, socket_timeout=5) as connection:
            connection.ping()
            workers = Worker.count(connection=connection)
    except redis.RedisError as error:
        return Finding("queue", Grade.BAD, _one_line(error), "Start Valkey, or correct REDIS_URL.")
    if workers == 0:
        return Finding("queue", Grade.POOR, "answers, but nobody works on its jobs", "heitje worker")
    return Finding("queue", Grade.GOOD, f"{workers} worker(s)")


def examine_mail(settings: Settings) -> Finding:
    address = urlsplit(settings.smtp_url)
    if not address.hostname:
        return Finding("mail", Grade.BAD, "SMTP_URL is not set", "Set it: smtp://user:password@host:587")
    make = smtplib.SMTP_SSL if address.scheme == "smtps" else smtplib.SMTP
    try:
        with make(address.hostname, address.port or 0, timeout=5) as connection:
            connection.noop()
    except (OSError, smtplib.SMTPException) as error:
        return Finding("mail", Grade.BAD, _one_line(error), "Start the mail server, or correct SMTP_URL.")
    return Finding("mail", Grade.GOOD, f"{address.hostname} answers")


def _programs(subject: str, find: Callable[[], Path], *, missing: Grade = Grade.BAD) -> Finding:
    try:
        return Finding(subject, Grade.GOOD, str(find()))
    except CannotStart as error:
        found, _, remedy = str(error).partition(". ")
        return Finding(subject, missing, f"{found}.", remedy)


def _home() -> Path:
    """Read this one setting alone: another may be unreadable, and that is a finding of its own."""
    return Path(os.environ.get("HEITJE_HOME", Settings.heitje_home)).resolve()


def _plain(url: str) -> str:
    """SQLAlchemy's names of drivers mean nothing to libpq."""
    return "postgresql" + url[url.index("://") :] if "://" in url else url


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


MACHINE: tuple[Callable[[], Finding], ...] = (
    examine_python,
    examine_database_programs,
    examine_queue_program,
    examine_node,
    examine_chromium,
    examine_front_end_files,
    examine_port,
    examine_disk,
)
SERVICES: tuple[Callable[[Settings], Finding], ...] = (
    examine_secret_key,
    examine_database,
    examine_migrations,
    examine_queue,
    examine_mail,
)
