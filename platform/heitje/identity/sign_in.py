# SPDX-License-Identifier: EUPL-1.2
"""Sign-in by a code of six digits in the mail: citizens, and the staff of a shop at the till.

A code belongs to the browser that asked for it, so nobody burns or guesses another's. It holds ten minutes, five
guesses, one use; the database has only a keyed digest of it. Known and unknown addresses get the same answer: whether
somebody of a till is known is asked where the mail is sent.
"""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from hmac import compare_digest, digest
from typing import Literal
from uuid import UUID, uuid4

from flask import current_app, request
from sqlalchemy import func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.orm import Session

from heitje.clock import now
from heitje.db.request import databases
from heitje.errors import Gone, InvalidInput, NotAllowed, TooMany
from heitje.i18n.language import current_language
from heitje.identity.models import Citizen, SignInCode
from heitje.identity.pace import count
from heitje.identity.people import staff_by_email
from heitje.identity.sessions import Person, current_browser, sign_in
from heitje.jobs.queue import push_fleeting

Purpose = Literal["citizen", "till"]

CODE_HOLDS = timedelta(minutes=10)
GUESSES = 5
ASKS_PER_BROWSER = 6
"""Codes for one address from one network address in a quarter of an hour."""
ASKS_PER_NETWORK = 60
"""Codes from one network address in a quarter of an hour: a library has one address for many people."""
ASKS_PER_ADDRESS = 30
"""Codes for one address in an hour, from wherever."""
GUESSES_PER_NETWORK = 100
WINDOW = timedelta(minutes=15)

_KEPT = "sign_in_code"
_ADDRESS = re.compile(
    r"[a-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,24}", re.ASCII
)


class CodeWrong(InvalidInput):
    """The code is not the one that was sent; `guesses_left` more."""

    code = "code-wrong"
    title = "This code is not right. Look at the newest mail and type it again."


class CodeExpired(Gone):
    """There is no code to enter: it is too old, was used, or was guessed wrong too often."""

    code = "code-expired"
    title = "This code no longer holds. Ask for a new one."


class AddressBlocked(NotAllowed):
    """Whoever has this address may not come in; said only after the right code."""

    code = "address-blocked"
    title = "You cannot sign in with this address. Ask the helpdesk."


@dataclass(frozen=True, kw_only=True)
class Awaited:
    """A code that this browser asked for."""

    id: UUID
    email: str
    purpose: Purpose


def ask_for_code(email: str, purpose: Purpose) -> None:
    """Mail a new code to the address and remember in this browser that it was asked for.

    Raises `InvalidInput` when it is no address, `TooMany` when it goes too fast.
    """
    email = readable_address(email)
    _slow_down_asking(email)
    code_id, code, at = uuid4(), f"{secrets.randbelow(1_000_000):06}", now()
    with databases().as_visitor(knows=f"email:{email}") as session:
        _keep_pace_with_address(session, email, at)
        session.execute(
            insert(SignInCode).values(
                id=code_id,
                email=email,
                purpose=purpose,
                code_sha256=_digest(code_id, email, code),
                created_at=at,
                expires_at=at + CODE_HOLDS,
            )
        )
    current_browser()[_KEPT] = {"id": str(code_id), "email": email, "purpose": purpose}
    push_fleeting("notifications.mail_code", email=email, code=code, purpose=purpose, language=current_language())


def awaited_code(purpose: Purpose) -> Awaited | None:
    """Return what this browser asked for, so that a page can say to which address the code went."""
    kept = current_browser().get(_KEPT)
    if kept is None or kept["purpose"] != purpose:
        return None
    return Awaited(id=UUID(kept["id"]), email=kept["email"], purpose=purpose)


def enter_code(code: str, purpose: Purpose) -> Person:
    """Sign this browser in by the code that was sent to it; a new citizen is welcomed by a row.

    Raises `CodeWrong`, `CodeExpired`, `AddressBlocked` or `TooMany`. For a till the person is of the first shop with
    this address; `switch_shop` goes to another.
    """
    awaited = awaited_code(purpose)
    if awaited is None:
        raise CodeExpired
    count("guess", request.remote_addr or "", most=GUESSES_PER_NETWORK, within=WINDOW)
    guesses_left = _guess(awaited, "".join(code.split()))
    if guesses_left is not None:
        if guesses_left == 0:
            raise CodeExpired
        raise CodeWrong({"code": []}, guesses_left=guesses_left)
    with databases().as_visitor(knows=f"email:{awaited.email}") as session:
        if purpose == "citizen":
            person = Person(citizen_id=_citizen(session, awaited.email))
            sign_in(person)
            return person
        staff = staff_by_email(session, awaited.email)
    if not staff:
        raise AddressBlocked
    shop_id, staff_id = staff[0]
    return _sign_in_staff(shop_id, staff_id, awaited.email)


def switch_shop(shop_id: UUID) -> None:
    """Go on as staff of another shop that knows the same address. Raises `NotAllowed`."""
    browser = current_browser()
    email = browser.get("staff_email", "")
    with databases().as_visitor(knows=f"email:{email}") as session:
        staff = dict(staff_by_email(session, email))
    if not email or shop_id not in staff:
        raise NotAllowed
    _sign_in_staff(shop_id, staff[shop_id], email)


def readable_address(email: str) -> str:
    """Return the address as we keep it, in small letters; raises `InvalidInput`."""
    address = email.strip().lower()
    if len(address) > 254 or not _ADDRESS.fullmatch(address):
        from flask_babel import gettext as _

        raise InvalidInput({"email": [_("Type an e-mail address, such as name@example.nl.")]})
    return address


def _sign_in_staff(shop_id: UUID, staff_id: UUID, email: str) -> Person:
    person = Person(shop_id=shop_id)
    sign_in(person, staff_id=str(staff_id), staff_email=email)
    return person


def _guess(awaited: Awaited, code: str) -> int | None:
    """Count a guess and return None when it is right, else how many are left. Wrong ones are committed as well."""
    with databases().as_visitor(knows=f"email:{awaited.email}") as session:
        row = session.execute(
            update(SignInCode)
            .where(
                SignInCode.id == awaited.id,
                SignInCode.used_at.is_(None),
                SignInCode.expires_at > now(),
                SignInCode.attempts < GUESSES,
            )
            .values(attempts=SignInCode.attempts + 1)
            .returning(SignInCode.code_sha256, SignInCode.attempts)
        ).one_or_none()
        if row is None:
            return 0
        if not compare_digest(row.code_sha256, _digest(awaited.id, awaited.email, code)):
            return GUESSES - int(row.attempts)
        session.execute(update(SignInCode).where(SignInCode.id == awaited.id).values(used_at=now()))
    return None


def _citizen(session: Session, email: str) -> UUID:
    session.execute(
        postgres_insert(Citizen.__table__)  # type: ignore[arg-type]
        .values(id=uuid4(), email=email, language=current_language())
        .on_conflict_do_nothing()
    )
    citizen_id, state = session.execute(select(Citizen.id, Citizen.state).where(Citizen.email == email)).one()
    if state != "active":
        raise AddressBlocked
    return UUID(str(citizen_id))


def _slow_down_asking(email: str) -> None:
    network = request.remote_addr or ""
    count("ask", network, most=ASKS_PER_NETWORK, within=WINDOW)
    count("ask", f"{network} {email}", most=ASKS_PER_BROWSER, within=WINDOW)


def _keep_pace_with_address(session: Session, email: str, at: datetime) -> None:
    """The last brake, in the database: it holds also while the queue server, which counts the rest, is away."""
    asked = select(func.count()).where(SignInCode.email == email, SignInCode.created_at > at - timedelta(hours=1))
    if (session.scalar(asked) or 0) >= ASKS_PER_ADDRESS:
        raise TooMany(retry_after_s=600)


def _digest(code_id: UUID, email: str, code: str) -> bytes:
    secret = str(current_app.config["SECRET_KEY"])
    return digest(f"sign-in:{secret}".encode(), f"{code_id}:{email}:{code}".encode(), sha256)
