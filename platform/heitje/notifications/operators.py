# SPDX-License-Identifier: EUPL-1.2
"""Mails the people who operate the platform when something wants a person."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from heitje.db.scope import Scope
from heitje.i18n.texts import DEFAULT_LANGUAGE, text_in
from heitje.identity.models import Operator
from heitje.jobs.process import process_settings
from heitje.jobs.queue import enqueue
from heitje.jobs.registry import job
from heitje.notifications.mail import Mail, send
from heitje.notifications.texts import Said

MAIL_OPERATORS = "operators.mail"


def tell_operators(session: Session, findings: Sequence[str], *, key: str) -> None:
    """Have every active operator mailed `findings`, once for a `key`, after the commit of this operator's session."""
    enqueue(session, MAIL_OPERATORS, Scope(operator=True), key=key, findings=list(findings), about=key)


@job(MAIL_OPERATORS)
def mail_operators(session: Session, *, findings: list[str], about: str) -> None:
    """Mail each of them; should it be tried again, the mail is recognised as the same by its Message-ID."""
    words = Said(
        subject=text_in(DEFAULT_LANGUAGE, "Heitje: something wants your attention"),
        paragraphs=(
            text_in(DEFAULT_LANGUAGE, "The platform found the following."),
            *findings,
            text_in(DEFAULT_LANGUAGE, "The operators' manual says what to do."),
        ),
        link="",
        button="",
    )
    for operator in session.scalars(select(Operator).where(Operator.state == "active").order_by(Operator.email)):
        mail = Mail(to=operator.email, language=DEFAULT_LANGUAGE, words=words, key=f"{about}.{operator.id}")
        send(process_settings(), mail)
