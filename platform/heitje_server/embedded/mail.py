# SPDX-License-Identifier: EUPL-1.2
"""Starts the mail catcher of demo and tests."""

import smtplib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from heitje_server.embedded.remembered import remembered_port
from heitje_server.embedded.supervisor import Child, start_child, wait_until_ready


@dataclass(frozen=True, kw_only=True)
class MailAddress:
    """Where the catcher takes mail and shows it."""

    smtp_port: int
    http_port: int

    @property
    def url(self) -> str:
        """What `SMTP_URL` wants."""
        return f"smtp://127.0.0.1:{self.smtp_port}"

    @property
    def page_url(self) -> str:
        """Where a person reads the mails."""
        return f"http://127.0.0.1:{self.http_port}/"

    def messages(self, to: str = "") -> Sequence[dict[str, Any]]:
        """List the mails that came in for one address, or all, newest first; see `mail_catcher.Mail`."""
        answer = requests.get(f"{self.page_url}messages.json", params={"to": to}, timeout=10)
        answer.raise_for_status()
        mails: list[dict[str, Any]] = answer.json()
        return mails


@dataclass(frozen=True, kw_only=True)
class MailServer(MailAddress):
    """A running catcher."""

    child: Child

    def stop(self) -> None:
        self.child.stop()


def start(home: Path, *, page_port: int = 0) -> MailServer:
    """Start the catcher, which keeps its mails in `home`/mail and prefers `page_port` for its page."""
    home = home.resolve()
    smtp_port = remembered_port(home, "mail-smtp")
    http_port = remembered_port(home, "mail-page", page_port)
    child = start_child(
        "mail",
        [
            *(sys.executable, "-m", "heitje_server.embedded.mail_catcher"),
            *("--smtp-port", str(smtp_port), "--http-port", str(http_port), "--folder", home / "mail"),
        ],
        home=home,
    )
    server = MailServer(smtp_port=smtp_port, http_port=http_port, child=child)
    wait_until_ready(child, lambda: _answers(server))
    return server


def _answers(server: MailServer) -> bool:
    try:
        with smtplib.SMTP("127.0.0.1", server.smtp_port, timeout=5):
            return requests.get(server.page_url, timeout=5).ok
    except (OSError, smtplib.SMTPException):
        return False
