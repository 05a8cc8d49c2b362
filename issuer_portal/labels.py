# SPDX-License-Identifier: EUPL-1.2
"""Words and colours for states and kinds, so that every page calls them the same."""

from flask import Flask
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from heitje.chores.models import Chore
from heitje.clock import now
from heitje.identity.roles import Role

Label = tuple[str, str]
"""Text and state of a badge."""

CHORE = {
    "draft": (_l("Draft"), ""),
    "open": (_l("Open"), "good"),
    "full": (_l("Full"), "info"),
    "over": (_l("Last day passed"), "warn"),
    "on_hold": (_l("Paused"), "warn"),
    "closing": (_l("Closing"), "info"),
    "completed": (_l("Done"), "info"),
    "cancelled": (_l("Cancelled"), "bad"),
    "expired": (_l("Expired"), "bad"),
}
CLAIM = {
    "held": (_l("Signed up"), ""),
    "in_progress": (_l("Busy"), ""),
    "submitted": (_l("To review"), "warn"),
    "needs_more": (_l("Asked for more"), "info"),
    "approved": (_l("Approved"), "good"),
    "rewarded": (_l("Approved"), "good"),
    "rejected": (_l("Rejected"), "bad"),
    "withdrawn": (_l("Withdrawn"), ""),
    "expired": (_l("Expired"), ""),
    "no_show": (_l("Did not come"), "bad"),
}
"""Approved and rewarded look the same: when somebody is paid says how much room is left, and is nobody's business."""
LINE = {
    "draft": (_l("Not funded yet"), "warn"),
    "awaiting_funds": (_l("Waiting for money"), "warn"),
    "active": (_l("In use"), "good"),
    "frozen": (_l("Frozen"), "bad"),
    "closing": (_l("Ending"), "info"),
    "closed": (_l("Closed"), ""),
}
FUNDING = {
    "awaiting": (_l("Not paid yet"), "warn"),
    "processing": (_l("On its way"), "info"),
    "received": (_l("Received"), "good"),
    "failed": (_l("Failed"), "bad"),
    "returned": (_l("Returned"), "bad"),
}
MEMBER = {
    "invited": (_l("Invited"), "info"),
    "active": (_l("Active"), "good"),
    "blocked": (_l("Blocked"), "bad"),
}
VETTING = {
    "requested": (_l("Waits for you"), "warn"),
    "valid": (_l("Vetted"), "good"),
    "refused": (_l("Refused"), "bad"),
    "revoked": (_l("Ended"), "bad"),
    "withdrawn": (_l("Withdrawn"), ""),
    "lapsed": (_l("Replaced by a newer one"), ""),
}
ROLES = {
    Role.OWNER: _l("Owner"),
    Role.FINANCE: _l("Finance"),
    Role.EDITOR: _l("Editor"),
    Role.APPROVER: _l("Approver"),
    Role.FIELD_WORKER: _l("Field worker"),
    Role.STAFF_REPRESENTATIVE: _l("Staff representative"),
}
ROLE_TEXTS = {
    Role.OWNER: _l("Manages colleagues, departments and settings, and speaks for the organisation."),
    Role.FINANCE: _l("Opens budget lines, funds them and sees invoices."),
    Role.EDITOR: _l("Writes and publishes chores, and stops them."),
    Role.APPROVER: _l("Looks at what people handed in and decides on it. Vets people for care and watching over."),
    Role.FIELD_WORKER: _l("Writes drafts of chores on the spot."),
    Role.STAFF_REPRESENTATIVE: _l("Watches that chores do not replace paid work."),
}
REASONS = {
    "not_done": _l("The work was not done"),
    "not_good_enough": _l("The result is not good enough"),
    "wrong_place": _l("It was done in another place"),
    "evidence_unclear": _l("I cannot see it from what was handed in"),
    "other": _l("Another reason"),
}
KINDS = {
    "municipality": _l("Municipality"),
    "housing": _l("Housing corporation"),
    "care": _l("Care organisation"),
    "other": _l("Another organisation"),
}


def chore_label(chore: Chore) -> Label:
    """Return the badge of a chore: an open one can also be full or past its last day."""
    state = chore.state
    if state == "open" and chore.closes_at <= now():
        state = "over"
    elif state == "open" and chore.slots_free == 0:
        state = "full"
    return _label(CHORE, state)


def claim_label(state: str) -> Label:
    """Return the badge of a claim."""
    return _label(CLAIM, state)


def line_label(state: str) -> Label:
    """Return the badge of a budget line."""
    return _label(LINE, state)


def funding_label(state: str) -> Label:
    """Return the badge of a funding."""
    return _label(FUNDING, state)


def member_label(state: str) -> Label:
    """Return the badge of a member."""
    return _label(MEMBER, state)


def vetting_label(state: str) -> Label:
    """Return the badge of a vetting."""
    return _label(VETTING, state)


def role_name(role: str) -> str:
    """Return a role's name."""
    return str(ROLES[Role(role)])


def init_labels(app: Flask) -> None:
    """Let templates use these."""
    app.jinja_env.globals.update(
        chore_label=chore_label,
        claim_label=claim_label,
        line_label=line_label,
        funding_label=funding_label,
        member_label=member_label,
        vetting_label=vetting_label,
        role_name=role_name,
        reason_names=REASONS,
        kind_names=KINDS,
    )


def _label(labels: dict[str, tuple[str, str]], state: str) -> Label:
    text, kind = labels.get(state, (state, ""))
    return str(text) if text else _("Unknown"), kind
