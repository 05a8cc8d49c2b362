# SPDX-License-Identifier: EUPL-1.2
"""Signing in at the till by a code in the mail; whoever works in several shops chooses one."""

from uuid import UUID

from flask import redirect, url_for
from flask.typing import ResponseReturnValue

from citizen_pwa.code_by_mail import CodeByMail
from citizen_pwa.till.surroundings import pages, show
from heitje.db.request import databases
from heitje.identity.guards import current_staff, shops_only
from heitje.identity.people import staff_by_email
from heitje.identity.sessions import Person, current_browser
from heitje.identity.sessions import sign_out as end_session
from heitje.identity.sign_in import switch_shop
from heitje.shops.directory import shops_named
from heitje.shops.models import Shop

way_in = CodeByMail(purpose="till", home="till.keypad", show=show)


@pages.get("/sign-in")
def sign_in() -> ResponseReturnValue:
    """Ask for an e-mail address; whoever stands at a till already goes on."""
    if current_browser().person.shop_id is not None:
        return redirect(way_in.next_url())
    return way_in.ask_address()


@pages.post("/sign-in")
def send_code() -> ResponseReturnValue:
    """Mail a code."""
    return way_in.send_code()


@pages.get("/sign-in/code")
def code() -> ResponseReturnValue:
    """Ask for the code."""
    return way_in.ask_code()


@pages.post("/sign-in/code")
def check_code() -> ResponseReturnValue:
    """Sign in; with several shops behind one address, ask for which."""
    return way_in.check_code(then=_let_in)


@pages.get("/shops")
@shops_only
def choose_shop() -> ResponseReturnValue:
    """List the shops that know this address."""
    return show("choose_shop.html", shops=_own_shops(), own_id=current_staff().shop_id)


@pages.post("/shops/<uuid:shop_id>")
@shops_only
def go_to_shop(shop_id: UUID) -> ResponseReturnValue:
    """Stand at the till of another shop."""
    switch_shop(shop_id)
    return redirect(url_for("till.keypad"), code=303)


@pages.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """Leave the till."""
    end_session()
    return redirect(url_for("till.sign_in"), code=303)


def _let_in(_person: Person) -> ResponseReturnValue:
    if len(_own_shops()) > 1:
        return redirect(url_for("till.choose_shop"), code=303)
    return redirect(way_in.next_url(), code=303)


def _own_shops() -> list[Shop]:
    email = str(current_browser().get("staff_email", ""))
    with databases().as_visitor(knows=f"email:{email}") as session:
        return shops_named(session, [shop_id for shop_id, _staff in staff_by_email(session, email)])
