# SPDX-License-Identifier: EUPL-1.2
"""A citizen's own chores: what to do next, begin, give the place back, and how each one went."""

from uuid import UUID

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from citizen_pwa.chores import WANTED, when_of
from citizen_pwa.claim_words import Standing, standing_of, steps
from citizen_pwa.hand_in import form_for
from citizen_pwa.surroundings import claimant, pages, show
from heitje.chores.claims import begin_claim, own_claim, own_claims, withdraw_claim
from heitje.chores.matching import issuers_of, published_chore
from heitje.chores.models import Claim, ClaimState
from heitje.clock import now
from heitje.db.request import current_session
from heitje.errors import HeitjeError
from heitje.idempotency import counts_once
from heitje.identity.guards import citizens_only, current_citizen
from heitje.web.forms import Form
from heitje.web.problems import problem_title

LISTED = 100
CAN_HAND_IN = (ClaimState.HELD, ClaimState.IN_PROGRESS, ClaimState.NEEDS_MORE)
CAN_WITHDRAW = (ClaimState.HELD, ClaimState.IN_PROGRESS)


@pages.get("/my-chores")
@citizens_only
def my_chores() -> ResponseReturnValue:
    """List own chores: to do, waiting for an answer, and over."""
    claims = own_claims(current_session(), current_citizen().id, limit=LISTED)
    issuers = issuers_of(current_session(), (claim.tenant_id for claim in claims))
    groups: dict[str, list[tuple[Claim, Standing]]] = {"todo": [], "waiting": [], "over": []}
    for claim in claims:
        standing = standing_of(claim, issuer=issuers.get(claim.tenant_id, ""))
        groups[standing.group].append((claim, standing))
    names = ((_("To do"), "todo"), (_("Waiting for an answer"), "waiting"), (_("Over"), "over"))
    return show(
        "my_chores.html",
        groups=[(name, groups[key]) for name, key in names if groups[key]],
        issuers=issuers,
        when_of=when_of,
    )


@pages.get("/my-chores/<uuid:claim_id>")
@citizens_only
def my_chore(claim_id: UUID) -> ResponseReturnValue:
    """Show one of one's own chores: the next step first, then all that happened."""
    return claim_page(claim_id)


@pages.get("/claims/<uuid:claim_id>")
def claim_from_mail(claim_id: UUID) -> ResponseReturnValue:
    """Lead on from the address that stands in mails."""
    return redirect(url_for("citizen.my_chore", claim_id=claim_id))


@pages.post("/my-chores/<uuid:claim_id>/begin")
@citizens_only
@counts_once
def begin(claim_id: UUID) -> ResponseReturnValue:
    """Say that the work has begun, so that the place does not expire."""
    try:
        begin_claim(current_session(), claim_id=claim_id, claimant=claimant(), at=now())
    except HeitjeError as refusal:
        current_session().rollback()
        return claim_page(claim_id, refusal=refusal)
    flash(_("Good luck! Send in your work when you are done."), "good")
    return redirect(url_for("citizen.my_chore", claim_id=claim_id), code=303)


@pages.post("/my-chores/<uuid:claim_id>/withdraw")
@citizens_only
@counts_once
def withdraw(claim_id: UUID) -> ResponseReturnValue:
    """Give the place back to somebody else."""
    try:
        withdraw_claim(current_session(), claim_id=claim_id, claimant=claimant(), at=now())
    except HeitjeError as refusal:
        current_session().rollback()
        return claim_page(claim_id, refusal=refusal)
    flash(_("You gave your place back. Thank you for telling."), "good")
    return redirect(url_for("citizen.my_chores"), code=303)


def claim_page(claim_id: UUID, *, form: Form | None = None, refusal: HeitjeError | None = None) -> ResponseReturnValue:
    """Show a claim; with the form as it was sent, when something in it is not right."""
    session = current_session()
    claim = own_claim(session, claim_id, current_citizen().id)
    chore = published_chore(session, claim.chore_id)
    issuer = issuers_of(session, [claim.tenant_id]).get(claim.tenant_id, "")
    can_hand_in = claim.state in CAN_HAND_IN
    status = 200 if form is None and refusal is None else 422 if refusal is None else refusal.status
    return show(
        "claim.html",
        status=status,
        claim=claim,
        chore=chore,
        issuer=issuer,
        when=when_of(chore),
        standing=standing_of(claim, issuer=issuer),
        steps=steps(),
        wanted=[WANTED[kind]() for kind in chore.evidence if kind in WANTED],
        form=(form or form_for(claim, chore)) if can_hand_in else None,
        can_begin=claim.state == ClaimState.HELD,
        can_withdraw=claim.state in CAN_WITHDRAW,
        refusal=None if refusal is None else problem_title(refusal),
        last_decision=claim.decisions[-1] if claim.decisions else None,
    )
