# SPDX-License-Identifier: EUPL-1.2
"""The bridge's round: see what became of what was sent, send, seal, sign; for every scheme. One bridge at a time."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import Engine, func, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from heitje.clock import now
from heitje.db.scope import Scope
from token_bridge.bridge import Bridge, Rules, clear_alarm, halt, raise_alarm
from token_bridge.chain import CallReverted, Chain, NodeRefused, NodeUnavailable
from token_bridge.confirm import watch
from token_bridge.deploy import ensure_deployment, secret_check
from token_bridge.keys import Signer
from token_bridge.models import Batch, Deployment, State
from token_bridge.plan import close_batch
from token_bridge.reconcile import reconcile
from token_bridge.send import send_waiting
from token_bridge.sign import sign_next

LOCK = 484_549_001
"""Any number that nothing else locks."""
SECONDS_A_ROUND = 1.0
SECONDS_TO_RECONNECT = 2.0
OPERATIONS_A_ROUND = 50
RECONCILE_AFTER_WORK = timedelta(minutes=10)
RECONCILE_ANYWAY = timedelta(days=1)
BUSY = text(
    "select s.id from schemes s where exists (select from ledger_outbox o where o.scheme_id = s.id)"
    " or exists (select from chain_deployments d where d.scheme_id = s.id and d.retired_at is null) order by s.id"
)

_log = logging.getLogger(__name__)


class BridgeRunning(RuntimeError):
    """Another bridge holds the lock of this database."""


@contextmanager
def the_only_bridge(engine: Engine) -> Iterator[Session]:
    """Open the operator's session on the connection that holds the lock: without the one there is not the other."""
    with engine.connect() as connection:
        # Not back into the pool afterwards: the lock lives exactly as long as the connection. It must be a direct one,
        # behind PgBouncer in transaction mode the lock would be nobody's.
        connection.detach()
        held = connection.execute(text("select pg_try_advisory_lock(:lock)"), {"lock": LOCK}).scalar_one()
        connection.commit()
        if not held:
            raise BridgeRunning("another bridge works on this database")
        scope = {"scope": Scope(operator=True), "after_commit": []}
        with Session(connection, expire_on_commit=False, info=scope) as session:
            yield session


@dataclass(frozen=True, kw_only=True)
class Orders:
    """What the bridge is told from outside: node, keys, rules."""

    chain: Chain
    signer: Signer
    secret: bytes
    rules: Rules
    admin: bytes | None = None
    """Administrator of contracts that are yet to be made."""
    chain_id: int = 0
    """Refuse every other chain; 0 takes the node's."""

    def bridge(self, session: Session) -> Bridge:
        """Return the bridge on this session."""
        return Bridge(session=session, chain=self.chain, signer=self.signer, secret=self.secret, rules=self.rules)


def run(engine: Engine, orders: Orders, stop: threading.Event) -> None:
    """Do rounds until told to stop; wait while another bridge works or the database is away."""
    reconciler = Reconciler()
    while not stop.is_set():
        try:
            with the_only_bridge(engine) as session:
                bridge = orders.bridge(session)
                while not stop.is_set():
                    round_of_all(bridge, orders, at=now(), reconciler=reconciler)
                    stop.wait(SECONDS_A_ROUND)
        except (OperationalError, BridgeRunning) as error:
            _log.warning("waiting: %s", error)
            stop.wait(SECONDS_TO_RECONNECT)


def round_of_all(bridge: Bridge, orders: Orders, *, at: datetime, reconciler: "Reconciler | None" = None) -> None:
    """Do one round for every scheme. A node that is away costs a round, nothing else."""
    schemes = list(bridge.session.scalars(BUSY))
    bridge.keep()
    try:
        chain_id = bridge.chain.chain_id()
    except (NodeUnavailable, NodeRefused) as error:
        _log.warning("the node does not answer: %s", error)
        _note_for_all(bridge, "node-unavailable", at=at, reason=_short(error))
        return
    for scheme_id in schemes:
        deployment = served(bridge, orders, scheme_id, chain_id, at=at)
        if deployment is None:
            continue
        try:
            round_of_one(bridge, deployment, at=at)
            if reconciler is not None and deployment.halted_at is None:
                reconciler.compare(bridge, deployment, at=at)
            clear_alarm(bridge.session, deployment, "node-unavailable", at=at)
        except (NodeUnavailable, NodeRefused, CallReverted) as error:
            bridge.session.rollback()
            _log.warning("deployment %s: %s", deployment.id, error)
            raise_alarm(bridge.session, deployment, "node-unavailable", at=at, reason=_short(error))
        bridge.keep()


def round_of_one(bridge: Bridge, deployment: Deployment, *, at: datetime) -> None:
    """See what became of what was sent, send what waits, seal what is due; then operation by operation as far as it goes."""
    watch(bridge, deployment, at=at)
    send_waiting(bridge, deployment, at=at)
    if deployment.halted_at is None:
        close_batch(bridge, deployment, at=at)
        bridge.keep()
    for _ in range(OPERATIONS_A_ROUND):
        if not sign_next(bridge, deployment, at=at):
            return
        send_waiting(bridge, deployment, at=at)
        watch(bridge, deployment, at=at)


class Reconciler:
    """Compares the books while the bridge has nothing else to do: after every run of work, and once a day anyway."""

    def __init__(self) -> None:
        self._compared: dict[int, tuple[datetime, int]] = {}

    def is_due(self, session: Session, deployment: Deployment, *, at: datetime) -> bool:
        """Tell whether something was confirmed since, or a day has passed; at most every ten minutes."""
        confirmed = select(func.count(), func.count().filter(Batch.state != State.CONFIRMED))
        done, open_ = session.execute(confirmed.where(Batch.deployment_id == deployment.id)).one()
        session.commit()
        if open_ or not done:
            return False
        compared_at, compared_done = self._compared.get(deployment.id, (datetime.min.replace(tzinfo=UTC), 0))
        pause = RECONCILE_AFTER_WORK if done != compared_done else RECONCILE_ANYWAY
        if compared_at + pause > at:
            return False
        self._compared[deployment.id] = (at, done)
        return True

    def compare(self, bridge: Bridge, deployment: Deployment, *, at: datetime) -> None:
        """Compare if it is due."""
        if not self.is_due(bridge.session, deployment, at=at):
            return
        found = reconcile(bridge.session, bridge.chain, deployment, at=at)
        for difference in found.differences:
            _log.error("deployment %s differs: %s", deployment.id, difference)


def served(bridge: Bridge, orders: Orders, scheme_id: UUID, chain_id: int, *, at: datetime) -> Deployment | None:
    """Return the scheme's contract if this bridge, this chain and this key are the ones it was made with."""
    # Others write here too: a reconciliation halts, an operator resumes.
    bridge.session.expire_all()
    query = select(Deployment).where(Deployment.scheme_id == scheme_id, Deployment.retired_at.is_(None))
    deployment = bridge.session.scalar(query)
    wanted = deployment.chain_id if deployment is not None else orders.chain_id or chain_id
    if chain_id != wanted or orders.chain_id not in (0, chain_id):
        _log.error("the node is of chain %s, wanted is %s", chain_id, wanted)
        if deployment is not None:
            raise_alarm(bridge.session, deployment, "wrong-chain", at=at, expected=wanted, found=chain_id)
    elif deployment is None:
        if orders.admin is None:
            _log.error("scheme %s has no contract yet: name its administrator with --admin", scheme_id)
            return None
        return ensure_deployment(bridge, scheme_id, chain_id=chain_id, admin=orders.admin, at=at)
    elif deployment.settler != bridge.signer.address:
        facts = {"expected": deployment.settler.hex(), "found": bridge.signer.address.hex()}
        raise_alarm(bridge.session, deployment, "other-settler", at=at, **facts)
    elif deployment.secret_check != secret_check(bridge.secret, scheme_id):
        halt(bridge.session, deployment, "secret-changed", at=at)
    else:
        clear_alarm(bridge.session, deployment, "wrong-chain", at=at)
        clear_alarm(bridge.session, deployment, "other-settler", at=at)
        bridge.keep()
        return deployment
    bridge.keep()
    return None


def _short(error: Exception) -> str:
    """Return what kind of trouble it is; the whole text names objects in memory and is another one each time."""
    return str(error).partition(":")[0][:100]


def _note_for_all(bridge: Bridge, code: str, *, at: datetime, **facts: str) -> None:
    for deployment in bridge.session.scalars(select(Deployment).where(Deployment.retired_at.is_(None))):
        raise_alarm(bridge.session, deployment, code, at=at, **facts)
    bridge.keep()
