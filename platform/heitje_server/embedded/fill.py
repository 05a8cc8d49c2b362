# SPDX-License-Identifier: EUPL-1.2
"""Fills settings that the environment leaves open with embedded services, and starts those.

A setting that names a real service keeps it: DATABASE_URL, REDIS_URL, SMTP_URL, CHAIN_URL, S3_BUCKET,
STRIPE_API_KEY, OIDC_ISSUER.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from heitje_server.demo.files import read_organisations, read_people
from heitje_server.embedded import identity_provider, mail, own, payment, postgres, valkey
from heitje_server.embedded.crew import Crew
from heitje_server.embedded.remembered import remembered_port, remembered_secret
from heitje_server.embedded.supervisor import CannotStart

DATABASE = "heitje"
DEMO_LOADING = "demo.loading"
"""There while the demo is being loaded: a run that was killed then starts over with an empty database."""
OIDC_CLIENT_ID = "heitje"
PLATFORM_CALLBACK = "/organisations/sign-in/callback"
TENANT_CALLBACK = "/portal/{}/sign-in/callback"
PAYMENT_WEBHOOK = "/webhooks/stripe"

ANVIL_OPTIONS = ("--silent", "--accounts", "1", "--state-interval", "1", "--state")
"""So that a chain survives a kill: anvil itself remembers nothing."""


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What `heitje run` was asked for."""

    home: Path
    public_url: str
    chain: str
    """"embedded" or "anvil"."""
    environment: Mapping[str, str]
    """What was given, and where home is: for parts that are commands of ours."""


Filled = dict[str, str]


def fill_services(crew: Crew, wishes: Wishes, given: Mapping[str, str]) -> Filled:
    """Start what `given` leaves open, all but the database, and return the settings that name it."""
    steps = (
        ("SECRET_KEY", _secret_key),
        ("REDIS_URL", _queue),
        ("SMTP_URL", _mail),
        ("OIDC_ISSUER", _identity_provider),
        ("STRIPE_API_KEY", _payments),
        ("PAYOUT_IBAN", _payouts),
        ("CHAIN_URL", _chain),
        ("S3_BUCKET", _photos),
    )
    filled: Filled = {}
    for setting, step in steps:
        if not given.get(setting):
            filled |= step(crew, wishes)
    return filled


def fill_database(crew: Crew, wishes: Wishes, given: Mapping[str, str]) -> Filled:
    """Start the database, unless `given` names one, and return the settings that name it."""
    if given.get("DATABASE_URL"):
        if not given.get("OPERATOR_DATABASE_URL"):
            raise CannotStart("With a DATABASE_URL of yours, set OPERATOR_DATABASE_URL too: role heitje_operator.")
        return {}
    server = crew.start(partial(postgres.start, wishes.home))
    server.make_database(DATABASE, anew=(wishes.home / DEMO_LOADING).exists())
    app_password = remembered_secret(wishes.home, "postgres-app")
    operator_password = remembered_secret(wishes.home, "postgres-operator")
    return {
        "DATABASE_URL": server.url("heitje_app", app_password, DATABASE),
        "OPERATOR_DATABASE_URL": server.url("heitje_operator", operator_password, DATABASE),
        "MIGRATION_DATABASE_URL": server.url(dbname=DATABASE),
    }


def _secret_key(_: Crew, wishes: Wishes) -> Filled:
    return {"SECRET_KEY": remembered_secret(wishes.home, "secret-key")}


def _queue(crew: Crew, wishes: Wishes) -> Filled:
    return {"REDIS_URL": crew.start(partial(valkey.start, wishes.home)).url}


def _mail(crew: Crew, wishes: Wishes) -> Filled:
    server = crew.start(partial(mail.start, wishes.home, page_port=8025))
    return {"SMTP_URL": server.url, "MAIL_CATCHER_URL": server.page_url}


def _identity_provider(crew: Crew, wishes: Wishes) -> Filled:
    secret = remembered_secret(wishes.home, "oidc-client")
    people = [
        {
            "sub": person.sub,
            "name": person.name,
            "email": person.email,
            "email_verified": True,
            "organisation": person.organisation,
            "hint": person.hint,
            "groups": [],
        }
        for person in read_people()
    ]
    tenants = [TENANT_CALLBACK.format(organisation.slug) for organisation in read_organisations()]
    client = {
        "client_id": OIDC_CLIENT_ID,
        "client_secret": secret,
        "redirect_uris": [wishes.public_url + path for path in (PLATFORM_CALLBACK, *tenants)],
        "post_logout_redirect_uris": [wishes.public_url + "/"],
    }
    start = partial(identity_provider.start, wishes.home, people=people, clients=[client], port=8010)
    return {
        "OIDC_ISSUER": crew.start(start).issuer,
        "OIDC_CLIENT_ID": OIDC_CLIENT_ID,
        "OIDC_CLIENT_SECRET": secret,
        "OIDC_ALLOW_PRIVATE": "1",
    }


def _payments(crew: Crew, wishes: Wishes) -> Filled:
    webhook_url = wishes.public_url + PAYMENT_WEBHOOK
    peer = crew.start(partial(payment.start, wishes.home, webhook_url=webhook_url, port=8020))
    return {
        "STRIPE_API_KEY": peer.api_key,
        "STRIPE_API_BASE": peer.url,
        "STRIPE_WEBHOOK_SECRETS": peer.webhook_secret,
    }


def _payouts(_crew: Crew, _wishes: Wishes) -> Filled:
    """Name an account of no bank: the demo's own bank answers for it (`heitje_server/demo/bank.py`)."""
    return {"PAYOUT_IBAN": "NL13TEST0123456789", "PAYOUT_NAME": "Stichting Heerlens Heitje"}


def _chain(crew: Crew, wishes: Wishes) -> Filled:
    if wishes.chain == "anvil":
        from heitje_server.embedded import chain  # slow to import, and only this way needs it

        options = (*ANVIL_OPTIONS, str(wishes.home / "anvil.json"))
        return {"CHAIN_URL": crew.start(partial(chain.start_anvil, wishes.home, options=options)).url}
    port = str(remembered_port(wishes.home, "chain"))
    url = f"http://127.0.0.1:{port}"

    def start() -> own.OwnProcess:
        process = own.start("chain", "--port", port, home=wishes.home, environment=wishes.environment)
        own.wait_for_port(process, url)
        return process

    crew.start(start)
    return {"CHAIN_URL": url}


def _photos(_: Crew, wishes: Wishes) -> Filled:
    folder = wishes.home / "files"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise CannotStart(f"The folder {folder} cannot be made: {error}") from None
    return {"FILES_DIR": str(folder)}
