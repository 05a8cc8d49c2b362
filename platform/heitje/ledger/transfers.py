# SPDX-License-Identifier: EUPL-1.2
"""The one way money moves: a call of the SQL function `ledger_post` (migration 0003)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from heitje.cents import Cents
from heitje.db.driver import Driver
from heitje.ledger.errors import refusals
from heitje.ledger.models import TransferKind

POST = b"""select transfer_id, source_balance_cents, target_balance_cents, repeated
  from ledger_post($1, $2, $3, $4, $5, $6, $7, $8)"""
"""Goes the driver's short way: the ledger is the one place where a tenth of a millisecond counts."""


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """What became of it. The balances are those it left, `None` when it had been posted before."""

    id: int
    source_balance_cents: Cents | None
    target_balance_cents: Cents | None
    repeated: bool


def post(  # noqa: PLR0913 - a transfer has this many parts
    session: Session,
    kind: TransferKind,
    *,
    scheme_id: UUID,
    source_id: int,
    target_id: int,
    amount_cents: Cents,
    key: str,
    at: datetime,
    note: str = "",
) -> Transfer:
    """Move `amount_cents` (cents of a Heitje, above zero) from source to target.

    `key` names the cause, such as `claim:<id>:reward`. A second transfer with the same key returns the first and
    moves nothing, so a retry is always safe. `note` is shown on both statements: nothing personal.
    Raises `BalanceTooLow`, `KeyReused`, `NotYourAccount` (the source must belong to the session's scope),
    `TransferImpossible`, `BooksBusy`.
    """
    numbers = (str(source_id), str(target_id), str(amount_cents))
    values = (str(scheme_id), kind.value, key, *numbers, at.isoformat(), note)
    with refusals():
        row = Driver.below(session.connection()).one(POST, values)
    transfer_id, source_balance, target_balance, repeated = row
    assert transfer_id is not None  # noqa: S101 - the function returns one row or raises
    return Transfer(
        id=int(transfer_id),
        source_balance_cents=None if source_balance is None else int(source_balance),
        target_balance_cents=None if target_balance is None else int(target_balance),
        repeated=repeated == "t",
    )
