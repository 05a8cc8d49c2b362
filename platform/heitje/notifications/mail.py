# SPDX-License-Identifier: EUPL-1.2
"""Mails: messages in the words of their addressee, and sign-in codes. Handed in at SMTP_URL."""

import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from functools import cache
from urllib.parse import unquote, urlsplit
from uuid import UUID

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from heitje.clock import now
from heitje.config import Settings
from heitje.db.scope import scope_of
from heitje.i18n.texts import text_in
from heitje.identity.models import Citizen, Member
from heitje.identity.people import STAFF, staff_by_email
from heitje.jobs.process import process_databases, process_settings
from heitje.jobs.registry import fleeting_job, job
from heitje.notifications.models import Message
from heitje.notifications.texts import Said, said

TIMEOUT_S = 10


@dataclass(frozen=True, kw_only=True)
class Mail:
    """One mail to one person."""

    to: str
    language: str
    words: Said
    key: str
    """Becomes the Message-ID: a mail that is sent twice after a crash is recognised as the same."""


@job("notifications.mail")
def mail_message(session: Session, *, message_id: UUID) -> None:
    """Mail a message to whom it is for, in whose scope this runs. Nobody to be reached is no failure."""
    message = session.get(Message, message_id, with_for_update=True)
    if message is None or message.sent_at is not None:
        return
    settings = process_settings()
    for to, language in _addresses(session, message):
        words = said(message.kind, message.facts, language)
        send(settings, Mail(to=to, language=language, words=words, key=f"{message.id}.{language}"))
    message.sent_at = session.scalar(select(func.now()))


@fleeting_job("notifications.mail_code")
def mail_code(*, email: str, code: str, purpose: str, language: str) -> None:
    """Mail a sign-in code. For a till only to addresses of staff; asking, nobody can tell the difference."""
    if purpose == "till":
        with process_databases().as_visitor(knows=f"email:{email}") as session:
            if not staff_by_email(session, email):
                return
    words = Said(
        subject=text_in(language, "%(code)s is your code for Heitje", code=code),
        paragraphs=(
            text_in(language, "Type this code to sign in: %(code)s", code=code),
            text_in(language, "The code holds for ten minutes. Never give it to anybody: we do not ask for it."),
            text_in(language, "Did you not ask for a code? Then you need not do anything."),
        ),
        link="",
        button="",
    )
    send(process_settings(), Mail(to=email, language=language, words=words, key=f"code.{now().timestamp()}"))


def send(settings: Settings, mail: Mail) -> None:
    """Hand the mail in; raises `OSError` or `smtplib.SMTPException` when that does not work."""
    with _connect(settings.smtp_url) as server:
        server.send_message(as_email(settings, mail))


def _connect(smtp_url: str) -> smtplib.SMTP:
    address = urlsplit(smtp_url)
    host, port = address.hostname or "", address.port or 0
    secure = ssl.create_default_context()
    server: smtplib.SMTP
    if address.scheme == "smtps":
        server = smtplib.SMTP_SSL(host, port, timeout=TIMEOUT_S, context=secure)
    else:
        server = smtplib.SMTP(host, port, timeout=TIMEOUT_S)
        server.ehlo()
        # A password travels over TLS only.
        if server.has_extn("starttls") or address.username:
            server.starttls(context=secure)
    if address.username:
        server.login(unquote(address.username), unquote(address.password or ""))
    return server


def as_email(settings: Settings, mail: Mail) -> EmailMessage:
    """Return the mail as plain text with an HTML twin."""
    email = EmailMessage()
    email["From"] = settings.mail_from
    email["To"] = mail.to
    email["Subject"] = mail.words.subject
    email["Date"] = format_datetime(now())
    domain = parseaddr(settings.mail_from)[1].rpartition("@")[2] or "heitje.invalid"
    email["Message-ID"] = f"<{mail.key}@{domain}>"
    email["Auto-Submitted"] = "auto-generated"
    values = {
        "words": mail.words,
        "language": mail.language,
        "url": settings.public_url.rstrip("/") + mail.words.link if mail.words.link else "",
        "greeting": text_in(mail.language, "Hello,"),
        "regards": text_in(mail.language, "Kind regards, Heitje"),
    }
    email.set_content(_templates().get_template("notifications/mail.txt").render(values))
    email.add_alternative(_templates().get_template("notifications/mail.html").render(values), subtype="html")
    # Last: what begins with "Content-" would have moved into the plain part.
    email["Content-Language"] = mail.language
    return email


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("heitje.notifications", "templates"),
        autoescape=select_autoescape(["html"], default_for_string=False, default=False),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _addresses(session: Session, message: Message) -> list[tuple[str, str]]:
    """List address and language of those the message is for; in the scope of the addressee."""
    if message.citizen_id is not None:
        query = select(Citizen.email, Citizen.language).where(Citizen.id == message.citizen_id)
    elif message.member_id is not None:
        query = select(Member.email, Member.language).where(
            Member.tenant_id == scope_of(session).tenant_id, Member.id == message.member_id, Member.state != "blocked"
        )
    else:
        owners = select(STAFF.c.email).where(
            STAFF.c.shop_id == message.shop_id, STAFF.c.role == "owner", STAFF.c.state == "active"
        )
        return [(email, message.language) for email in session.scalars(owners)]
    return [(email, language) for email, language in session.execute(query) if email]
