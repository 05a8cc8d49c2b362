# SPDX-License-Identifier: EUPL-1.2
"""A contract for a scheme: its creation is the first operation in the queue, so a crash loses nothing and makes no two."""

from datetime import datetime
from uuid import UUID

from eth_utils.crypto import keccak
from sqlalchemy import select

from heitje.schemes import Scheme
from token_bridge import contract
from token_bridge.addresses import account_address, operation_id
from token_bridge.bridge import Bridge
from token_bridge.models import Batch, Deployment, Kind, State

SYMBOL = "HTJ"
ADMIN_DELAY_S = 2 * 24 * 3600
"""So long everybody can see that the administrator is about to change."""


def secret_check(secret: bytes, scheme_id: UUID) -> bytes:
    """Return a fingerprint that shows whether addresses are still made with the secret of the beginning."""
    return account_address(secret, scheme_id, 0)


def ensure_deployment(bridge: Bridge, scheme_id: UUID, *, chain_id: int, admin: bytes, at: datetime) -> Deployment:
    """Return the scheme's contract, queueing its creation if there is none."""
    query = select(Deployment).where(Deployment.scheme_id == scheme_id, Deployment.retired_at.is_(None))
    found = bridge.session.scalar(query)
    return found or deploy(bridge, scheme_id, chain_id=chain_id, admin=admin, at=at)


def deploy(bridge: Bridge, scheme_id: UUID, *, chain_id: int, admin: bytes, at: datetime) -> Deployment:
    """Queue the creation of a contract. The administrator pauses it and gives out roles; the settler does the rest."""
    scheme = bridge.session.get_one(Scheme, scheme_id)
    settler = bridge.signer.address
    deployment = Deployment(
        scheme_id=scheme_id,
        chain_id=chain_id,
        settler=settler,
        admin=admin,
        net=bridge.rules.net,
        secret_check=secret_check(bridge.secret, scheme_id),
        created_at=at,
    )
    bridge.session.add(deployment)
    bridge.session.flush()
    payload = contract.creation(
        name=scheme.name,
        symbol=SYMBOL,
        admin=admin,
        admin_delay_s=ADMIN_DELAY_S,
        treasurer=settler,
        settler=settler,
        registrar=settler,
        pauser=admin,
    )
    bridge.session.add(
        Batch(
            deployment_id=deployment.id,
            sequence=0,
            closing=0,
            kind=Kind.CREATE,
            operation_id=operation_id(deployment.id, 0),
            payload=payload,
            digest=keccak(payload),
            move_count=0,
            volume_cents=0,
            state=State.SEALED,
            orphaned=0,
            sealed_at=at,
        )
    )
    return deployment
