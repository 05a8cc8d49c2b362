# SPDX-License-Identifier: EUPL-1.2
"""Where Heitjes can be spent: the active shops of a scheme. Everybody may read."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from heitje.errors import NotFound
from heitje.shops.models import Shop, ShopCategory, ShopState


def find_shops(  # noqa: PLR0913 - what one can look for
    session: Session,
    *,
    scheme_id: UUID,
    text: str = "",
    category: ShopCategory | None = None,
    centre: str = "",
    near: tuple[float, float] | None = None,
    after: tuple[str, UUID] | None = None,
    limit: int = 100,
) -> Sequence[Shop]:
    """List active shops by name, or nearest first when `near` (latitude, longitude) is given.

    `text` is looked for in name, description and address. `after` (name and id of the last one) continues a list by name.
    """
    query = select(Shop).where(Shop.scheme_id == scheme_id, Shop.state == ShopState.ACTIVE).limit(limit)
    if text:
        wanted = f"%{_literally(text)}%"
        query = query.where(or_(*(part.ilike(wanted) for part in (Shop.name, Shop.description, Shop.address))))
    if category is not None:
        query = query.where(Shop.category == category)
    if centre:
        query = query.where(Shop.centre == centre)
    if near is not None:
        lat, lon = near
        # Flat is near enough within a town; at 51 degrees a degree of longitude is 0.63 of one of latitude.
        away = func.power(Shop.lat - lat, 2) + func.power((Shop.lon - lon) * 0.63, 2)
        return session.scalars(query.order_by(away, Shop.id)).all()
    if after is not None:
        query = query.where(or_(Shop.name > after[0], (Shop.name == after[0]) & (Shop.id > after[1])))
    return session.scalars(query.order_by(Shop.name, Shop.id)).all()


def centres(session: Session, *, scheme_id: UUID) -> list[str]:
    """List the shopping centres that have an active shop, by name."""
    query = (
        select(Shop.centre)
        .where(Shop.scheme_id == scheme_id, Shop.state == ShopState.ACTIVE, Shop.centre != "")
        .distinct()
        .order_by(Shop.centre)
        .limit(200)
    )
    return list(session.scalars(query))


def shops_named(session: Session, shop_ids: Iterable[UUID]) -> list[Shop]:
    """List the shops with these ids, by name."""
    return list(session.scalars(select(Shop).where(Shop.id.in_(set(shop_ids))).order_by(Shop.name, Shop.id)))


def public_shop(session: Session, shop_id: UUID) -> Shop:
    """Return an active or suspended shop; raises `NotFound`."""
    shop = session.scalar(
        select(Shop).where(Shop.id == shop_id, Shop.state.in_((ShopState.ACTIVE, ShopState.SUSPENDED)))
    )
    if shop is None:
        raise NotFound(kind="shop")
    return shop


def _literally(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
