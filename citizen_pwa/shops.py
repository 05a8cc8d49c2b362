# SPDX-License-Identifier: EUPL-1.2
"""Where Heitjes can be spent: shops as a list and on a map."""

from collections.abc import Sequence
from uuid import UUID

from flask import request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from citizen_pwa.chores import OUTER_EDGE
from citizen_pwa.surroundings import current_scheme, pages, show
from heitje.db.request import current_session
from heitje.identity.guards import citizens_welcome
from heitje.shops.directory import find_shops, public_shop
from heitje.shops.models import Shop, ShopCategory

PAGE_SIZE = 100
ICONS = {
    "retail": "shopping-bag",
    "hospitality": "coffee",
    "culture": "drama",
    "services": "scissors",
    "food": "apple",
    "sport": "dumbbell",
}


@pages.get("/shops")
@citizens_welcome
def shops() -> ResponseReturnValue:
    """List the shops that take Heitjes, with a map of them."""
    text = "".join(character for character in request.args.get("q", "") if character.isprintable()).strip()[:80]
    kind = request.args.get("kind", "")
    category = ShopCategory(kind) if kind in set(ShopCategory) else None
    found = find_shops(current_session(), scheme_id=current_scheme().id, text=text, category=category, limit=PAGE_SIZE)
    names = kind_names()
    kinds = [(_("Everything"), url_for("citizen.shops", q=text or None), category is None)]
    kinds += [
        (name, url_for("citizen.shops", kind=code, q=text or None), code == category) for code, name in names.items()
    ]
    return show(
        "shops.html",
        shops=found,
        kinds=kinds,
        names=names,
        icons=ICONS,
        text=text,
        kind=category.value if category else "",
        pins=[_pin(shop) for shop in found],
        centre=_middle(found),
    )


@pages.get("/shops/<uuid:shop_id>")
@citizens_welcome
def shop(shop_id: UUID) -> ResponseReturnValue:
    """Show one shop: what it sells, where it is, when it is open."""
    found = public_shop(current_session(), shop_id)
    return show(
        "shop.html", shop=found, kind=kind_names()[found.category], icon_name=ICONS[found.category], pin=_pin(found)
    )


def kind_names() -> dict[str, str]:
    """Return the kinds of shops with their names in the language of the page."""
    return {
        "food": _("Food and drink"),
        "hospitality": _("Cafés and restaurants"),
        "retail": _("Shopping"),
        "culture": _("Culture"),
        "sport": _("Sport"),
        "services": _("Services"),
    }


def _pin(shop: Shop) -> dict[str, object]:
    return {
        "latitude": shop.lat,
        "longitude": shop.lon,
        "title": shop.name,
        "text": shop.name[:1].upper(),
        "url": url_for("citizen.shop", shop_id=shop.id),
        "detail": shop.address,
    }


def _middle(found: Sequence[Shop]) -> tuple[float, float]:
    places = [(shop.lat, shop.lon) for shop in found]
    if not places:
        return OUTER_EDGE
    return sum(lat for lat, _lon in places) / len(places), sum(lon for _lat, lon in places) / len(places)
