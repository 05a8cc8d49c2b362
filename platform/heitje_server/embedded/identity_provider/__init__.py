# SPDX-License-Identifier: EUPL-1.2
"""The identity provider of demo and tests: npm `oidc-provider` behind a small file of ours, `provider.js`.

It calls itself `localhost` while the platform is on `127.0.0.1`: cookies ignore ports, so two names keep them apart.
"""

import fcntl
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from heitje_server.embedded.node import modules_folder, node
from heitje_server.embedded.remembered import remembered_port, remembered_secret, remembered_text
from heitje_server.embedded.supervisor import CannotStart, Child, start_child, wait_until_ready

PROVIDER = Path(__file__).with_name("provider.js")

Person = Mapping[str, Any]
"""`sub`, `name`, `email`, `email_verified`, `organisation`, `groups`."""
Client = Mapping[str, Any]
"""OpenID Connect client metadata: `client_id`, `redirect_uris`, `client_secret` or `jwks`, ..."""


@dataclass(frozen=True, kw_only=True)
class IdentityProviderAddress:
    """Where a provider answers, and the file from which it reads people and clients."""

    issuer: str
    settings: Path

    def add_client(self, client: Client) -> None:
        """Let one more client in, or replace the one with the same `client_id`. Works while the provider runs."""
        self._add("clients", "client_id", client)

    def add_person(self, person: Person) -> None:
        """Add a button for one more person, or replace the one with the same `sub`."""
        self._add("people", "sub", person)

    def _add(self, list_name: str, key: str, one: Mapping[str, Any]) -> None:
        with self.settings.with_suffix(".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            settings = json.loads(self.settings.read_text())
            others = [other for other in settings[list_name] if other[key] != one[key]]
            write_settings(self.settings, settings | {list_name: [*others, dict(one)]})


@dataclass(frozen=True, kw_only=True)
class IdentityProvider(IdentityProviderAddress):
    """A running provider."""

    child: Child

    def stop(self) -> None:
        self.child.stop()


def start(
    home: Path,
    *,
    people: Sequence[Person],
    clients: Sequence[Client] = (),
    port: int = 0,
    claims_in_id_token: bool = True,
) -> IdentityProvider:
    """Start the provider with one button per person. Raises `CannotStart` with what to do.

    It prefers `port`; its keys, and so its issuer and tokens, stay the same for this home.
    `claims_in_id_token=False` gives name, e-mail and groups only at the userinfo endpoint, as strict providers do.
    """
    home = home.resolve()
    if not (modules_folder() / "oidc-provider").is_dir():
        raise CannotStart("The Node.js package oidc-provider is missing. In the folder with package.json: npm ci")
    port = remembered_port(home, "identity-provider", port)
    issuer = f"http://localhost:{port}"
    settings = home / "identity_provider.json"
    write_settings(
        settings,
        {
            "issuer": issuer,
            "port": port,
            "people": [dict(person) for person in people],
            "clients": [dict(client) for client in clients],
            "claims_in_id_token": claims_in_id_token,
            "jwks": _keys(home),
            "cookie_keys": [remembered_secret(home, "identity-provider-cookies")],
        },
    )
    child = start_child("identity_provider", [node(), PROVIDER, settings, modules_folder()], home=home)
    wait_until_ready(child, lambda: _answers(port))
    return IdentityProvider(issuer=issuer, settings=settings, child=child)


def write_settings(file: Path, settings: Mapping[str, Any]) -> None:
    """Replace the file in one step: the provider may read it at any moment."""
    draft = file.with_suffix(f".{os.getpid()}.new")
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as handle:
        json.dump(settings, handle, indent=1)
    draft.replace(file)


def _keys(home: Path) -> Any:
    """Signing keys of this home, private: ES256 first, RS256 for clients that want it."""
    file = home / "secrets" / "identity-provider-keys.json"
    if file.exists():
        return json.loads(file.read_text())
    from joserfc.jwk import ECKey, RSAKey  # slow to import, and only needed once

    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    pair: list[ECKey | RSAKey] = [
        ECKey.generate_key("P-256", {"use": "sig"}, auto_kid=True),
        RSAKey.generate_key(2048, {"use": "sig"}, auto_kid=True),
    ]
    return json.loads(remembered_text(file, json.dumps({"keys": [key.as_dict(private=True) for key in pair]})))


def _answers(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/.well-known/openid-configuration", timeout=5).ok
    except requests.RequestException:
        return False
