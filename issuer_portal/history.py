# SPDX-License-Identifier: EUPL-1.2
"""What happened, from the record of acts: under every record, and for owners the whole of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from heitje.audit import AuditEvent
from heitje.cents import in_heitjes
from heitje.db.request import current_session
from heitje.errors import NotFound
from heitje.identity.roles import Role
from issuer_portal.pages import pages, staff_only
from issuer_portal.subjects import subjects_of
from tenants.members import member_names

ACTS = {
    "tenant.opened": _l("Organisation opened"),
    "tenant.look_changed": _l("Name or colour changed"),
    "tenant.contacts_changed": _l("Addresses or policy changed"),
    "tenant.go_live_requested": _l("Asked to take part"),
    "tenant.admit": _l("First operator agreed"),
    "tenant.admitted": _l("Admitted: the organisation takes part"),
    "tenant.refuse": _l("Request sent back"),
    "agreement.accepted": _l("Agreement accepted"),
    "department.added": _l("Department added"),
    "department.renamed": _l("Department renamed"),
    "provider.added": _l("Way to sign in added"),
    "provider.enabled": _l("Way to sign in switched on"),
    "provider.disabled": _l("Way to sign in switched off"),
    "member.invited": _l("Colleague invited"),
    "member.joined": _l("Colleague signed in for the first time"),
    "member.roles_set": _l("Roles changed"),
    "member.blocked": _l("Colleague blocked"),
    "member.unblocked": _l("Colleague let in again"),
    "budget_line.opened": _l("Budget line opened"),
    "budget_line.frozen": _l("Budget line frozen"),
    "budget_line.unfrozen": _l("Budget line in use again"),
    "funding.asked": _l("Funding started"),
    "funding.received": _l("Money received"),
    "chore.drafted": _l("Draft written"),
    "chore.edited": _l("Draft changed"),
    "chore.published": _l("Published"),
    "chore.on_hold": _l("Paused"),
    "chore.open": _l("Opened again"),
    "chore.closing": _l("Closed"),
    "chore.completed": _l("Done"),
    "chore.expired": _l("Expired"),
    "claim.approved": _l("Approved"),
    "claim.rejected": _l("Rejected"),
    "claim.needs_more": _l("Asked for more"),
    "claim.expired": _l("Sign-up expired"),
    "vetting.requested": _l("Asked to be vetted"),
    "vetting.withdrawn": _l("Request taken back"),
    "vetting.invited": _l("Wrote about the appointment"),
    "vetting.accepted": _l("Vetted"),
    "vetting.refused": _l("Vetting refused"),
    "vetting.revoked": _l("Vetting ended"),
    "kit.added": _l("Kit added"),
    "kit.changed": _l("Kit changed"),
    "pickup_point.added": _l("Pick-up point added"),
    "pickup_point.changed": _l("Pick-up point changed"),
}
PAGE = 50


@dataclass(frozen=True, kw_only=True)
class HistoryLine:
    """One act as a person reads it."""

    id: int
    at: datetime
    what: str
    who: str
    amount: str
    about: str = ""
    """Title or name of what it is about, where the whole list is shown."""
    url: str = ""


@pages.get("/history")
@staff_only(Role.OWNER)
def history() -> ResponseReturnValue:
    """Show all acts of the organisation, newest first."""
    session = current_session()
    query = select(AuditEvent).order_by(AuditEvent.id.desc()).limit(PAGE + 1)
    if after := request.args.get("after"):
        if not (after.isascii() and after.isdigit() and len(after) < 19):
            raise NotFound(kind="page")
        query = query.where(AuditEvent.id < int(after))
    events = session.scalars(query).all()
    lines = _as_lines(session, events[:PAGE], subjects_of(session, [event.subject for event in events]))
    cursor = str(events[PAGE - 1].id) if len(events) > PAGE else ""
    return render_template("issuer_portal/history.html", lines=lines, cursor=cursor)


def history_of(session: Session, subject: str, *, limit: int = 30) -> list[HistoryLine]:
    """List the acts on one thing, newest first; two queries."""
    query = select(AuditEvent).where(AuditEvent.subject == subject).order_by(AuditEvent.id.desc()).limit(limit)
    return _as_lines(session, session.scalars(query).all())


def _as_lines(
    session: Session, events: Sequence[AuditEvent], subjects: Mapping[str, tuple[str, str]] | None = None
) -> list[HistoryLine]:
    names = member_names(session, [UUID(event.actor_id) for event in events if event.actor_kind == "member"])
    return [
        HistoryLine(
            id=event.id,
            at=event.at,
            what=str(ACTS.get(event.action, event.action)),
            who=_who(event, names),
            amount=_amount(event),
            about=(subjects or {}).get(event.subject, ("", ""))[0],
            url=(subjects or {}).get(event.subject, ("", ""))[1],
        )
        for event in events
    ]


def _who(event: AuditEvent, names: dict[UUID, str]) -> str:
    match event.actor_kind:
        case "member":
            return names.get(UUID(event.actor_id), str(_("A former colleague")))
        case "operator":
            return str(_("Operator of the platform"))
        case "citizen":
            return str(_("Participant"))
    return str(_("Automatic"))


def _amount(event: AuditEvent) -> str:
    cents = event.facts.get("amount_cents", event.facts.get("reward_cents"))
    if not isinstance(cents, int):
        return ""
    slots = event.facts.get("slots", 1)
    amount = in_heitjes(cents)
    return f"{slots} × {amount} Heitjes" if isinstance(slots, int) and slots > 1 else f"{amount} Heitjes"
