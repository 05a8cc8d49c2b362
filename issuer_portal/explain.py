# SPDX-License-Identifier: EUPL-1.2
"""Refusals in words that say what to do, with the amounts that matter; and which field they are about."""

from typing import Any

from flask_babel import gettext as _

from heitje.cents import in_heitjes
from heitje.chores.errors import RewardTooHigh
from heitje.errors import HeitjeError, InvalidInput
from heitje.ledger.errors import BalanceTooLow
from heitje.purses.budgets import LineNotOpen, PeriodTooShort
from heitje.web.problems import problem_title
from issuer_portal.chore_form import ChoreForm


def explain(refusal: HeitjeError) -> str:
    """Return one or two sentences for a person."""
    return str(_sentences(refusal))


def _sentences(refusal: HeitjeError) -> Any:
    match refusal:
        case BalanceTooLow() if "amount_cents" in refusal.facts:
            return _(
                "This chore needs %(needed)s Heitjes, and the budget line has %(available)s left."
                " Fund the line, choose another one, or lower the reward or the number of places.",
                needed=in_heitjes(refusal.facts["amount_cents"]),
                available=in_heitjes(refusal.facts["balance_cents"]),
            )
        case RewardTooHigh():
            return _(
                "For this duration the reward is at most %(maximum)s Heitjes.",
                maximum=in_heitjes(refusal.facts["maximum_cents"]),
            )
        case PeriodTooShort():
            return _(
                "The budget line ends before the chore can be paid: it must run 30 days longer than the chore."
                " Choose a line that runs longer, or an earlier last day."
            )
        case LineNotOpen():
            return _("This budget line has no money yet, or is frozen. Fund it first, or choose another one.")
        case InvalidInput():
            return " ".join(_(text) for texts in refusal.errors.values() for text in texts)
    return problem_title(refusal)


def refuse(form: ChoreForm, refusal: HeitjeError) -> None:
    """Show a refusal in the chore's form, at the field that mends it."""
    names = {"closes_at": "closes_on", "starts_at": "starts_on"}
    if isinstance(refusal, InvalidInput):
        for name, texts in refusal.errors.items():
            field = form[names.get(name, name)]
            field.errors = [*field.errors, *(_(text) for text in texts)]
        return
    field_name = {RewardTooHigh: "reward_cents", LineNotOpen: "budget_line_id", PeriodTooShort: "budget_line_id"}.get(
        type(refusal)
    )
    if field_name is None:
        form.form_errors.append(explain(refusal))
    else:
        form[field_name].errors = [*form[field_name].errors, explain(refusal)]
