# SPDX-License-Identifier: EUPL-1.2
"""The form for handing in work: just what the chore asks for, and no more."""

from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import FileStorage
from wtforms import SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import Length

from heitje.chores.claims import HandedIn
from heitje.chores.models import Chore, Claim, ClaimState
from heitje.web import words
from heitje.web.forms import OnceForm, PhotosField

STEP_MINUTES = 15
LONGEST_MINUTES = 12 * 60
MOST_PHOTOS = 5
_REQUIRED = ("photo", "minutes", "code")


class HandInForm(OnceForm):
    """Evidence of one chore. Fields that the chore does not ask for are taken out."""

    photo = PhotosField(_l("Photos of the result"))
    minutes = SelectField(_l("How long were you busy?"), validate_choice=True)
    code = StringField(_l("Code that you got at the place"), validators=[Length(max=40)])
    remark = TextAreaField(_l("Do you want to say something about it?"), validators=[Length(max=2000)])

    def handed_in(self, photo_keys: tuple[str, ...]) -> HandedIn:
        """Return what was filled in; photos are stored by now."""
        minutes = self.minutes.data if "minutes" in self else ""
        return HandedIn(
            photo_keys=photo_keys,
            minutes=int(minutes) if minutes else None,
            remark=(self.remark.data or "").strip(),
            code=(self.code.data or "").strip() if "code" in self else "",
        )

    @property
    def photos(self) -> list[FileStorage]:
        """The files that were chosen; a browser sends an empty one for none."""
        chosen = self.photo.data if "photo" in self else []
        return [file for file in chosen or [] if isinstance(file, FileStorage) and file.filename]


def form_for(claim: Claim, chore: Chore) -> HandInForm:
    """Return the form of a claim, with the chore's own duration filled in."""
    form = HandInForm()
    for kind, name in (("photo", "photo"), ("hours", "minutes"), ("code", "code")):
        if kind not in chore.evidence:
            del form[name]
    is_more = claim.state == ClaimState.NEEDS_MORE
    for field in form:
        field.flags.required = field.name in _REQUIRED and not is_more
    form.remark.flags.required = "remark" in chore.evidence and not is_more
    if "minutes" in form:
        form.minutes.choices = [SelectChoice("", _l("Choose")), *_durations()]
        if form.minutes.data is None:
            form.minutes.data = "" if is_more else str(_nearest(chore.duration_minutes))
    return form


def _durations() -> list[SelectChoice]:
    return [
        SelectChoice(str(minutes), words.duration(minutes))
        for minutes in range(STEP_MINUTES, LONGEST_MINUTES + 1, STEP_MINUTES)
    ]


def _nearest(minutes: int) -> int:
    return max(STEP_MINUTES, min(LONGEST_MINUTES, round(minutes / STEP_MINUTES) * STEP_MINUTES))
