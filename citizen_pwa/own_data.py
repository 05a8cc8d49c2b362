# SPDX-License-Identifier: EUPL-1.2
"""A copy of everything that is known of a citizen, for that citizen. In the scope of the citizen."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, selectinload

from heitje.allowance.cap import CapRoom
from heitje.chores.models import Claim, Evidence
from heitje.chores.vetting import own_vettings
from heitje.clock import now
from heitje.identity.models import Citizen
from heitje.ledger.accounts import find_wallet
from heitje.ledger.statement import entries_of
from heitje.notifications.models import Message
from heitje.shops.models import Payment
from heitje.shops.receipts import own_payments

MOST = 10_000


def all_about(session: Session, citizen: Citizen, *, scheme_id: UUID) -> dict[str, Any]:
    """Return all rows about a citizen as JSON can hold them; amounts in cents, moments in UTC."""
    wallet = find_wallet(session, scheme_id=scheme_id, citizen_id=citizen.id)
    claims = session.scalars(
        select(Claim)
        .where(Claim.citizen_id == citizen.id)
        .order_by(Claim.created_at, Claim.id)
        .limit(MOST)
        .options(joinedload(Claim.chore), selectinload(Claim.evidence), selectinload(Claim.decisions))
    )
    messages = session.scalars(
        select(Message).where(Message.citizen_id == citizen.id).order_by(Message.created_at).limit(MOST)
    )
    rooms = session.scalars(select(CapRoom).where(CapRoom.citizen_id == citizen.id).order_by(CapRoom.year))
    entries = entries_of(session, wallet.id, limit=MOST) if wallet is not None else []
    return {
        "made_at": _plain(now()),
        "person": _row(citizen, "email", "name", "neighbourhood_code", "birth_year", "language", "created_at"),
        "balance_cents": 0 if wallet is None else wallet.balance_cents,
        "statement": [_row(entry, "at", "kind", "amount_cents", "balance_cents", "note") for entry in entries],
        "payments": [_payment(payment) for payment in own_payments(session, citizen.id)],
        "years": [_row(room, "year", "limit_cents", "held_cents", "committed_cents") for room in rooms],
        "chores": [_claim(claim) for claim in claims],
        "vettings": [
            _row(one, "category_code", "citizen_name", "state", "requested_at", "decided_at", "valid_until", "reason")
            for one in own_vettings(session, citizen.id, limit=MOST)
        ],
        "messages": [_row(message, "created_at", "kind", "facts", "read_at", "sent_at") for message in messages],
    }


def _claim(claim: Claim) -> dict[str, Any]:
    own = _row(claim, "id", "state", "reward_cents", "created_at", "submitted_at", "decided_at")
    return own | {
        "chore": claim.chore.title,
        "place": claim.chore.place_name,
        "evidence": [_evidence(one) for one in claim.evidence],
        "decisions": [_row(one, "at", "decision", "reason_code", "reason", "quality") for one in claim.decisions],
    }


def _evidence(one: Evidence) -> dict[str, Any]:
    return _row(one, "kind", "minutes", "remark", "media_type", "created_at")


def _payment(payment: Payment) -> dict[str, Any]:
    return _row(payment, "reference", "shop_name", "amount_cents", "refunded_cents", "state", "completed_at")


def _row(row: object, *names: str) -> dict[str, Any]:
    return {name: _plain(getattr(row, name)) for name in names}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value
