# SPDX-License-Identifier: EUPL-1.2
"""Refusals of the books.

HeitjeError
├── BalanceTooLow       409  HJ001  not that much there
├── KeyReused           409  HJ002  the same key for another transfer
├── NotYourAccount      404  HJ003  not there, or not yours: the same answer
├── TransferImpossible  409  HJ004  amount or direction that no transfer has
└── BooksBusy           503         waited too long for a lock; nothing happened, try again
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy.exc import DBAPIError

from heitje.errors import HeitjeError, NotFound


class BalanceTooLow(HeitjeError):
    """The account holds less than the amount."""

    code = "balance-too-low"
    title = "There is not enough money for this."


class KeyReused(HeitjeError):
    """Another transfer has this key already."""

    code = "key-reused"
    title = "This was already sent with other details. Start again."


class NotYourAccount(NotFound):
    """The account does not exist for whoever is asking."""


class TransferImpossible(HeitjeError):
    """No transfer goes this way, or the amount is not above zero."""

    code = "transfer-impossible"
    title = "This amount cannot be moved this way."


class BooksBusy(HeitjeError):
    """Others kept the account locked for too long. Nothing happened; trying again is safe."""

    code = "books-busy"
    status = 503
    title = "It is very busy. Nothing was booked. Try again in a moment."


BY_SQLSTATE: dict[str, type[HeitjeError]] = {
    "HJ001": BalanceTooLow,
    "HJ002": KeyReused,
    "HJ003": NotYourAccount,
    "HJ004": TransferImpossible,
    "55P03": BooksBusy,
}


@contextmanager
def refusals(more: dict[str, type[HeitjeError]] | None = None) -> Iterator[None]:
    """Turn what a function in the database refused into the error that says so, with its facts."""
    try:
        yield
    except (DBAPIError, psycopg.Error) as error:
        cause = error.orig if isinstance(error, DBAPIError) else error
        if not isinstance(cause, psycopg.Error):
            raise
        refusal = {**BY_SQLSTATE, **(more or {})}.get(cause.sqlstate or "")
        if refusal is None:
            raise
        raise refusal(**_facts(cause)) from error


def _facts(cause: psycopg.Error) -> dict[str, Any]:
    try:
        facts = json.loads(cause.diag.message_detail or "{}")
    except ValueError:
        return {}
    return facts if isinstance(facts, dict) else {}
