# SPDX-License-Identifier: EUPL-1.2
"""What stands around every page of the till: the shop's name, who stands there, three or four tabs."""

from typing import Any

from flask import Blueprint, g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from heitje.db.request import current_session
from heitje.identity.guards import current_shop_id, current_staff
from heitje.identity.people import Staff
from heitje.shops.models import RedemptionState, Shop, StaffRole
from heitje.shops.redemptions import shop_of
from heitje.web.frame import Tab, frame_page

pages = Blueprint("till", __name__, url_prefix="/till", template_folder="../templates")

OWN_PATH = "/till"


@pages.before_app_request
def stand_around() -> None:
    """Give pages and refusals of the till its name; nothing is read for it."""
    if request.path == OWN_PATH or request.path.startswith(f"{OWN_PATH}/"):
        frame_page(name=_("Till"), place="Heitje", home_url=url_for("till.keypad"))


@pages.app_template_filter("iban")
def in_groups(iban: str) -> str:
    """Write an IBAN in groups of four, as on a bank card."""
    return " ".join(iban[start : start + 4] for start in range(0, len(iban), 4))


@pages.app_template_filter("redemption_state")
def in_words(state: str) -> str:
    """Say how far a payout is."""
    words: dict[RedemptionState, str] = {
        RedemptionState.REQUESTED: _("Asked for"),
        RedemptionState.HELD: _("Looked at"),
        RedemptionState.BATCHED: _("Ready for the bank"),
        RedemptionState.SENT: _("At the bank"),
        RedemptionState.PAID: _("Paid out"),
        RedemptionState.RETURNED: _("Came back"),
    }
    return words[RedemptionState(state)]


def show(template: str, status: int = 200, **context: Any) -> ResponseReturnValue:
    """Render a page in the frame of who stands at the till."""
    staff: Staff | None = g.get("staff")
    if staff is not None:
        frame_page(
            name=staff.shop_name,
            place=staff.name,
            tabs=_tabs(is_owner=staff.role == StaffRole.OWNER),
            sign_out_url=url_for("till.sign_out"),
        )
    return render_template(f"till/{template}", staff=staff, **context), status


def current_shop() -> Shop:
    """Return the shop of who stands at the till."""
    if "shop" not in g:
        g.shop = shop_of(current_session(), current_shop_id())
    shop: Shop = g.shop
    return shop


def is_owner() -> bool:
    """Tell whether it is the owner who stands at the till."""
    return current_staff().role == StaffRole.OWNER


def _tabs(*, is_owner: bool) -> tuple[Tab, ...]:
    tabs: tuple[Tab, ...] = (
        Tab(label=_("Till"), url=url_for("till.keypad"), icon="calculator", exact=True),
        Tab(label=_("Takings"), url=url_for("till.takings"), icon="receipt-euro"),
    )
    if is_owner:
        tabs += (Tab(label=_("Cash out"), url=url_for("till.cash_out"), icon="landmark"),)
    return (*tabs, Tab(label=_("Shop"), url=url_for("till.own_shop"), icon="store"))
