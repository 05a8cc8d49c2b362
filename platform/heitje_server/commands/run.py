# SPDX-License-Identifier: EUPL-1.2
"""Start everything on this machine: database, queue, chain, mail, web, worker, schedule, bridge."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from time import monotonic

import click

from heitje.config import Settings
from heitje_server.commands.migrate import migrate_by
from heitje_server.embedded import own
from heitje_server.embedded.crew import Crew
from heitje_server.embedded.fill import DEMO_LOADING, Wishes, fill_database, fill_services
from heitje_server.embedded.remembered import remembered_port
from heitje_server.embedded.supervisor import Gathering, only_one
from heitje_server.running import LOCK, tell_settings

DEMO_LOADED = "demo.loaded"
ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@click.command()
@click.option("--port", default=8000, show_default=True, help="Port of the web server, if it is free.")
@click.option("--chain", type=click.Choice(["embedded", "anvil"]), default="embedded", show_default=True)
@click.option("--demo/--no-demo", default=True, help="Load a demo town into an empty database.", show_default=True)
def command(port: int, chain: str, *, demo: bool) -> None:
    """Start the platform with everything it stands on, and keep it running until Ctrl-C.

    DATABASE_URL, REDIS_URL, SMTP_URL, CHAIN_URL, S3_BUCKET, STRIPE_API_KEY and OIDC_ISSUER each put a real service in
    the place of an embedded one. Data, logs and secrets live in HEITJE_HOME (.heitje).
    """
    started_at = monotonic()
    home = Settings.from_environment().heitje_home.resolve()
    refusal = f"Heitje already runs on {home}. Stop it there, or set HEITJE_HOME to another folder."
    with only_one(home / LOCK, refusal), _crew() as crew:
        environment = _start_all(crew, home, port=port, chain=chain, demo=demo)
        _say_where(environment, seconds=monotonic() - started_at)
        enough = threading.Event()
        for ending in ENDINGS:
            signal.signal(ending, lambda *_: enough.set())
        crew.watch(enough)


@contextmanager
def _crew() -> Iterator[Crew]:
    """Give a crew that is stopped in order at the end, however that comes."""
    crew = Crew(_say)
    for ending in ENDINGS:
        signal.signal(ending, _interrupt)
    try:
        yield crew
    except KeyboardInterrupt:
        pass  # Ctrl-C while starting: stop what had started
    finally:
        for ending in ENDINGS:
            signal.signal(ending, signal.SIG_IGN)
        click.echo("Stopping ...")
        crew.stop()
        click.echo("Stopped. Everything is kept for the next start.")


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _start_all(crew: Crew, home: Path, *, port: int, chain: str, demo: bool) -> dict[str, str]:
    """Start the parts, the ones that others stand on first; return the environment in which they run."""
    port = remembered_port(home, "web", port)
    public_url = os.environ.get("PUBLIC_URL", f"http://127.0.0.1:{port}")
    base = {"HEITJE_HOME": str(home), "PUBLIC_URL": public_url, "DEMO": "1" if demo else "0"} | dict(os.environ)
    wishes = Wishes(home=home, public_url=public_url, chain=chain, environment=base)
    crew.stage()
    with Gathering() as gathering:
        filled = fill_services(crew, wishes, base)
    filled |= fill_database(crew, wishes, base)
    environment = base | filled
    settings = Settings.from_environment(environment)
    if settings.migration_database_url:
        migrate_by(settings)
        _say("database")
    gathering.wait(_say)
    tell_settings(home, {name: environment[name] for name in ("PUBLIC_URL", "DEMO", *filled)})
    if settings.demo:
        _load_demo(settings, home)

    crew.stage()
    start = partial(own.start, home=home, environment=environment)
    web = crew.start(partial(start, "web", "--bind", f"127.0.0.1:{port}"))
    for name in ("worker", "schedule", "bridge"):
        crew.start(partial(start, name, niceness=5))  # people wait for the web
        _say(name)
    own.wait_for_page(web, f"http://127.0.0.1:{port}/health/ready")
    _say("web")
    return environment


def _load_demo(settings: Settings, home: Path) -> None:
    if (home / DEMO_LOADED).exists():
        return
    from heitje_server.demo.load import load_if_empty

    (home / DEMO_LOADING).touch()
    click.echo("  … a demo town, only this first time")
    load_if_empty(settings)
    (home / DEMO_LOADED).touch()
    (home / DEMO_LOADING).unlink()
    _say("demo town")


def _say(line: str) -> None:
    click.echo(f"  ✓ {line}")


def _say_where(environment: dict[str, str], *, seconds: float) -> None:
    url = environment["PUBLIC_URL"]
    places = [
        ("Citizens", f"{url}/"),
        ("Shops", f"{url}/till/"),
        ("Issuers", f"{url}/portal/"),
        ("Operators' API", f"{url}/api/v1/docs"),
        ("Mail that was sent", environment.get("MAIL_CATCHER_URL", "")),
    ]
    click.echo(f"\nHeitje runs ({seconds:.1f} s). Ctrl-C stops it.\n")
    for name, address in places:
        if address:
            click.echo(f"  {name:<20} {address}")
    if environment["DEMO"] == "1":
        _say_people(environment["HEITJE_HOME"])


def _say_people(home: str) -> None:
    from heitje_server.demo.files import read_citizens, read_people, read_shops

    click.echo("\nStaff of issuers sign in with a button of the identity provider:")
    for person in read_people():
        click.echo(f"  {person.name:<24} {person.hint}")
    click.echo("\nCitizens and shops sign in by a code that arrives in the mail that was sent:")
    for citizen in read_citizens()[:3]:
        click.echo(f"  {citizen.name:<24} {citizen.email}")
    for shop in read_shops()[:2]:
        click.echo(f"  {shop.name:<24} {shop.staff[0].email}")
    secrets = Path(home) / "secrets"
    click.echo(f"\nTwo operators have tokens for the API, in {secrets}/operator-token-1 and -2.\n")
