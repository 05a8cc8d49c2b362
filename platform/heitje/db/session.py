# SPDX-License-Identifier: EUPL-1.2
"""Transactions: one per request or job, in one scope; only the edge commits."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from uuid import UUID

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.orm import Session, SessionTransaction
from sqlalchemy.pool import ConnectionPoolEntry

from heitje.db.scope import SET_SCOPE, VISITOR, Scope

TRY_AFTER_S = 20
"""A connection that lay idle this long may have died meanwhile."""


class Databases:
    """The application's engine and the operator's, and sessions on them.

    Each `as_...` is a context manager over one transaction: it commits when the block ends, rolls back when
    it raises, and then runs what `after_commit` collected.
    """

    def __init__(self, database_url: str, operator_database_url: str = "", *, pool_size: int = 8) -> None:
        self.app_engine = make_engine(database_url, pool_size=pool_size)
        self._operator_url = operator_database_url
        self._operator_engine: Engine | None = None

    @property
    def operator_engine(self) -> Engine:
        """The engine of role heitje_operator; raises `RuntimeError` where the process was given no address for it."""
        if self._operator_engine is None:
            if not self._operator_url:
                raise RuntimeError("OPERATOR_DATABASE_URL is not set, so this process cannot work across tenants")
            self._operator_engine = make_engine(self._operator_url, pool_size=4)
        return self._operator_engine

    def open(self, scope: Scope) -> Session:
        """Return a session whose every transaction begins by saying who asks. The caller commits and closes."""
        engine = self.operator_engine if scope.operator else self.app_engine
        return Session(engine, expire_on_commit=False, info={"scope": scope, "after_commit": []})

    @contextmanager
    def scoped(self, scope: Scope) -> Iterator[Session]:
        """Work in one transaction of this scope."""
        session = self.open(scope)
        try:
            yield session
            commit(session)
        except BaseException:
            session.rollback()
            raise
        finally:
            session.close()

    def as_tenant(self, tenant_id: UUID) -> AbstractContextManager[Session]:
        """Work as one issuing organisation."""
        return self.scoped(Scope(tenant_id=tenant_id))

    def as_citizen(self, citizen_id: UUID) -> AbstractContextManager[Session]:
        """Work as one citizen."""
        return self.scoped(Scope(citizen_id=citizen_id))

    def as_shop(self, shop_id: UUID) -> AbstractContextManager[Session]:
        """Work as one shop."""
        return self.scoped(Scope(shop_id=shop_id))

    def as_visitor(self, knows: str = "") -> AbstractContextManager[Session]:
        """Work as nobody in particular: what is public, and rows that carry the secret in `knows`."""
        return self.scoped(Scope(knows=knows) if knows else VISITOR)

    def across_tenants(self) -> AbstractContextManager[Session]:
        """Work as the operator, on the operator's own engine; every use that changes something is audited."""
        return self.scoped(Scope(operator=True))

    def dispose(self) -> None:
        """Close all connections."""
        self.app_engine.dispose()
        if self._operator_engine is not None:
            self._operator_engine.dispose()


def make_engine(url: str, *, pool_size: int) -> Engine:
    """Connect lazily to PostgreSQL; works through PgBouncer in transaction mode (no prepared statements).

    A connection that lay idle is tried before use; one in use is not, since that took three of seven round trips a
    transfer. After a restart of the database a busy process sees one error, which empties its pool.
    """
    engine = create_engine(
        make_url(url).set(drivername="postgresql+psycopg"),
        pool_size=pool_size,
        max_overflow=pool_size,
        connect_args={"prepare_threshold": None},
    )
    event.listen(engine, "checkin", _note_return)
    event.listen(engine, "checkout", _try_if_idle)
    return engine


def _note_return(_connection: object, record: ConnectionPoolEntry) -> None:
    record.info["returned_at"] = time.monotonic()


def _try_if_idle(connection: psycopg.Connection, record: ConnectionPoolEntry, _proxy: object) -> None:
    returned_at = record.info.get("returned_at")
    if returned_at is None or time.monotonic() - returned_at < TRY_AFTER_S:
        return
    try:
        connection.execute("select 1")
        connection.rollback()
    except psycopg.Error as error:
        raise DisconnectionError from error


def after_commit(session: Session, act: Callable[[], object]) -> None:
    """Run `act` once the transaction is safe: an e-mail, a queue entry. A rollback forgets it."""
    session.info["after_commit"].append(act)


def commit(session: Session) -> None:
    """Commit, then run what waited for it. For the edge only: request, job, command."""
    session.commit()
    waiting, session.info["after_commit"] = session.info["after_commit"], []
    for act in waiting:
        act()


@event.listens_for(Session, "after_begin")
def _say_who_asks(session: Session, transaction: SessionTransaction, connection: Connection) -> None:
    """Transaction-local, so that nothing stays behind on a pooled connection."""
    scope = session.info.get("scope")
    if scope is None:
        raise RuntimeError("open sessions through Databases, which says in whose scope they work")
    if not transaction.nested:
        connection.exec_driver_sql(SET_SCOPE, scope.settings())
