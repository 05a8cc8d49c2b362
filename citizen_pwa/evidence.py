# SPDX-License-Identifier: EUPL-1.2
"""Handing in work: photos cleaned and stored, then the claim waits for a decision."""

from uuid import UUID

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from citizen_pwa.hand_in import MOST_PHOTOS, HandInForm, form_for
from citizen_pwa.my_chores import claim_page, claimant
from citizen_pwa.surroundings import pages
from heitje.chores.claims import own_claim, submit_claim
from heitje.clock import now
from heitje.db.request import current_session
from heitje.errors import HeitjeError, InvalidInput
from heitje.idempotency import counts_once
from heitje.identity.guards import citizens_only, current_citizen


@pages.post("/my-chores/<uuid:claim_id>/evidence")
@citizens_only
@counts_once
def hand_in(claim_id: UUID) -> ResponseReturnValue:
    """Hand in what the chore asks for; a form that is not complete comes back with what is missing."""
    session = current_session()
    claim = own_claim(session, claim_id, current_citizen().id)
    form = form_for(claim, claim.chore)
    if not form.validate():
        return claim_page(claim_id, form=form)
    try:
        keys = _store(form)
        submit_claim(session, claim_id=claim_id, handed_in=form.handed_in(keys), claimant=claimant(), at=now())
    except InvalidInput as refusal:
        session.rollback()
        form.refuse(refusal)
        return claim_page(claim_id, form=form)
    except HeitjeError as refusal:
        session.rollback()
        return claim_page(claim_id, refusal=refusal)
    flash(_("Sent in. Thank you! You get a message when it has been looked at."), "good")
    return redirect(url_for("citizen.my_chore", claim_id=claim_id), code=303)


def _store(form: HandInForm) -> tuple[str, ...]:
    from heitje.files.photos import keep_photo

    photos = form.photos
    if len(photos) > MOST_PHOTOS:
        raise InvalidInput(
            {"photo": [ngettext("Send %(num)s photo at most.", "Send %(num)s photos at most.", MOST_PHOTOS)]}
        )
    return tuple(keep_photo(photo) for photo in photos)
