# SPDX-License-Identifier: EUPL-1.2
"""The driver's connection, with what every transaction says to it taken the short way.

psycopg runs each command through a generator that waits for the socket in Python. For the few words that every
transaction says (begin, commit, the posting of a transfer) that is most of their cost, so these go through libpq's
own blocking calls, which psycopg offers as `psycopg.pq`, and which let other threads run meanwhile. Errors are
psycopg's own. Everything else is psycopg unchanged.
"""

from collections.abc import Sequence
from typing import Any, Self

from psycopg import Connection, DataError, OperationalError
from psycopg.errors import InFailedSqlTransaction, error_from_result
from psycopg.pq import Escaping, ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult
from sqlalchemy import Connection as Checkout

GOOD = (ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK)


class Driver(Connection[tuple[Any, ...]]):
    """A connection that does not begin by itself: `begin` says so, with settings that last until its end."""

    @classmethod
    def below(cls, connection: Checkout) -> Self:
        """Return what is below SQLAlchemy: for the few statements where its own share of the time counts."""
        driver = connection.connection.dbapi_connection
        assert isinstance(driver, cls)  # noqa: S101 - set in one place, make_engine
        return driver

    def begin(self, settings: dict[str, str]) -> None:
        """Begin a transaction and set these in it, in one round trip. Raises `psycopg.OperationalError` when away."""
        escape = Escaping(self.pgconn).escape_literal
        said = [b"set local %b = %b" % (name.encode(), escape(_text(value))) for name, value in settings.items()]
        self._checked(self.pgconn.exec_(b"; ".join([b"begin", *said])))

    def commit(self) -> None:
        """As psycopg's, but never silent: PostgreSQL answers the commit of a failed transaction with a rollback."""
        if self.pgconn.transaction_status != TransactionStatus.IDLE:
            result = self._checked(self.pgconn.exec_(b"commit"))
            if result.command_status == b"ROLLBACK":
                raise InFailedSqlTransaction("a statement failed before, so nothing was committed")

    def rollback(self) -> None:
        """As psycopg's."""
        if self.pgconn.transaction_status != TransactionStatus.IDLE:
            self._checked(self.pgconn.exec_(b"rollback"))

    def one(self, statement: bytes, values: Sequence[str]) -> tuple[str | None, ...]:
        """Run one statement with `$1`... in it, and return its first row as PostgreSQL writes it."""
        result = self._checked(self.pgconn.exec_params(statement, [_text(value) for value in values]))
        row = [result.get_value(0, column) for column in range(result.nfields)]
        return tuple(None if value is None else value.decode() for value in row)

    def _checked(self, result: PGresult) -> PGresult:
        if result.status in GOOD:
            return result
        if self.broken or self.closed:
            raise OperationalError(result.get_error_message())
        raise error_from_result(result)


def _text(value: str) -> bytes:
    if "\0" in value:
        raise DataError("a text with a zero byte cannot be written down")  # libpq would end it there
    return value.encode()
