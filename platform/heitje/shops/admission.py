# SPDX-License-Identifier: EUPL-1.2
"""How a shop comes in, is halted and comes back: acts of an operator, in the operator's session."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID, uuid4

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from heitje import audit
from heitje.audit import Actor
from heitje.db.locking import lock
from heitje.errors import Conflict, InvalidInput
from heitje.i18n.marks import N_
from heitje.ledger.accounts import open_account
from heitje.ledger.models import AccountKind
from heitje.schemes import SchemeArea
from heitje.shops.bank_file import IbanUnreadable, can_be_paid, read_iban
from heitje.shops.models import Shop, ShopCategory, ShopDetails, ShopStaff, ShopState, StaffRole
from heitje.shops.redemptions import name_fits

_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}")
_KVK = re.compile(r"([0-9]{8})?", re.ASCII)
_VAT = re.compile(r"([A-Z]{2}[A-Z0-9]{2,12})?", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class NewShop:
    """What an operator knows of a shop that wants in. `owner_email` may sign in to the till."""

    name: str
    category: ShopCategory
    address: str
    neighbourhood_code: str
    lat: float
    lon: float
    iban: str
    account_name: str
    """As the shop's bank knows it: banks compare it before they pay."""
    owner_name: str
    owner_email: str
    description: str = ""
    opening_hours: str = ""
    centre: str = ""
    kvk_number: str = ""
    vat_number: str = ""
    contract_signed_on: date | None = None


def admit_shop(session: Session, *, scheme_id: UUID, new: NewShop, by: Actor, at: datetime) -> Shop:
    """Let a shop in: with a ledger account, checked bank details and an owner who can sign in.

    Raises `InvalidInput` naming each field that is wrong.
    """
    iban = _check(session, scheme_id, new)
    shop_id = uuid4()
    shop = Shop(
        id=shop_id,
        scheme_id=scheme_id,
        name=new.name.strip(),
        category=new.category.value,
        description=new.description.strip(),
        opening_hours=new.opening_hours.strip(),
        address=new.address.strip(),
        centre=new.centre.strip(),
        neighbourhood_code=new.neighbourhood_code,
        lat=new.lat,
        lon=new.lon,
        state=ShopState.ACTIVE.value,
        created_at=at,
    )
    session.add(shop)
    session.flush()
    shop.account_id = open_account(session, AccountKind.SHOP, scheme_id=scheme_id, shop_id=shop_id)
    session.add(
        ShopDetails(
            shop_id=shop_id,
            iban=iban,
            account_name=new.account_name.strip(),
            kvk_number=new.kvk_number,
            vat_number=new.vat_number,
            contract_signed_on=new.contract_signed_on,
            iban_checked_at=at,
            iban_changed_at=at,
        )
    )
    session.add(
        ShopStaff(
            shop_id=shop_id,
            email=new.owner_email.strip().lower(),
            name=new.owner_name.strip(),
            role=StaffRole.OWNER.value,
        )
    )
    session.flush()
    audit.record(session, "shop.admitted", by=by, subject=f"shop:{shop_id}", at=at)
    return shop


def suspend_shop(session: Session, shop_id: UUID, *, reason: str, by: Actor, at: datetime) -> Shop:
    """Stop new payments at a shop; its takings stay its own. Raises `NotFound`, `Conflict` unless it is active."""
    return _move(session, shop_id, ShopState.ACTIVE, ShopState.SUSPENDED, by=by, at=at, reason=reason)


def resume_shop(session: Session, shop_id: UUID, *, by: Actor, at: datetime) -> Shop:
    """Let a suspended shop take payments again. Raises `NotFound`, `Conflict` unless it is suspended."""
    return _move(session, shop_id, ShopState.SUSPENDED, ShopState.ACTIVE, by=by, at=at)


def shops_of_scheme(
    session: Session, *, scheme_id: UUID, state: ShopState | None = None, after: tuple[str, UUID] | None = None,
    limit: int = 100,
) -> Sequence[Shop]:  # fmt: skip
    """List shops in any state by name; those after the last (name, id) you have."""
    query = select(Shop).where(Shop.scheme_id == scheme_id).order_by(Shop.name, Shop.id).limit(limit)
    if state is not None:
        query = query.where(Shop.state == state)
    if after is not None:
        query = query.where(or_(Shop.name > after[0], (Shop.name == after[0]) & (Shop.id > after[1])))
    return session.scalars(query).all()


def _move(
    session: Session, shop_id: UUID, start: ShopState, end: ShopState, *, by: Actor, at: datetime, reason: str = ""
) -> Shop:
    shop = lock(session, select(Shop).where(Shop.id == shop_id), kind="shop")
    if shop.state != start:
        raise Conflict(state=shop.state)
    shop.state = end.value
    session.flush()
    audit.record(session, f"shop.{end.value}", by=by, subject=f"shop:{shop_id}", at=at, reason=reason)
    return shop


def _check(session: Session, scheme_id: UUID, new: NewShop) -> str:
    iban, errors = "", {}
    try:
        iban = read_iban(new.iban)
        if not can_be_paid(iban):
            errors["iban"] = [N_("We can only pay to accounts in the European Economic Area.")]
    except IbanUnreadable:
        errors["iban"] = [N_("This is not a valid IBAN. Check it for typing errors.")]
    if not 2 <= len(new.name.strip()) <= 80:
        errors["name"] = [N_("Give a name of 2 to 80 characters.")]
    if not name_fits(new.account_name.strip()):
        errors["account_name"] = [N_("Give the name on the account, 2 to 70 characters, in Latin letters.")]
    if _EMAIL.fullmatch(new.owner_email.strip()) is None:
        errors["owner_email"] = [N_("This is not an e-mail address.")]
    if _KVK.fullmatch(new.kvk_number) is None:
        errors["kvk_number"] = [N_("A chamber-of-commerce number has 8 digits.")]
    if _VAT.fullmatch(new.vat_number) is None:
        errors["vat_number"] = [N_("A VAT number begins with two letters, such as NL.")]
    area = select(SchemeArea).where(
        SchemeArea.scheme_id == scheme_id, SchemeArea.neighbourhood_code == new.neighbourhood_code
    )
    if session.scalar(area) is None:
        errors["neighbourhood_code"] = [N_("This neighbourhood does not belong to the scheme.")]
    if errors:
        raise InvalidInput(errors)
    return iban
