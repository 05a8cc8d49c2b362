# SPDX-License-Identifier: EUPL-1.2
import os
import subprocess
import sys

import pytest

from heitje_server.embedded.remembered import is_free
from heitje_server.embedded.supervisor import only_one
from heitje_server.running import LOCK, adopt_settings, tell_settings


def heitje(*arguments, home, **environment):
    """Run a command on a home of its own, with nothing set but what is named."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, *arguments],
        env=kept | {"HEITJE_HOME": str(home)} | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_help_names_every_command_and_imports_none(tmp_path):
    program = (
        "import sys\nfrom heitje_server.cli import heitje\nheitje(['--help'], standalone_mode=False)\n"
        "print([name for name in sys.modules if name.startswith('heitje_server.commands.')])"
    )

    told = heitje("-c", program, home=tmp_path)

    assert told.returncode == 0
    assert "migrate " in told.stdout
    assert "doctor " in told.stdout
    assert "Say what is missing on this machine" in told.stdout
    assert told.stdout.splitlines()[-1] == "[]"


def test_an_unreadable_setting_is_named_in_one_line(tmp_path):
    told = heitje("-m", "heitje_server.cli", "migrate", home=tmp_path, WEB_WORKERS="many")

    assert told.returncode == 1
    assert told.stderr == "heitje: WEB_WORKERS must be a whole number, not 'many'\n"


def test_migrate_says_which_setting_it_lacks(tmp_path):
    told = heitje("-m", "heitje_server.cli", "migrate", home=tmp_path)

    assert told.returncode == 1
    assert "Set DATABASE_URL." in told.stderr


def test_the_doctor_is_content_where_all_is_there(tmp_path):
    told = heitje("-m", "heitje_server.cli", "doctor", home=tmp_path)

    assert told.returncode == 0, told.stdout
    assert "PostgreSQL programs" in told.stdout


def test_the_doctor_says_what_is_missing_and_how_to_mend_it(tmp_path):
    told = heitje(
        *("-m", "heitje_server.cli", "doctor"),
        home=tmp_path,
        PATH="/nowhere",
        HEITJE_PG_BINDIR="/nowhere",
        DATABASE_URL="postgresql://heitje_app:secret@127.0.0.1:1/heitje",
        REDIS_URL="redis://127.0.0.1:1",
        SMTP_URL="smtp://127.0.0.1:1",
    )

    assert told.returncode == 1
    for line in (
        "✗ PostgreSQL programs: There is no program postgres in /nowhere.",
        "✗ Node.js: There is no Node.js 20 or newer.",
        "! Chromium: not found",
        "✗ SECRET_KEY: shorter than 32 characters",
        "✗ migrations: OPERATOR_DATABASE_URL is not set",
        "    Start PostgreSQL, or correct DATABASE_URL.",
        "    Start Valkey, or correct REDIS_URL.",
        "    Start the mail server, or correct SMTP_URL.",
    ):
        assert line in told.stdout
    assert "secret@" not in told.stdout


def test_the_doctor_finds_a_migrated_database_and_a_queue_without_workers(
    tmp_path, database, valkey_server, mail_server
):
    told = heitje(
        *("-m", "heitje_server.cli", "doctor"),
        home=tmp_path,
        DATABASE_URL=database.app_url,
        OPERATOR_DATABASE_URL=database.operator_url,
        REDIS_URL=valkey_server.url,
        SMTP_URL=mail_server.url,
        SECRET_KEY="0123456789" * 4,
    )

    assert "✓ database: PostgreSQL 18" in told.stdout
    assert "✓ migrations: at " in told.stdout
    assert "✓ mail: 127.0.0.1 answers" in told.stdout
    assert told.returncode == 0, told.stdout


def test_the_doctor_warns_of_a_role_that_sees_everything(tmp_path, database):
    told = heitje("-m", "heitje_server.cli", "doctor", home=tmp_path, DATABASE_URL=database.superuser_url)

    assert told.returncode == 1
    assert "DATABASE_URL names a role that bypasses row-level security" in told.stdout


def test_a_command_beside_a_running_platform_uses_its_settings(tmp_path):
    with only_one(tmp_path / LOCK, "taken"):
        tell_settings(tmp_path, {"DATABASE_URL": "theirs", "REDIS_URL": "theirs"})
        environment = {"HEITJE_HOME": str(tmp_path), "REDIS_URL": "mine"}
        adopt_settings(environment)

    assert environment == {"HEITJE_HOME": str(tmp_path), "REDIS_URL": "mine", "DATABASE_URL": "theirs"}


@pytest.mark.parametrize("given", [{}, {"DATABASE_URL": "mine"}])
def test_the_settings_of_a_platform_that_has_stopped_count_no_more(tmp_path, given):
    with only_one(tmp_path / LOCK, "taken"):
        tell_settings(tmp_path, {"DATABASE_URL": "theirs"})

    environment = given | {"HEITJE_HOME": str(tmp_path)}
    adopt_settings(environment)

    assert environment.get("DATABASE_URL") == given.get("DATABASE_URL")


def test_a_port_that_somebody_listens_on_is_not_free(mail_server):
    assert not is_free(mail_server.smtp_port)
