# SPDX-License-Identifier: EUPL-1.2
"""What every act of the bridge works with, and how it says that a person is needed.

The bridge is an edge of its own, so its acts commit: what was signed is safe in the database before a node sees it,
and no transaction stays open while a node takes its time.
"""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from heitje.errors import HeitjeError
from heitje.notifications.operators import tell_operators
from token_bridge.chain import Chain
from token_bridge.keys import Signer
from token_bridge.models import Alarm, Batch, Deployment, State


@dataclass(frozen=True, kw_only=True)
class Rules:
    """When a batch closes, when a transaction counts, and what is done about one that does not get there."""

    lines: int = 250
    """A batch closes with so many transfers,"""
    seconds: float = 10.0
    """or when the oldest has waited so long."""
    net: bool = True
    """Only each account's difference is public, not who paid whom."""
    confirmations: int = 1
    """Blocks on top of a transaction before it counts."""
    patience: timedelta = timedelta(seconds=30)
    """After this a transaction is sent again; after three times this it is replaced by one that pays more."""
    max_fee_wei: int = 500 * 10**9
    """No transaction ever offers more per unit of gas."""
    max_attempts: int = 12
    """No operation is signed more often without a person."""


@dataclass(frozen=True, kw_only=True)
class Bridge:
    """One signer, one node, one database connection that holds the bridge's lock."""

    session: Session
    chain: Chain
    signer: Signer
    secret: bytes
    rules: Rules = field(default_factory=Rules)

    def keep(self) -> None:
        """Make everything so far safe, and hold nothing while a node is asked."""
        self.session.commit()


class BridgeHalted(HeitjeError):
    """The mirror of a scheme stands still until an operator has looked at it."""

    code = "bridge-halted"
    title = "The bridge has stopped. See its alarms, mend the cause, then run `heitje bridge resume`."


def live_deployments(session: Session, *, chain_id: int, settler: bytes) -> list[Deployment]:
    """List the contracts that this signer serves on this chain."""
    query = (
        select(Deployment)
        .where(Deployment.retired_at.is_(None), Deployment.chain_id == chain_id, Deployment.settler == settler)
        .order_by(Deployment.id)
    )
    return list(session.scalars(query))


def in_flight(session: Session, deployment: Deployment) -> list[Batch]:
    """List the operations that were signed and are not settled for good, in their order."""
    states = (State.SIGNED, State.SENT, State.MINED)
    query = select(Batch).where(Batch.deployment_id == deployment.id, Batch.state.in_(states)).order_by(Batch.sequence)
    return list(session.scalars(query))


def raise_alarm(session: Session, deployment: Deployment, code: str, *, at: datetime, **facts: Any) -> None:
    """Write down that a person must look; an alarm that is still open gets the new facts."""
    alarm = _open_alarm(session, deployment, code)
    if alarm is None:
        session.add(Alarm(deployment_id=deployment.id, code=code, facts=facts, raised_at=at))
    else:
        alarm.facts = facts


def clear_alarm(session: Session, deployment: Deployment, code: str, *, at: datetime) -> None:
    """Close an alarm whose cause is gone; does nothing when there is none."""
    alarm = _open_alarm(session, deployment, code)
    if alarm is not None:
        alarm.cleared_at = at


def _open_alarm(session: Session, deployment: Deployment, code: str) -> Alarm | None:
    query = select(Alarm).where(Alarm.deployment_id == deployment.id, Alarm.code == code, Alarm.cleared_at.is_(None))
    return session.scalar(query)


def halt(session: Session, deployment: Deployment, code: str, *, at: datetime, **facts: Any) -> None:
    """Sign nothing more for this contract, raise an alarm that says why, and mail the operators. Shops go on."""
    if deployment.halted_at is None:
        deployment.halted_at, deployment.halted_code = at, code
        finding = f"The bridge has stopped for scheme {deployment.scheme_id}: {code}. {json.dumps(facts)}"
        tell_operators(session, [finding], key=f"bridge.{deployment.id}.{at.isoformat()}")
    raise_alarm(session, deployment, code, at=at, **facts)


def resume(session: Session, deployment: Deployment, *, at: datetime) -> None:
    """Go on after a person has mended the cause: alarms are closed, what the contract refused is signed afresh."""
    deployment.halted_at = deployment.halted_code = None
    for alarm in session.scalars(select(Alarm).where(Alarm.deployment_id == deployment.id, Alarm.cleared_at.is_(None))):
        alarm.cleared_at = at
    for batch in session.scalars(
        select(Batch).where(Batch.deployment_id == deployment.id, Batch.state == State.REVERTED)
    ):
        batch.state, batch.nonce = State.SEALED, None


def next_sequence(session: Session, deployment: Deployment) -> int:
    """Return the number of the next operation."""
    last = session.scalar(select(func.max(Batch.sequence)).where(Batch.deployment_id == deployment.id))
    return 0 if last is None else last + 1
