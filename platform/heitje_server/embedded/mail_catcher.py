# SPDX-License-Identifier: EUPL-1.2
"""A real SMTP server that delivers nowhere: it keeps mails in a maildir and shows them on a page. Demo and tests only.

`python -m heitje_server.embedded.mail_catcher --smtp-port N --http-port N --folder MAILDIR`
"""

import asyncio
import json
import mailbox
import threading
from collections import deque
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import click
from aiosmtpd.smtp import SMTP, Envelope, Session

KEPT = 500
"""Mails in memory and on the page; the maildir keeps all."""


@dataclass(frozen=True, kw_only=True)
class Mail:
    """A mail as received: addresses of the envelope, parts decoded."""

    sender: str
    recipients: list[str]
    subject: str
    text: str
    html: str
    headers: dict[str, str]
    received_at: str


class Letterbox:
    """What came in, oldest first; safe to use from the mail and the page threads."""

    def __init__(self, folder: Path) -> None:
        self._maildir = mailbox.Maildir(folder, create=True)
        self._lock = threading.Lock()
        kept = sorted(self._maildir, key=lambda mail: mail.get_date())
        self._mails = deque(
            (_read(mail.as_bytes(), datetime.fromtimestamp(mail.get_date(), UTC)) for mail in kept), KEPT
        )

    def put(self, envelope: Envelope) -> None:
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        # The envelope says who really gets it; a mail does not.
        routing = f"X-Envelope-From: {envelope.mail_from}\r\nX-Envelope-To: {', '.join(envelope.rcpt_tos)}\r\n"
        received = routing.encode("utf-8", "replace") + content
        with self._lock:
            self._maildir.add(received)
            self._mails.append(_read(received, datetime.now(UTC)))

    def newest_first(self, *, to: str = "") -> list[Mail]:
        """List the mails for one address, or all."""
        with self._lock:
            return [mail for mail in reversed(self._mails) if not to or to.lower() in map(str.lower, mail.recipients)]


def _read(content: bytes, received_at: datetime) -> Mail:
    mail = message_from_bytes(content, _class=EmailMessage, policy=policy.default)
    return Mail(
        sender=str(mail["X-Envelope-From"] or ""),
        recipients=[address.strip() for address in str(mail["X-Envelope-To"] or "").split(",")],
        subject=str(mail["Subject"] or ""),
        text=_part(mail, "plain"),
        html=_part(mail, "html"),
        headers={name: str(value) for name, value in mail.items() if not name.startswith("X-Envelope-")},
        received_at=received_at.isoformat(),
    )


def _part(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    return "" if part is None else str(part.get_content()).replace("\r\n", "\n")


class Reception:
    """What aiosmtpd asks: it takes every mail for every address."""

    def __init__(self, letterbox: Letterbox) -> None:
        self._letterbox = letterbox

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: ARG002, N802 - aiosmtpd's names
        self._letterbox.put(envelope)
        return "250 Kept"


def page_handler(letterbox: Letterbox) -> type[BaseHTTPRequestHandler]:
    """Make the handler of `/` (a page) and `/messages.json`, both with `?to=address`."""

    class Page(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            address = urlsplit(self.path)
            mails = letterbox.newest_first(to=parse_qs(address.query).get("to", [""])[0])
            if address.path == "/messages.json":
                self._answer(200, "application/json", json.dumps([asdict(mail) for mail in mails]))
            elif address.path == "/":
                self._answer(200, "text/html; charset=utf-8", _page(mails))
            else:
                self._answer(404, "text/plain", "There are / and /messages.json.\n")

        def _answer(self, status: int, kind: str, text: str) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.send_header("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            """Stay quiet: the page reloads itself."""

    return Page


def _page(mails: list[Mail]) -> str:
    shown = "".join(
        f"<article><h2>{escape(mail.subject)}</h2>"
        f"<p>{escape(', '.join(mail.recipients))} · {datetime.fromisoformat(mail.received_at):%H:%M:%S} UTC</p>"
        f"<pre>{_with_links(mail.text)}</pre></article>"
        for mail in mails
    )
    return f"""<!doctype html>
<html lang="nl">
<meta charset="utf-8"><meta name="viewport" content="width=device-width"><meta http-equiv="refresh" content="5">
<title>Post van de demo</title>
<style>
  body {{ font: 1.05rem/1.5 system-ui, sans-serif; background: #f2f4f7; color: #16202c; margin: 0; }}
  main {{ max-width: 44rem; margin: 4vh auto; padding: 0 1rem; }}
  article {{ background: #fff; border-radius: 1rem; padding: 1.25rem 1.5rem; margin: 1rem 0; }}
  h2 {{ font-size: 1.15rem; margin: 0; }} p {{ color: #4a5866; margin: .25rem 0 1rem; }}
  pre {{ font: inherit; white-space: pre-wrap; overflow-wrap: anywhere; margin: 0; }}
</style>
<main>
  <h1>Post van de demo</h1>
  <p>Hier komt alle e-mail van de demo aan; er gaat niets naar buiten. De nieuwste staat boven.</p>
  {shown or "<article>Er is nog geen post.</article>"}
</main>
</html>"""


def _with_links(text: str) -> str:
    words = (
        f'<a href="{escape(word)}">{escape(word)}</a>' if word.startswith(("http://", "https://")) else escape(word)
        for word in text.replace("\n", " \n ").split(" ")
    )
    return " ".join(words).replace(" \n ", "\n")


async def _receive(letterbox: Letterbox, port: int) -> None:
    reception = Reception(letterbox)
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(reception, hostname="localhost", enable_SMTPUTF8=True), "127.0.0.1", port
    )
    await server.serve_forever()


@click.command()
@click.option("--smtp-port", type=int, required=True)
@click.option("--http-port", type=int, required=True)
@click.option("--folder", type=click.Path(path_type=Path), required=True)
def main(smtp_port: int, http_port: int, folder: Path) -> None:
    """Receive and show mail until ended."""
    letterbox = Letterbox(folder)
    page = ThreadingHTTPServer(("127.0.0.1", http_port), page_handler(letterbox))
    threading.Thread(target=page.serve_forever, daemon=True).start()
    asyncio.run(_receive(letterbox, smtp_port))


if __name__ == "__main__":
    main()
