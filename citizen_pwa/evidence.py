# SPDX-License-Identifier: EUPL-1.2
"""Handing in work: photos cleaned and stored, then the claim waits for a decision."""

from uuid import UUID

from flask import Response, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from citizen_pwa.hand_in import MOST_PHOTOS, HandInForm, form_for
from citizen_pwa.my_chores import claim_page
from citizen_pwa.surroundings import claimant, pages
from heitje.chores.claims import own_claim, submit_claim
from heitje.clock import now
from heitje.db.request import current_session
from heitje.errors import HeitjeError, InvalidInput, NotFound
from heitje.files.photos import delete_photo, keep_photo, read_photo
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
    keys: list[str] = []
    try:
        _store(form, keys)
        submit_claim(session, claim_id=claim_id, handed_in=form.handed_in(tuple(keys)), claimant=claimant(), at=now())
    except InvalidInput as refusal:
        _give_up(keys)
        form.refuse(refusal)
        return claim_page(claim_id, form=form)
    except HeitjeError as refusal:
        _give_up(keys)
        return claim_page(claim_id, refusal=refusal)
    flash(_("Sent in. Thank you! You get a message when it has been looked at."), "good")
    return redirect(url_for("citizen.my_chore", claim_id=claim_id), code=303)


@pages.get("/my-chores/<uuid:claim_id>/photos/<uuid:evidence_id>")
@citizens_only
def own_photo(claim_id: UUID, evidence_id: UUID) -> ResponseReturnValue:
    """Give a photo back to whoever sent it."""
    claim = own_claim(current_session(), claim_id, current_citizen().id)
    photo = next((one for one in claim.evidence if one.id == evidence_id and one.file_key), None)
    if photo is None or photo.file_key is None:
        raise NotFound(kind="photo")
    answer = Response(read_photo(photo.file_key, small=True), content_type="image/jpeg")
    answer.headers["Content-Disposition"] = f'inline; filename="{evidence_id}.jpg"'
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer.headers["Cache-Control"] = "private, max-age=600"
    return answer


def _store(form: HandInForm, keys: list[str]) -> None:
    if len(form.photos) > MOST_PHOTOS:
        raise InvalidInput(
            {"photo": [ngettext("Send %(num)s photo at most.", "Send %(num)s photos at most.", MOST_PHOTOS)]}
        )
    for photo in form.photos:
        keys.append(keep_photo(photo))  # noqa: PERF401 - those kept before one fails must be known


def _give_up(keys: list[str]) -> None:
    """Undo what was written, photos included: nobody would ever look for them."""
    current_session().rollback()
    for key in keys:
        delete_photo(key)
