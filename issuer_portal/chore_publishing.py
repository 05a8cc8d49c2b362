# SPDX-License-Identifier: EUPL-1.2
"""One chore: as people will see it, what it costs, who is on it; and publish, pause, resume, close."""

from collections.abc import Callable, Sequence
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from heitje.chores.models import Attestation, Chore, Claim, Kit
from heitje.chores.publishing import close_chore, pause_chore, publish_chore, resume_chore
from heitje.clock import now
from heitje.db.request import current_session
from heitje.errors import HeitjeError
from heitje.identity.guards import current_tenant
from heitje.identity.models import Department
from heitje.identity.roles import Role
from heitje.purses.budgets import LineBalance, line_balances
from heitje.schemes import Category, Neighbourhood
from heitje.web.words import category_name
from issuer_portal.chore_form import EVIDENCE, SKILLS
from issuer_portal.chores import own_chore
from issuer_portal.explain import explain
from issuer_portal.history import history_of
from issuer_portal.pages import acting, may, pages, staff_only
from tenants.members import member_names

CLAIMS_SHOWN = 100


@pages.get("/chores/<uuid:chore_id>")
@staff_only()
def chore(chore_id: UUID) -> ResponseReturnValue:
    """Show a chore."""
    return _page(chore_id)


@pages.post("/chores/<uuid:chore_id>/publish")
@staff_only(Role.EDITOR)
def publish(chore_id: UUID) -> ResponseReturnValue:
    """Publish a draft; what cannot be paid stays a draft, and the page says why."""
    session = current_session()
    try:
        with session.begin_nested():
            published = publish_chore(
                session,
                chore_id,
                attested=request.form.get("attested") == "yes",
                wording=attestation_words(),
                by=acting(),
                at=now(),
            )
    except HeitjeError as refusal:
        if refusal.status in {403, 404}:
            raise
        return _page(chore_id, refused=explain(refusal)), refusal.status
    flash(_("“%(title)s” is published.", title=published.title))
    return redirect(url_for(".chore", chore_id=chore_id), code=303)


@pages.post("/chores/<uuid:chore_id>/pause")
@staff_only(Role.EDITOR)
def pause(chore_id: UUID) -> ResponseReturnValue:
    """Take no new people for now."""
    return _move(chore_id, pause_chore, _("The chore is paused. Who signed up can go on."))


@pages.post("/chores/<uuid:chore_id>/resume")
@staff_only(Role.EDITOR)
def resume(chore_id: UUID) -> ResponseReturnValue:
    """Take people again."""
    return _move(chore_id, resume_chore, _("The chore is open again."))


@pages.route("/chores/<uuid:chore_id>/close", methods=["GET", "POST"])
@staff_only(Role.EDITOR)
def close(chore_id: UUID) -> ResponseReturnValue:
    """Ask, and then close for good."""
    if request.method == "GET":
        found = _read(current_session(), chore_id)
        acting().must(Role.EDITOR, found.department_id)
        return render_template("issuer_portal/chore_close.html", chore=found)
    return _move(chore_id, close_chore, _("The chore is closed. Money of free places is back on the budget line."))


def attestation_words() -> str:
    """Return the statement that is signed, in the language in which the person reads it (R43, R44)."""
    words = _(
        "This chore replaces no paid work of our staff or contractors, and would otherwise not be done in this period."
    )
    return str(words)


def _move(chore_id: UUID, act: Callable[..., Chore], told: str) -> ResponseReturnValue:
    act(current_session(), chore_id, by=acting(), at=now())
    flash(told)
    return redirect(url_for(".chore", chore_id=chore_id), code=303)


def _page(chore_id: UUID, *, refused: str = "") -> str:
    session = current_session()
    found = _read(session, chore_id)
    line = _line_of(session, found)
    is_approver = may(Role.APPROVER, found.department_id)
    attestation = session.scalar(select(Attestation).where(Attestation.chore_id == chore_id))
    names = member_names(session, [found.created_by, *([attestation.member_id] if attestation else [])])
    return render_template(
        "issuer_portal/chore.html",
        chore=found,
        refused=refused,
        line=line,
        cost_cents=found.reward_cents * found.slots_count,
        issuer=current_tenant().name,
        department=session.scalar(select(Department.name).where(Department.id == found.department_id)),
        category=_category(session, found),
        neighbourhood=session.scalar(select(Neighbourhood.name).where(Neighbourhood.code == found.neighbourhood_code)),
        evidence=[label for code, label in EVIDENCE if code in found.evidence],
        skill=dict(SKILLS).get(found.skill),
        attestation=attestation,
        attestation_words=attestation_words(),
        names=names,
        claims=_claims(session, found) if is_approver else None,
        claim_count=_claim_count(session, found),
        may_write=may(Role.EDITOR, found.department_id),
        is_live=current_tenant().state == "live",
        history=history_of(session, f"chore:{chore_id}"),
    )


def _read(session: Session, chore_id: UUID) -> Chore:
    query = select(Chore).where(Chore.id == chore_id).options(joinedload(Chore.kit).joinedload(Kit.pickup_point))
    return own_chore(session.scalar(query))


def _line_of(session: Session, found: Chore) -> LineBalance | None:
    balances = line_balances(session, department_ids=[found.department_id])
    return next((balance for balance in balances if balance.line.id == found.budget_line_id), None)


def _category(session: Session, found: Chore) -> tuple[str, str]:
    category = session.get(Category, found.category_code)
    return (category_name(category), category.icon) if category is not None else (found.category_code, "sprout")


def _claims(session: Session, found: Chore) -> Sequence[Claim]:
    query = (
        select(Claim).where(Claim.chore_id == found.id).order_by(Claim.created_at.desc(), Claim.id).limit(CLAIMS_SHOWN)
    )
    return session.scalars(query).all()


def _claim_count(session: Session, found: Chore) -> dict[str, int]:
    query = select(Claim.state, func.count()).where(Claim.chore_id == found.id).group_by(Claim.state)
    return dict(session.execute(query).all())
