# SPDX-License-Identifier: EUPL-1.2
"""Being known to an organisation before one does a chore that asks for it: ask, take back, and how it stands."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from citizen_pwa.surroundings import claimant, pages
from heitje.chores.errors import VettingDecided, VettingNotNeeded
from heitje.chores.matching import issuers_of, published_chore
from heitje.chores.models import Chore, Vetting, VettingState
from heitje.chores.vetted import day_of_need, open_request, vetting_of
from heitje.chores.vetting import ask_to_be_vetted, own_vettings, withdraw_request
from heitje.clock import local_day, now
from heitje.db.request import current_session
from heitje.idempotency import counts_once
from heitje.identity.guards import citizens_only
from heitje.identity.models import Citizen
from heitje.schemes import Category, all_categories
from heitje.web.links import id_or_none
from heitje.web.problems import problem_title
from heitje.web.words import category_name


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How a citizen stands with an organisation, for a chore that asks for it."""

    held_until: date | None = None
    """The last day of a vetting that covers the chore."""
    ends_on: date | None = None
    """The last day of one that holds now, but not on the day of the chore."""
    asked: Vetting | None = None


def standing_with(chore: Chore, category: Category | None, citizen: Citizen | None) -> Standing | None:
    """Say how the citizen stands with who offers the chore; None for a chore that is for everybody."""
    if category is None or not category.needs_vetting:
        return None
    if citizen is None:
        return Standing()
    session, whose = current_session(), (chore.tenant_id, citizen.id, chore.category_code)
    held = vetting_of(session, *whose, day_of_need(chore, now()))
    if held is not None:
        return Standing(held_until=held.valid_until)
    short = vetting_of(session, *whose, local_day(now()))
    return Standing(ends_on=short.valid_until if short is not None else None, asked=open_request(session, *whose))


@pages.post("/chores/<uuid:chore_id>/vetting")
@citizens_only
@counts_once
def ask_vetting(chore_id: UUID) -> ResponseReturnValue:
    """Ask the organisation of this chore to get to know the citizen."""
    session, at = current_session(), now()
    found = published_chore(session, chore_id)
    try:
        asked = ask_to_be_vetted(
            session,
            tenant_id=found.tenant_id,
            category_code=found.category_code,
            claimant=claimant(),
            until=day_of_need(found, at),
            at=at,
        )
    except VettingNotNeeded as refusal:
        flash(problem_title(refusal), "info")
    else:
        if asked.state == VettingState.REQUESTED:
            flash(_("Your request is sent. The organisation writes to you."), "good")
    return redirect(url_for("citizen.chore", chore_id=chore_id), code=303)


@pages.post("/vettings/<uuid:vetting_id>/withdraw")
@citizens_only
def withdraw_vetting(vetting_id: UUID) -> ResponseReturnValue:
    """Take the request back, and go on where the button was."""
    try:
        withdraw_request(current_session(), vetting_id, claimant=claimant(), at=now())
    except VettingDecided as refusal:
        flash(problem_title(refusal), "info")
    else:
        flash(_("You took your request back."), "good")
    chore_id = id_or_none(request.form.get("chore_id", ""))
    back = url_for("citizen.profile") if chore_id is None else url_for("citizen.chore", chore_id=chore_id)
    return redirect(back, code=303)


def vettings_in_words(citizen: Citizen) -> list[tuple[Vetting, str, str]]:
    """List (vetting, organisation, kind of chores) of what waits and what holds today, newest first."""
    session, today = current_session(), local_day(now())
    found = [
        one
        for one in own_vettings(session, citizen.id)
        if one.state == VettingState.REQUESTED
        or (one.state == VettingState.VALID and one.valid_until is not None and one.valid_until >= today)
    ]
    if not found:
        return []
    issuers = issuers_of(session, (one.tenant_id for one in found))
    kinds = {one.code: category_name(one) for one in all_categories(session)}
    return [(one, issuers.get(one.tenant_id, ""), kinds.get(one.category_code, "")) for one in found]
