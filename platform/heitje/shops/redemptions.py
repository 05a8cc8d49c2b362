# SPDX-License-Identifier: EUPL-1.2
"""A shop turns Heitjes into euros: asked here, paid in a batch (`payouts.py`). In the scope of the shop."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import select, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from heitje import audit
from heitje.audit import Actor
from heitje.cents import Cents
from heitje.clock import local_day
from heitje.errors import InvalidInput, NotFound
from heitje.i18n.marks import N_
from heitje.ledger.accounts import open_account
from heitje.ledger.errors import KeyReused
from heitje.ledger.models import AccountKind, TransferKind
from heitje.ledger.transfers import post
from heitje.notifications.tell import tell_shop
from heitje.shops.bank_file import (
    NAME_LENGTH,
    IbanUnreadable,
    can_be_paid,
    fits_bank_characters,
    in_bank_characters,
    read_iban,
)
from heitje.shops.errors import ShopNotActive
from heitje.shops.models import Redemption, Shop, ShopDetails

NEW_ACCOUNT_WAITS = timedelta(hours=48)
"""So long nothing is paid to a changed account: time for the owner to read the mail and call."""


def request_redemption(
    session: Session, *, shop_id: UUID, amount_cents: Cents, key: str, by: Actor, at: datetime
) -> Redemption:
    """Set `amount_cents` of the shop's Heitjes aside to be paid in euros. The same `key` asks once.

    Raises `BalanceTooLow`, `KeyReused`, `ShopNotActive` for a shop that is not admitted, `InvalidInput`.
    """
    earlier = _with_key(session, shop_id, key)
    if earlier is not None:
        return _the_same(earlier, amount_cents)
    if amount_cents <= 0:
        raise InvalidInput({"amount_cents": [N_("Choose an amount of at least one cent.")]})
    shop, details = shop_with_details(session, shop_id)
    if shop.account_id is None:
        raise ShopNotActive(state=shop.state)
    redemption: Redemption | None = session.scalar(
        insert(Redemption)
        .values(
            id=uuid4(),
            shop_id=shop_id,
            scheme_id=shop.scheme_id,
            amount_cents=amount_cents,
            iban=details.iban,
            account_name=details.account_name,
            end_to_end_id=f"HJ{local_day(at):%y%m%d}{secrets.token_hex(5).upper()}",
            key=key,
            created_at=at,
        )
        .on_conflict_do_nothing(index_elements=["shop_id", "key"])
        .returning(Redemption)
    )
    if redemption is None:
        # The same key at the very same moment: the other one was first, and is done by now.
        return _the_same(_with_key(session, shop_id, key), amount_cents)
    transfer = post(
        session,
        TransferKind.REDEEM,
        scheme_id=shop.scheme_id,
        source_id=shop.account_id,
        target_id=open_account(session, AccountKind.REDEEMING, scheme_id=shop.scheme_id),
        amount_cents=amount_cents,
        key=f"redemption:{redemption.id}",
        at=at,
        note=redemption.end_to_end_id,
    )
    audit.record(
        session,
        "redemption.requested",
        by=by,
        subject=f"redemption:{redemption.id}",
        at=at,
        transfer_id=transfer.id,
        amount_cents=amount_cents,
    )
    return redemption


def redemptions_of_shop(
    session: Session, *, shop_id: UUID, before: tuple[datetime, UUID] | None = None, limit: int = 20
) -> Sequence[Redemption]:
    """List what the shop asked for, newest first; those before `before` (created_at and id, keyset)."""
    query = (
        select(Redemption)
        .where(Redemption.shop_id == shop_id)
        .order_by(Redemption.created_at.desc(), Redemption.id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(tuple_(Redemption.created_at, Redemption.id) < before)
    return session.scalars(query).all()


def change_iban(
    session: Session, *, shop_id: UUID, iban: str, account_name: str, by: Actor, at: datetime
) -> ShopDetails:
    """Have payouts go to another account: announced by mail at once, paid to after 48 hours.

    Raises `InvalidInput` naming the field. The same account again changes nothing.
    """
    errors = {}
    try:
        iban = read_iban(iban)
        if not can_be_paid(iban):
            errors["iban"] = [N_("We can only pay to accounts in the European Economic Area.")]
    except IbanUnreadable:
        errors["iban"] = [N_("This is not a valid IBAN. Check it for typing errors.")]
    account_name = account_name.strip()
    if not name_fits(account_name):
        errors["account_name"] = [N_("Give the name on the account, 2 to 70 characters, in Latin letters.")]
    if errors:
        raise InvalidInput(errors)
    shop, details = shop_with_details(session, shop_id, lock=True)
    if (details.iban, details.account_name) == (iban, account_name):
        return details
    details.iban, details.account_name, details.iban_changed_at = iban, account_name, at
    session.flush()
    audit.record(session, "shop.iban_changed", by=by, subject=f"shop:{shop_id}", at=at)
    tell_shop(session, shop_id, "iban-changed", shop_name=shop.name, last_digits=iban[-4:])
    return details


def pays_from(details: ShopDetails) -> datetime:
    """Return from when payouts may go to the account the shop has now."""
    if details.iban_checked_at is not None and details.iban_checked_at >= details.iban_changed_at:
        return details.iban_changed_at
    return details.iban_changed_at + NEW_ACCOUNT_WAITS


def name_fits(account_name: str) -> bool:
    """Tell whether a bank takes this as the name on an account."""
    written = in_bank_characters(account_name)
    return len(account_name) >= 2 and len(written) in range(2, NAME_LENGTH + 1) and fits_bank_characters(written)


def change_public_face(session: Session, *, shop_id: UUID, description: str, opening_hours: str) -> Shop:
    """Keep what citizens read of the shop."""
    shop = shop_of(session, shop_id)
    shop.description, shop.opening_hours = description.strip(), opening_hours.strip()
    session.flush()
    return shop


def shop_of(session: Session, shop_id: UUID) -> Shop:
    """Return the session's own shop, in whatever state; raises `NotFound`."""
    shop = session.scalar(select(Shop).where(Shop.id == shop_id))
    if shop is None:
        raise NotFound(kind="shop")
    return shop


def shop_with_details(session: Session, shop_id: UUID, *, lock: bool = False) -> tuple[Shop, ShopDetails]:
    """Return a shop with where its money goes; raises `NotFound`."""
    query = select(Shop, ShopDetails).join(ShopDetails, ShopDetails.shop_id == Shop.id).where(Shop.id == shop_id)
    if lock:
        query = query.with_for_update(of=ShopDetails).execution_options(populate_existing=True)
    row = session.execute(query).one_or_none()
    if row is None:
        raise NotFound(kind="shop")
    return row[0], row[1]


def _with_key(session: Session, shop_id: UUID, key: str) -> Redemption | None:
    return session.scalar(select(Redemption).where(Redemption.shop_id == shop_id, Redemption.key == key))


def _the_same(earlier: Redemption | None, amount_cents: Cents) -> Redemption:
    if earlier is None or earlier.amount_cents != amount_cents:
        raise KeyReused
    return earlier
