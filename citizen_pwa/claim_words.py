# SPDX-License-Identifier: EUPL-1.2
"""What state a claim is in, in plain words, and what comes next."""

from dataclasses import dataclass

from flask_babel import gettext as _

from heitje.chores.models import Claim, ClaimState
from heitje.web import words


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How a claim stands. `step` counts from 1 over: signed up, done, looked at, paid; 0 when it ended otherwise."""

    badge: str
    state: str
    """Colour of the badge: good, warn, bad, info or nothing."""
    next: str
    step: int = 0
    group: str = "over"
    """Where it stands in the list: todo, waiting or over."""


def steps() -> list[str]:
    """Return the names of the four steps on the way of every chore."""
    return [_("Signed up"), _("Done"), _("Looked at"), _("Paid")]


def standing_of(claim: Claim, *, issuer: str) -> Standing:
    """Say how a claim stands and what to do next; the claim comes with its chore."""
    match ClaimState(claim.state):
        case ClaimState.HELD:
            if claim.chore.starts_at is not None:
                todo = _("The chore is on %(moment)s.", moment=words.moment(claim.chore.starts_at))
            else:
                todo = _("Do the chore before %(moment)s.", moment=words.moment(claim.start_by))
            fetch = _("First pick up the tools.") + " " if claim.chore.kit_id is not None else ""
            return Standing(badge=_("Signed up"), state="info", next=fetch + todo, step=2, group="todo")
        case ClaimState.IN_PROGRESS:
            return Standing(
                badge=_("Under way"), state="info", next=_("Done? Then send in your work."), step=2, group="todo"
            )
        case ClaimState.NEEDS_MORE:
            more = _("%(issuer)s asks you for something more.", issuer=issuer)
            return Standing(badge=_("Something is missing"), state="warn", next=more, step=2, group="todo")
        case ClaimState.SUBMITTED:
            wait = _("%(issuer)s looks at your work. We send you a message.", issuer=issuer)
            return Standing(badge=_("Sent in"), state="info", next=wait, step=3, group="waiting")
        case ClaimState.APPROVED:
            later = _("Your work is good. Your Heitjes follow as soon as there is room under the yearly limit.")
            return Standing(badge=_("Approved"), state="good", next=later, step=4, group="waiting")
        case ClaimState.REWARDED:
            paid = _("Thank you! Your Heitjes are in your balance.") if claim.reward_cents else _("Thank you!")
            return Standing(badge=_("Approved"), state="good", next=paid, step=5)
        case ClaimState.REJECTED:
            why = _("Your work was not approved. Below you read why.")
            return Standing(badge=_("Not approved"), state="bad", next=why)
        case ClaimState.WITHDRAWN:
            return Standing(badge=_("Withdrawn"), state="", next=_("You gave your place back."))
        case ClaimState.EXPIRED:
            gone = _("You did not begin in time, so your place went to somebody else.")
            return Standing(badge=_("Expired"), state="", next=gone)
        case ClaimState.NO_SHOW:
            return Standing(badge=_("Not there"), state="bad", next=_("You were not there at the agreed time."))
