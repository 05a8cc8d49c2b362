# SPDX-License-Identifier: EUPL-1.2
"""Refusals: a class with a stable code, a status and the facts.

One handler per surface turns a refusal into an error page or an RFC 9457 problem document
(`heitje/web/problems.py`). `title` is a gettext message id in English; the surfaces translate it.

    HeitjeError
    ├── NotFound            404  unknown, or not yours: the same answer
    ├── NotAllowed          403  known who you are, not yours to do
    ├── SignInNeeded        401
    ├── InvalidInput        400  `errors`: what is wrong, where, and what to do
    ├── Conflict            409  the state of things forbids it; says which state
    ├── Gone                410  it expired
    └── TooMany             429  with `retry_after_s`
"""

from collections.abc import Mapping
from typing import Any, ClassVar


class HeitjeError(Exception):
    """A refusal that a person or a system may see. Facts become members of the problem document."""

    code: ClassVar[str] = "refused"
    status: ClassVar[int] = 409
    title: ClassVar[str] = "This is not possible."

    def __init__(self, **facts: Any) -> None:
        super().__init__(self.code, facts)
        self.facts: Mapping[str, Any] = facts


class NotFound(HeitjeError):
    """There is no such thing, or it is not yours: nobody can tell which."""

    code = "not-found"
    status = 404
    title = "We cannot find this."


class NotAllowed(HeitjeError):
    """The person is known, and has no right to this."""

    code = "not-allowed"
    status = 403
    title = "You have no right to do this. Ask an owner of your organisation."


class SignInNeeded(HeitjeError):
    """Nobody is signed in, or not for this."""

    code = "sign-in-needed"
    status = 401
    title = "Sign in first."


class InvalidInput(HeitjeError):
    """The input cannot be used. `errors` is a mapping of field name to a list of messages."""

    code = "invalid-input"
    status = 400
    title = "Something in your input is not right. See the fields."

    def __init__(self, errors: Mapping[str, list[str]], **facts: Any) -> None:
        super().__init__(errors=errors, **facts)
        self.errors = errors


class Conflict(HeitjeError):
    """The present state forbids it."""

    code = "conflict"
    status = 409
    title = "This has changed in the meantime. Look at it again."


class Gone(HeitjeError):
    """It was there, and its time is over."""

    code = "gone"
    status = 410
    title = "This has expired."


class TooMany(HeitjeError):
    """Too many attempts; `retry_after_s` seconds to wait."""

    code = "too-many"
    status = 429
    title = "Too many attempts. Wait a moment and try again."
