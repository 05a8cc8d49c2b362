# SPDX-License-Identifier: EUPL-1.2
"""The form of a chore: the same rules for a page and for a row of an uploaded file."""

from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import (
    BooleanField,
    DateField,
    HiddenField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    TimeField,
)
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import Length, Optional

from heitje.chores.models import Chore
from heitje.chores.publishing import ChoreDraft
from heitje.clock import AMSTERDAM, local_day, now
from heitje.web.forms import Between, OnceForm, Required, given, long_text, one_line
from issuer_portal.choices import Choices, neighbourhood_at
from issuer_portal.number_fields import CoordinateField, RewardField, Whole, WholeNumberField

DEFAULT_DAYS_OPEN = 28
HIGHEST_REWARD = 150_00

EVIDENCE = (
    ("photo", _l("Photo of the result")),
    ("hours", _l("Time worked")),
    ("remark", _l("Short remark")),
    ("code", _l("Code from somebody at the place")),
)
SKILLS = (("none", _l("Everybody can do it")), ("some", _l("Some handiness")), ("skilled", _l("Skill or experience")))


class ChoreForm(OnceForm):
    """All that an editor says about a chore."""

    version = HiddenField()

    title = StringField(
        _l("Title"),
        validators=[Required(), Length(3, 80, _l("Use 3 to 80 characters."))],
        description=_l("What has to be done and where, in a few words."),
    )
    category_code = SelectField(_l("Kind of chore"), validators=[Required()])
    description = TextAreaField(
        _l("What to do"),
        validators=[Required(), Length(10, 4000, _l("Use 10 to 4000 characters."))],
        description=_l("Step by step, in short sentences. Say what is ready and whom to ask."),
    )
    good_result = TextAreaField(
        _l("A good result"),
        validators=[Required(), Length(3, 1000, _l("Use 3 to 1000 characters."))],
        description=_l("How does everybody see that it is done well? Approvers compare with this."),
    )
    why = TextAreaField(_l("Why it matters"), validators=[Length(max=1000, message=_l("Use at most 1000 characters."))])
    safety_note = TextAreaField(
        _l("Safety"),
        validators=[Length(max=1000, message=_l("Use at most 1000 characters."))],
        description=_l("What to watch out for, and what to leave alone."),
    )

    place_name = StringField(
        _l("Place"), validators=[Required(), Length(2, 120, _l("Use 2 to 120 characters."))],
        description=_l("As people know it: the park, the square, the playground."),
    )  # fmt: skip
    address = StringField(_l("Address"), validators=[Length(max=200, message=_l("Use at most 200 characters."))])
    lat = CoordinateField(_l("Latitude"), validators=[Required(_l("Choose the place on the map."))])
    lon = CoordinateField(_l("Longitude"), validators=[Required(_l("Choose the place on the map."))])
    neighbourhood_code = SelectField(_l("Neighbourhood"))

    timing = RadioField(
        _l("When"),
        choices=[SelectChoice("any", _l("Whenever it suits")), SelectChoice("fixed", _l("At a fixed time"))],
        default="any",
    )
    closes_on = DateField(
        _l("Last day"), validators=[Optional()], description=_l("Until this day people can do the chore.")
    )
    starts_on = DateField(_l("Day"), validators=[Optional()])
    starts_time = TimeField(_l("Time"), validators=[Optional()])
    duration_minutes = WholeNumberField(
        _l("Duration"),
        validators=[Required(), Whole(5, 480)],
        default=60,
        description=_l("For one person. Chores of at most an hour are done most."),
    )

    slots_count = WholeNumberField(
        _l("Places"), validators=[Required(), Whole(1, 100)], default=1, description=_l("How many people can join.")
    )
    reward_cents = RewardField(_l("Reward for each person"), validators=[Required(), Between(0, HIGHEST_REWARD)])
    department_id = SelectField(_l("Department"), validators=[Required()])
    budget_line_id = SelectField(_l("Paid from"), validators=[Required()])

    evidence = SelectMultipleField(
        _l("What people hand in"),
        choices=[SelectChoice(code, label) for code, label in EVIDENCE],
        description=_l("Ask for no photo where other people would be in the picture."),
    )
    min_age = WholeNumberField(_l("Minimum age"), validators=[Required(), Whole(16, 99)], default=16)
    skill = SelectField(_l("Skill"), choices=[SelectChoice(code, label) for code, label in SKILLS], default="none")
    indoors = BooleanField(_l("The work is indoors"))
    together = BooleanField(_l("Together with somebody: a try-out, or with guidance"))
    kit_id = SelectField(_l("Kit"))
    place_owner = StringField(
        _l("Owner of the place"),
        validators=[Length(max=120, message=_l("Use at most 120 characters."))],
        description=_l("Only when it is not yours and the owner agreed."),
    )

    def offer(self, choices: Choices) -> "ChoreForm":
        """Fill the lists; returns the form."""
        self.category_code.choices = choices.category_choices()
        self.department_id.choices = [SelectChoice(str(one.id), one.name) for one in choices.departments]
        self.budget_line_id.choices = choices.line_choices()
        self.neighbourhood_code.choices = choices.neighbourhood_choices()
        self.kit_id.choices = choices.kit_choices()
        self._offered = choices
        return self

    def validate(self, extra_validators: Any = None) -> bool:
        """Check every field, and what fields say together."""
        is_good = super().validate(extra_validators)
        for check in (self._check_moments, self._check_place, self._check_money, self._check_evidence):
            is_good = check() and is_good
        return bool(is_good)

    def draft(self) -> ChoreDraft:
        """Return what was filled in; call it after `validate`."""
        fixed = self.timing.data == "fixed"
        starts_at = (
            datetime.combine(given(self.starts_on.data), given(self.starts_time.data), AMSTERDAM) if fixed else None
        )
        minutes = given(self.duration_minutes.data)
        closes_at = (
            starts_at + timedelta(minutes=minutes)
            if starts_at is not None
            else datetime.combine(given(self.closes_on.data), time(23, 59, 59), AMSTERDAM)
        )
        return ChoreDraft(
            department_id=UUID(self.department_id.data),
            budget_line_id=UUID(self.budget_line_id.data),
            title=one_line(self.title.data),
            description=long_text(self.description.data),
            good_result=long_text(self.good_result.data),
            why=long_text(self.why.data),
            safety_note=long_text(self.safety_note.data),
            category_code=self.category_code.data,
            neighbourhood_code=self.neighbourhood_code.data,
            place_name=one_line(self.place_name.data),
            address=one_line(self.address.data),
            lat=given(self.lat.data),
            lon=given(self.lon.data),
            duration_minutes=minutes,
            reward_cents=given(self.reward_cents.data),
            slots_count=given(self.slots_count.data),
            starts_at=starts_at,
            closes_at=closes_at,
            evidence=list(self.evidence.data or []),
            min_age=given(self.min_age.data),
            skill=self.skill.data,
            indoors=bool(self.indoors.data),
            together=bool(self.together.data),
            kit_id=UUID(self.kit_id.data) if self.kit_id.data else None,
            place_owner=one_line(self.place_owner.data),
        )

    def _check_moments(self) -> bool:
        today = local_day(now())
        if self.timing.data == "fixed":
            fields = {self.starts_on: _("Choose the day."), self.starts_time: _("Fill in the time.")}
        else:
            fields = {self.closes_on: _("Choose the last day.")}
        good = True
        for field, text in fields.items():
            if field.data is None and not field.errors:
                field.errors = [text]
            good = good and not field.errors
        day = self.starts_on if self.timing.data == "fixed" else self.closes_on
        if isinstance(day.data, date) and day.data < today:
            day.errors = [*day.errors, _("Choose a day in the future.")]
            good = False
        return good

    def _check_place(self) -> bool:
        lat, lon = self.lat.data, self.lon.data
        if lat is None or lon is None or self.lat.errors or self.lon.errors:
            return False
        if not (-90 <= lat <= 90 and -180 <= lon <= 180):
            self.lat.errors = [*self.lat.errors, _("This place is not on earth. Choose it on the map.")]
            return False
        if self.neighbourhood_code.data:
            return True
        self.neighbourhood_code.data = neighbourhood_at(self._offered.neighbourhoods, lat, lon)
        if not self.neighbourhood_code.data:
            self.neighbourhood_code.errors = [_("This place lies outside the area. Choose a neighbourhood.")]
        return bool(self.neighbourhood_code.data)

    def _check_money(self) -> bool:
        lines = {str(balance.line.id): balance.line for balance in self._offered.lines}
        line = lines.get(self.budget_line_id.data or "")
        if line is not None and self.department_id.data and str(line.department_id) != self.department_id.data:
            self.budget_line_id.errors = [
                *self.budget_line_id.errors, _("This budget line is of another department. Choose one of the same.")
            ]  # fmt: skip
            return False
        return True

    def _check_evidence(self) -> bool:
        if not self.evidence.data and not self.evidence.errors:
            self.evidence.errors = [_("Choose at least one, so that somebody can approve.")]
        return not self.evidence.errors


def defaults(choices: Choices) -> dict[str, Any]:
    """Return what a new chore begins with: a month to do it, and the first of what there is to choose."""
    category = choices.categories[0] if choices.categories else None
    line = choices.lines[0].line if choices.lines else None
    return {
        "closes_on": local_day(now()) + timedelta(days=DEFAULT_DAYS_OPEN),
        "reward_cents": 8_00,
        "evidence": evidence_of(category.evidence_default) if category is not None else ["photo"],
        "budget_line_id": str(line.id) if line is not None else None,
        "department_id": str(line.department_id) if line is not None else None,
    }


def evidence_of(text: str) -> list[str]:
    """Read a kind's evidence: "photo+hours" -> ["photo", "hours"]."""
    known = {code for code, _label in EVIDENCE}
    return [code for code in text.replace(",", "+").replace(" ", "").split("+") if code in known]


def filled_from(chore: Chore) -> dict[str, Any]:
    """Return a chore's values as the form's."""
    starts = chore.starts_at.astimezone(AMSTERDAM) if chore.starts_at is not None else None
    same = (
        "title", "category_code", "description", "good_result", "why", "safety_note", "place_name", "address", "lat",
        "lon", "neighbourhood_code", "duration_minutes", "slots_count", "reward_cents", "evidence", "min_age", "skill",
        "indoors", "together", "place_owner",
    )  # fmt: skip
    return {name: getattr(chore, name) for name in same} | {
        "version": str(chore.version),
        "timing": "any" if starts is None else "fixed",
        "closes_on": local_day(chore.closes_at),
        "starts_on": None if starts is None else starts.date(),
        "starts_time": None if starts is None else starts.time(),
        "department_id": str(chore.department_id),
        "budget_line_id": str(chore.budget_line_id),
        "kit_id": str(chore.kit_id) if chore.kit_id else "",
    }
