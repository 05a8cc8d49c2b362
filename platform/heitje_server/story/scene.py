# SPDX-License-Identifier: EUPL-1.2
"""Where a story plays: the server, the mail that comes, the operators' tokens, and what was found out so far."""

import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import requests

from heitje_server.story.visitor import TIMEOUT_S, Difference, Visitor, expect

PATIENCE_S = 30
Found = TypeVar("Found")


@dataclass(frozen=True, kw_only=True)
class Founder:
    """Somebody of the demo's identity provider whose organisation still has to come in, and a colleague."""

    subject: str
    colleague: str
    colleague_email: str
    colleague_name: str
    name: str
    kind: str


FOUNDERS = (
    Founder(
        subject="demo-nadia-nieuwenhuis",
        colleague="demo-guus-thuis",
        colleague_email="guus.thuis@fictiva-wonen.example.org",
        colleague_name="Guus Thuis",
        name="Gemeente Voorbeeldstad",
        kind="municipality",
    ),
    Founder(
        subject="demo-guus-thuis",
        colleague="demo-carla-zorgvliet",
        colleague_email="carla.zorgvliet@fictiva-zorg.example.org",
        colleague_name="Carla Zorgvliet",
        name="Fictiva Wonen",
        kind="housing",
    ),
    Founder(
        subject="demo-carla-zorgvliet",
        colleague="demo-nadia-nieuwenhuis",
        colleague_email="nadia.nieuwenhuis@voorbeeldstad.example.org",
        colleague_name="Nadia Nieuwenhuis",
        name="Fictiva Zorg",
        kind="care",
    ),
)


@dataclass
class Organisation:
    """One that came in during the story."""

    founder: Founder
    slug: str
    visitor: Visitor
    colleague: Visitor
    tenant_id: str = ""

    def path(self, rest: str = "") -> str:
        """Return an address in its portal."""
        return f"/portal/{self.slug}/{rest}"


@dataclass
class Scene:
    """The server under the story, and the story's memory."""

    base_url: str
    mail_url: str
    operator_tokens: tuple[str, str]
    chain_url: str
    """JSON-RPC of the node, to ask the contract itself."""
    run: str = field(default_factory=lambda: secrets.token_hex(3))
    """Part of every name, so that the story can be told again on the same server."""
    organisations: list[Organisation] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)

    def visitor(self) -> Visitor:
        """Return a fresh browser."""
        return Visitor(self.base_url)

    def api(self, method: str, path: str, *, operator: int = 0, **more: Any) -> Any:
        """Ask the admin API as the first or second operator; returns the JSON. Raises `Difference` from 400 on."""
        headers = {"Authorization": f"Bearer {self.operator_tokens[operator]}", **more.pop("headers", {})}
        if method != "GET":
            headers.setdefault("Idempotency-Key", secrets.token_urlsafe(18))
        url = f"{self.base_url}/api/v1/admin{path}"
        answer = requests.request(method, url, headers=headers, timeout=TIMEOUT_S, **more)
        if answer.status_code >= 400:
            raise Difference(f"{method} {path}: {answer.status_code} {answer.text[:300]}")
        if "json" not in answer.headers.get("Content-Type", ""):
            return answer.content
        return answer.json()

    def mails_to(self, address: str) -> list[dict[str, Any]]:
        """List the mails to an address, newest first."""
        mails = requests.get(f"{self.mail_url.rstrip('/')}/messages.json", timeout=TIMEOUT_S).json()
        return [mail for mail in mails if address in mail["recipients"]]

    def code_for(self, address: str, *, before: int) -> str:
        """Wait for a sign-in code to this address beyond the first `before` mails, and return its six digits."""

        def newest() -> str | None:
            mails = self.mails_to(address)
            found = (
                re.search(r"\b\d{3} ?\d{3}\b", mails[0]["subject"] + "\n" + mails[0]["text"])
                if len(mails) > before
                else None
            )
            return found[0].replace(" ", "") if found else None

        return self.wait_for(newest, f"a sign-in code in the mail to {address}")

    def wait_for(self, look: Callable[[], Found | None], what: str, patience_s: float = PATIENCE_S) -> Found:
        """Look again and again until there is something; raises `Difference` when patience ends."""
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            found = look()
            if found:
                return found
            time.sleep(0.25)
        raise Difference(f"waited {patience_s:.0f} s for {what}")


def sign_in_by_code(scene: Scene, visitor: Visitor, page: str, address: str) -> None:
    """Sign in with the code that comes by mail."""
    before = len(scene.mails_to(address))
    visitor.open(page)
    visitor.send(visitor.page.form(has="email"), email=address)
    visitor.send(visitor.page.form(has="code"), code=scene.code_for(address, before=before))


def sign_in_by_provider(visitor: Visitor, slug: str, subject: str) -> None:
    """Sign in to a portal with a button of the demo's identity provider."""
    visitor.open(f"/portal/{slug}/sign-in")
    visitor.send(visitor.page.form(action="/sign-in/"))
    visitor.send(visitor.page.form(has="sub"), sub=subject)
    expect(visitor.page.path.startswith(f"/portal/{slug}/"), f"signing in led to {visitor.page.path}")
