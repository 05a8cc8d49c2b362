# SPDX-License-Identifier: EUPL-1.2
"""Refusals as Stripe words them: a status and an error object."""

from typing import Any


class Refused(Exception):
    """The peer will not do this; `status` and `error` are what Stripe would answer."""

    def __init__(self, message: str, *, status: int = 400, kind: str = "invalid_request_error", **facts: Any) -> None:
        super().__init__(message)
        self.status = status
        self.error: dict[str, Any] = {"message": message, "type": kind} | facts


def no_such(kind: str, thing_id: str, param: str = "id") -> Refused:
    """Return the refusal for an id that is not known."""
    return Refused(f"No such {kind}: '{thing_id}'", status=404, code="resource_missing", param=param)


def missing(param: str) -> Refused:
    """Return the refusal for a parameter that is needed here."""
    return Refused(f"Missing required param: {param}.", code="parameter_missing", param=param)


def wrong(param: str, message: str) -> Refused:
    """Return the refusal for a parameter that cannot be used."""
    return Refused(message, param=param)
