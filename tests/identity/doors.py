# SPDX-License-Identifier: EUPL-1.2
"""One page behind each guard, and a back door that signs anybody in."""

from uuid import UUID

from flask import Blueprint, request, session, url_for
from sqlalchemy import delete, text

from heitje.db.request import current_session, databases
from heitje.identity import guards
from heitje.identity.models import SessionRow
from heitje.identity.roles import Role
from heitje.identity.sessions import Person, current_browser, sign_in, sign_out

doors = Blueprint("doors", __name__)


@doors.get("/back-door")
def back_door():
    fields = {name: UUID(value) for name, value in request.args.items() if name != "staff_id"}
    more = {"staff_id": request.args["staff_id"]} if "staff_id" in request.args else {}
    sign_in(Person(**fields), **more)
    return "in"


@doors.get("/out")
def out():
    sign_out()
    return "out"


@doors.get("/note/<text>")
def note(text: str):
    session["note"] = text
    return "noted"


@doors.get("/note")
def read_note():
    return session.get("note", "")


@doors.get("/late")
def late():
    """Write into a session that meanwhile was ended elsewhere."""
    session["note"] = "late"
    with databases().across_tenants() as db:
        db.execute(delete(SessionRow).where(SessionRow.token_sha256 == current_browser().old_sha256))
    return "late"


@doors.get("/nothing")
def nothing():
    return "nothing"


@doors.get("/who")
def who():
    return str(current_browser().person)


@doors.route("/citizen", methods=["GET", "POST"])
@guards.citizens_only
def citizen():
    return f"{guards.current_citizen().id} {_scope('citizen')} {guards.actor().kind}"


@doors.get("/welcome")
@guards.citizens_welcome
def welcome():
    citizen = guards.current_citizen_or_none()
    return f"visitor {_scope('citizen')}" if citizen is None else str(citizen.id)


@doors.get("/portal/<tenant>/")
@guards.members_only()
def portal():
    return f"{guards.current_member().id} {_scope('tenant')} {url_for('.approve')} {guards.current_tenant().slug}"


@doors.get("/portal/<tenant>/approve")
@guards.members_only(Role.APPROVER)
def approve():
    return "approved"


@doors.get("/till")
@guards.shops_only
def till():
    staff = guards.current_staff()
    return f"{guards.current_shop_id()} {staff.name} {staff.shop_name} {_scope('shop')} {guards.actor().kind}"


@doors.get("/till/iban")
@guards.owners_of_shops_only
def iban():
    return "iban"


@doors.get("/api/v1/tenants")
@guards.operators_only
def tenants():
    return [slug for (slug,) in current_session().execute(text("select slug from tenants order by slug"))]


def _scope(kind: str) -> str:
    return str(current_session().scalar(text(f"select scope_{kind}()")))
