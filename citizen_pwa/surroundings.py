# SPDX-License-Identifier: EUPL-1.2
"""What stands around every page of the citizen's app: name, tabs, balance, messages that wait."""

import secrets
from hashlib import sha256
from hmac import new as hmac
from typing import Any

from flask import Blueprint, current_app, g, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from heitje.chores.claims import Claimant
from heitje.db.request import current_session
from heitje.identity.guards import actor, current_citizen, current_citizen_or_none
from heitje.identity.models import Citizen
from heitje.ledger.accounts import find_wallet
from heitje.ledger.models import Account
from heitje.notifications.inbox import count_unread
from heitje.schemes import Scheme, main_scheme
from heitje.web.frame import Tab, current_frame, frame_page

pages = Blueprint("citizen", __name__, template_folder="templates")

OTHER_SURFACES = ("/portal", "/till", "/operator", "/api", "/public")


@pages.before_app_request
def stand_around() -> None:
    """Give pages and refusals of this app their tabs; nothing is read for it."""
    path = request.path
    if any(path == other or path.startswith(f"{other}/") for other in OTHER_SURFACES):
        return
    frame_page(
        name="Heitje",
        home_url=url_for("citizen.chores"),
        sign_in_url=url_for("citizen.sign_in"),
        tabs=_tabs(unread=0),
        links=_links(signed_in=False),
    )


@pages.app_context_processor
def know_who_is_there() -> dict[str, Any]:
    """Offer no sign-in on a refusal to who is signed in. Reads nothing: the transaction may be broken by now."""
    if "citizen" in g and "frame" in g and not current_frame().person:
        frame_page(person=_("Signed in"), links=_links(signed_in=True))
    return {}


def show(template: str, status: int = 200, **context: Any) -> ResponseReturnValue:
    """Render a page in the frame of who looks at it."""
    scheme = current_scheme()
    citizen = current_citizen_or_none()
    unread = 0
    frame_page(place=scheme.area_name)
    if citizen is not None:
        wallet, unread = current_wallet(), unread_messages()
        frame_page(
            balance_cents=0 if wallet is None else wallet.balance_cents,
            balance_url=url_for("citizen.wallet"),
            person=citizen.name or _("Signed in"),
            person_key=_mark_of(citizen),
            account_url=url_for("citizen.profile"),
            sign_out_url=url_for("citizen.sign_out"),
            tabs=_tabs(unread=unread),
            links=_links(signed_in=True),
        )
    page = render_template(
        f"citizen_pwa/{template}", scheme=scheme, citizen=citizen, new_key=new_key, unread=unread, **context
    )
    return page, status


def current_scheme() -> Scheme:
    """Return the scheme that this app is about."""
    if "scheme" not in g:
        g.scheme = main_scheme(current_session())
    scheme: Scheme = g.scheme
    return scheme


def current_wallet() -> Account | None:
    """Return the wallet of who is signed in, `None` for visitors and as long as nothing was earned."""
    if "wallet" not in g:
        citizen = current_citizen_or_none()
        g.wallet = citizen and find_wallet(current_session(), scheme_id=current_scheme().id, citizen_id=citizen.id)
    wallet: Account | None = g.wallet
    return wallet


def unread_messages() -> int:
    """Count the messages that the signed-in citizen has not opened."""
    citizen = current_citizen_or_none()
    return 0 if citizen is None else count_unread(current_session(), citizen.id)


def new_key() -> str:
    """Return a key for a button that counts once."""
    return secrets.token_urlsafe(18)


def _mark_of(citizen: Citizen) -> str:
    secret = str(current_app.config["SECRET_KEY"]).encode()
    return hmac(secret, b"person:" + citizen.id.bytes, sha256).hexdigest()[:24]


def _tabs(*, unread: int) -> tuple[Tab, ...]:
    chores, balance = url_for("citizen.chores"), url_for("citizen.wallet")
    below_balance = ("/messages", "/profile", "/payments")
    return (
        Tab(label=_("Chores"), url=chores, icon="hand-helping", exact=True, also=("/chores", "/map")),
        Tab(label=_("My chores"), url=url_for("citizen.my_chores"), icon="list-checks"),
        Tab(label=_("Pay"), url=url_for("citizen.pay"), icon="qr-code"),
        Tab(label=_("Balance"), url=balance, icon="wallet", count=unread, also=below_balance),
        Tab(label=_("Shops"), url=url_for("citizen.shops"), icon="store"),
    )


def _links(*, signed_in: bool) -> tuple[tuple[str, str], ...]:
    own = ((_("Your details"), url_for("citizen.profile")),) if signed_in else ()
    return (
        *own,
        (_("About Heitje"), url_for("citizen.about")),
        (_("Privacy"), url_for("citizen.privacy")),
        (_("Accessibility"), url_for("citizen.accessibility")),
    )


def claimant() -> Claimant:
    """Return who is signed in, as the use-cases of claims want it."""
    citizen = current_citizen()
    return Claimant(
        citizen_id=citizen.id, name=citizen.name, birth_year=citizen.birth_year, request_id=actor().request_id
    )
