# SPDX-License-Identifier: EUPL-1.2
"""What a person does: go on after a halt, pause the contract, end the pause."""

from datetime import datetime

from sqlalchemy import select

from heitje import audit
from heitje.errors import NotFound
from heitje.schemes import Scheme
from token_bridge import contract
from token_bridge.bridge import Bridge, resume
from token_bridge.confirm import rewind
from token_bridge.keys import Signer
from token_bridge.models import Deployment

OPERATOR = audit.Actor(kind="operator", id="command-line")


def deployment_of(bridge: Bridge, slug: str) -> Deployment:
    """Return the contract in use of the scheme with this slug; raises `NotFound`."""
    query = (
        select(Deployment)
        .join(Scheme, Scheme.id == Deployment.scheme_id)
        .where(Scheme.slug == slug, Deployment.retired_at.is_(None))
    )
    found = bridge.session.scalar(query)
    if found is None:
        raise NotFound(scheme=slug)
    return found


def resume_scheme(bridge: Bridge, slug: str, *, at: datetime) -> int:
    """Let the bridge go on with a scheme; return how many confirmed operations lost their block and are sent again."""
    deployment = deployment_of(bridge, slug)
    taken_back = rewind(bridge, deployment)
    audit.record(
        bridge.session,
        "bridge.resumed",
        by=OPERATOR,
        subject=f"deployment:{deployment.id}",
        at=at,
        halted=deployment.halted_code,
        taken_back=taken_back,
    )
    resume(bridge.session, deployment, at=at)
    return taken_back


def call_as_admin(bridge: Bridge, slug: str, function: str, *, key: Signer) -> bytes:
    """Send a call without parameters (`pause`, `unpause`) with another key than the settler's; return its hash."""
    deployment = deployment_of(bridge, slug)
    payload, chain = contract.call(function), bridge.chain
    chain.simulate(key.address, deployment.address, payload)
    fees = chain.fees()
    raw, transaction_hash = key.sign(
        {
            "type": 2,
            "chainId": deployment.chain_id,
            "nonce": chain.transaction_count(key.address),
            "gas": chain.estimate_gas(key.address, deployment.address, payload) * 6 // 5,
            "maxFeePerGas": fees.max_fee_wei,
            "maxPriorityFeePerGas": fees.tip_wei,
            "value": 0,
            "data": payload,
            "to": deployment.address,
        }
    )
    chain.send_raw(raw)
    return transaction_hash
