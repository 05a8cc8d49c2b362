# SPDX-License-Identifier: EUPL-1.2
"""Transactions: one per request or job, in one scope; only the edge commits."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from uuid import UUID

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session, SessionTransaction

from heitje.db.driver import Driver
from heitje.db.scope import VISITOR, Scope

DATABASE_AWAY = (OperationalError, PoolTimeout, psycopg.OperationalError)
"""What is raised while the database is down, restarts, or has no connection left: nothing happened, try again."""
CONNECT_TIMEOUT_S = "5"
"""How long a host that does not answer is waited for, unless the address says otherwise: a person waits too."""


class Databases:
    """The application's engine and the operator's, and sessions on them.

    Each `as_...` is a context manager over one transaction: it commits when the block ends, rolls back when
    it raises, and then runs what `after_commit` collected.
    """

    def __init__(
        self, database_url: str, operator_database_url: str = "", *, pool_size: int = 8, patience_s: float = 10
    ) -> None:
        self.app_engine = make_engine(database_url, pool_size=pool_size, patience_s=patience_s)
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
        """Return a session whose every transaction begins by saying who asks. The caller commits and closes.

        It has begun when this returns: should the database have been restarted since the connection was last used,
        nothing is lost yet, and a new one takes its place unseen.
        """
        engine = self.operator_engine if scope.operator else self.app_engine
        session = _session(engine, scope)
        try:
            session.connection()
        except psycopg.OperationalError:
            session.close()
            engine.dispose()  # its other idle connections are as old
            session = _session(engine, scope)
            session.connection()
        return session

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


def make_engine(url: str, *, pool_size: int, patience_s: float = 10) -> Engine:
    """Connect lazily to PostgreSQL; works through PgBouncer in transaction mode (no prepared statements).

    For sessions with a scope only: `_begin` opens their transactions, in one round trip with the scope, so the driver
    is told not to. A statement outside a session stands alone. Who finds all connections in use waits `patience_s`.
    """
    address = make_url(url).set(drivername="postgresql+psycopg")
    engine = create_engine(
        address.update_query_dict({"connect_timeout": CONNECT_TIMEOUT_S} | dict(address.query)),
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_timeout=patience_s,
        connect_args={"prepare_threshold": None, "autocommit": True, "client_encoding": "utf8"},
    )
    event.listen(engine, "do_connect", lambda _dialect, _record, address, options: Driver.connect(*address, **options))
    return engine


def _session(engine: Engine, scope: Scope) -> Session:
    return Session(engine, expire_on_commit=False, info={"scope": scope, "after_commit": []})


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
def _begin(session: Session, transaction: SessionTransaction, connection: Connection) -> None:
    """Begin and say who asks, in one round trip; transaction-local, so nothing stays behind on a pooled connection."""
    scope = session.info.get("scope")
    if scope is None:
        raise RuntimeError("open sessions through Databases, which says in whose scope they work")
    if transaction.nested:
        return
    try:
        Driver.below(connection).begin(scope.settings())
    except psycopg.OperationalError:
        connection.invalidate()
        raise
