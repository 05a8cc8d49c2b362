# SPDX-License-Identifier: EUPL-1.2
"""Accounts: opened once, found again by their owner, read by whoever owns them."""

from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from heitje.cents import Cents
from heitje.ledger.errors import NotYourAccount, refusals
from heitje.ledger.models import Account, AccountKind

OPEN = text(
    "select ledger_open_account(:scheme_id, :kind, :tenant_id, :budget_line_id, :citizen_id, :shop_id) as account_id"
)


def open_account(
    session: Session,
    kind: AccountKind,
    *,
    scheme_id: UUID,
    tenant_id: UUID | None = None,
    budget_line_id: UUID | None = None,
    citizen_id: UUID | None = None,
    shop_id: UUID | None = None,
) -> int:
    """Return the id of this owner's account, opening it at the first call.

    Raises `NotYourAccount` unless the session works for the owner (or for the operator).
    """
    with refusals():
        account_id = session.execute(
            OPEN,
            {
                "scheme_id": scheme_id,
                "kind": kind.value,
                "tenant_id": tenant_id,
                "budget_line_id": budget_line_id,
                "citizen_id": citizen_id,
                "shop_id": shop_id,
            },
        ).scalar_one()
    return int(account_id)


def balance_of(session: Session, account_id: int) -> Cents:
    """Return the balance in cents; raises `NotYourAccount` if the session's scope does not own it."""
    balance = session.scalar(select(Account.balance_cents).where(Account.id == account_id))
    if balance is None:
        raise NotYourAccount
    return balance


def wallet_of(session: Session, *, scheme_id: UUID, citizen_id: UUID) -> int:
    """Return the account id of a citizen's wallet in a scheme, opened if there is none yet."""
    return open_account(session, AccountKind.WALLET, scheme_id=scheme_id, citizen_id=citizen_id)


def find_wallet(session: Session, *, scheme_id: UUID, citizen_id: UUID) -> Account | None:
    """Return a citizen's wallet, or `None` as long as nothing was ever earned: reading opens no account."""
    return session.scalar(
        select(Account).where(
            Account.scheme_id == scheme_id, Account.kind == AccountKind.WALLET, Account.citizen_id == citizen_id
        )
    )
