# SPDX-License-Identifier: EUPL-1.2
"""The approver's queue, one claim with its history, and the decision on it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from wtforms import SelectField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import Length

from heitje.cents import in_heitjes
from heitje.chores.decisions import (
    REASONS,
    ROUNDS,
    approve_claim,
    ask_more,
    claim_for_review,
    claims_waiting,
    reject_claim,
)
from heitje.chores.models import DONE, Claim, ClaimState
from heitje.clock import now
from heitje.db.request import current_session
from heitje.errors import HeitjeError, NotFound
from heitje.identity.roles import Role
from heitje.web.forms import Form, Required, long_text, one_line
from heitje.web.links import cursor_of, id_or_none, read_cursor
from issuer_portal.explain import explain
from issuer_portal.labels import REASONS as REASON_NAMES
from issuer_portal.pages import acting, own_departments, pages, staff_only
from tenants.members import member_names

PAGE = 20
USUAL_QUALITY = "4"


class ApproveForm(Form):
    """A mark and a word of thanks; both may stay as they are."""

    quality = SelectField(
        _l("Mark for the result"),
        choices=[
            SelectChoice("5", _l("5 · excellent")),
            SelectChoice("4", _l("4 · good")),
            SelectChoice("3", _l("3 · as agreed")),
            SelectChoice("2", _l("2 · only just")),
            SelectChoice("1", _l("1 · poor, but done")),
            SelectChoice("", _l("No mark")),
        ],
        default=USUAL_QUALITY,
    )
    thanks = TextAreaField(
        _l("Thanks"),
        validators=[Length(max=500, message=_l("Use at most 500 characters."))],
        description=_l("The participant reads this with the reward."),
    )


class AskForm(Form):
    """What is still missing."""

    reason = TextAreaField(
        _l("What do you want to know or see?"),
        validators=[Required(), Length(3, 1000, _l("Use 3 to 1000 characters."))],
    )


class RejectForm(Form):
    """Why not."""

    reason_code = SelectField(_l("Reason"), choices=[SelectChoice(code, REASON_NAMES[code]) for code in REASONS])
    reason = TextAreaField(
        _l("Explanation for the participant"),
        validators=[Required(), Length(3, 1000, _l("Use 3 to 1000 characters."))],
        description=_l("Friendly and clear: what was missing, and what could be done."),
    )


@pages.get("/claims")
@staff_only(Role.APPROVER)
def queue() -> ResponseReturnValue:
    """Show what waits for a decision, oldest first."""
    after = read_cursor(request.args.get("after", ""))
    claims = claims_waiting(
        current_session(), department_ids=own_departments(Role.APPROVER), after=after, limit=PAGE + 1
    )
    shown = claims[:PAGE]
    last = shown[-1] if len(claims) > PAGE else None
    cursor = "" if last is None or last.submitted_at is None else cursor_of(last.submitted_at, last.id)
    form = ApproveForm(formdata=None, thanks=usual_thanks())
    return render_template("issuer_portal/queue.html", claims=shown, cursor=cursor, form=form, now=now())


@pages.post("/claims/approve")
@staff_only(Role.APPROVER)
def approve_many() -> ResponseReturnValue:
    """Approve all ticked claims; those that cannot be approved stay, and are named."""
    chosen = [claim_id for text in request.form.getlist("claim")[:100] if (claim_id := id_or_none(text)) is not None]
    if not chosen:
        flash(_("Choose at least one."), "warning")
        return redirect(url_for(".queue"), code=303)
    session, approved, paid_cents = current_session(), 0, 0
    for claim_id in chosen:
        try:
            with session.begin_nested():
                claim = approve_claim(
                    session, claim_id, by=acting(), at=now(), quality=int(USUAL_QUALITY), thanks=usual_thanks()
                )
        except HeitjeError as refusal:
            flash(_("One was not approved. %(reason)s", reason=explain(refusal)), "error")
        else:
            approved, paid_cents = approved + 1, paid_cents + claim.reward_cents
    if approved:
        text = ngettext(
            "%(num)s approved: %(amount)s Heitjes paid.", "%(num)s approved: %(amount)s Heitjes paid.", approved,
            amount=in_heitjes(paid_cents),
        )  # fmt: skip
        flash(text)
    return redirect(url_for(".queue"), code=303)


@pages.get("/claims/<uuid:claim_id>")
@staff_only(Role.APPROVER)
def claim(claim_id: UUID) -> ResponseReturnValue:
    """Show one claim: what was asked, what was handed in, what was decided."""
    return _page(_own(claim_id))


@pages.post("/claims/<uuid:claim_id>/approve")
@staff_only(Role.APPROVER)
def approve(claim_id: UUID) -> ResponseReturnValue:
    """Approve, pay, and go back to the queue."""
    form = ApproveForm()
    found = _own(claim_id)
    if not form.validate():
        return _page(found, approve_form=form), 422
    done = approve_claim(
        current_session(),
        claim_id,
        by=acting(),
        at=now(),
        quality=int(form.quality.data) if form.quality.data else None,
        thanks=one_line(form.thanks.data),
    )
    flash(
        _("Approved: %(name)s gets %(amount)s Heitjes.", name=done.citizen_name, amount=in_heitjes(done.reward_cents))
    )
    return redirect(url_for(".queue"), code=303)


@pages.post("/claims/<uuid:claim_id>/ask")
@staff_only(Role.APPROVER)
def ask(claim_id: UUID) -> ResponseReturnValue:
    """Ask the participant for more."""
    form, session = AskForm(prefix="ask"), current_session()
    found = _own(claim_id)
    if form.validate():
        try:
            with session.begin_nested():
                ask_more(session, claim_id, reason=long_text(form.reason.data), by=acting(), at=now())
        except HeitjeError as refusal:
            form.refuse(refusal)
        else:
            flash(_("Your question is with %(name)s.", name=found.citizen_name))
            return redirect(url_for(".queue"), code=303)
    return _page(_own(claim_id), ask_form=form), 422


@pages.post("/claims/<uuid:claim_id>/reject")
@staff_only(Role.APPROVER)
def reject(claim_id: UUID) -> ResponseReturnValue:
    """Turn the work down, with a reason."""
    form, session = RejectForm(prefix="reject"), current_session()
    found = _own(claim_id)
    if form.validate():
        try:
            with session.begin_nested():
                reject_claim(
                    session,
                    claim_id,
                    reason_code=form.reason_code.data,
                    reason=long_text(form.reason.data),
                    by=acting(),
                    at=now(),
                )
        except HeitjeError as refusal:
            form.refuse(refusal)
        else:
            flash(_("Rejected. %(name)s reads your explanation.", name=found.citizen_name))
            return redirect(url_for(".queue"), code=303)
    return _page(_own(claim_id), reject_form=form), 422


def usual_thanks() -> str:
    """Return the thanks that stands there until somebody writes something else."""
    return str(_("Thank you! You did the neighbourhood a good turn."))


def _own(claim_id: UUID) -> Claim:
    """Return the claim if it is of a department this approver decides for; else it is not there."""
    found = claim_for_review(current_session(), claim_id)
    if not acting().may(Role.APPROVER, found.chore.department_id):
        raise NotFound(kind="claim")
    return found


def _page(
    found: Claim,
    *,
    approve_form: ApproveForm | None = None,
    ask_form: AskForm | None = None,
    reject_form: RejectForm | None = None,
) -> str:
    names = member_names(current_session(), [decision.member_id for decision in found.decisions])
    return render_template(
        "issuer_portal/claim.html",
        claim=found,
        chore=found.chore,
        names=names,
        can_decide=found.state == ClaimState.SUBMITTED,
        can_ask=found.rounds < ROUNDS,
        is_paid=found.state in DONE,
        approve_form=approve_form or ApproveForm(formdata=None, thanks=usual_thanks()),
        ask_form=ask_form or AskForm(formdata=None, prefix="ask"),
        reject_form=reject_form or RejectForm(formdata=None, prefix="reject"),
        asked=ask_form is not None,
        rejected=reject_form is not None,
        timeline=_timeline(found),
    )


def _timeline(found: Claim) -> Sequence[tuple[datetime, str, object]]:
    """Return what happened to the claim, newest first: (moment, what, decision or None)."""
    moments: list[tuple[datetime, str, object]] = [(found.created_at, "held", None)]
    handed_in = {evidence.round: evidence.created_at for evidence in found.evidence}
    moments += [(at, "submitted", None) for at in handed_in.values()]
    moments += [(decision.at, decision.decision, decision) for decision in found.decisions]
    return sorted(moments, key=lambda moment: moment[0], reverse=True)
