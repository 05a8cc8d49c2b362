# SPDX-License-Identifier: EUPL-1.2
"""Forms: a base with the token, fields for amounts and photos, and refusals shown at their fields."""

import secrets
from collections.abc import Sequence
from typing import Any, TypeVar

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField, MultipleFileField
from wtforms import Field, HiddenField, StringField, ValidationError
from wtforms.validators import InputRequired, Length, Regexp

from heitje.cents import AmountUnreadable, Cents, in_heitjes, parse_cents
from heitje.errors import HeitjeError, InvalidInput
from heitje.web.problems import problem_title

Value = TypeVar("Value")


class Form(FlaskForm):  # type: ignore[misc]
    """A form with the token against forgery."""

    def refuse(self, error: HeitjeError) -> None:
        """Show a refusal of the kernel: at the fields it names, else above the form."""
        errors = error.errors if isinstance(error, InvalidInput) else {}
        for name, texts in errors.items():
            if name in self._fields:
                self._fields[name].errors = [*self._fields[name].errors, *map(_, texts)]
            else:
                self.form_errors.extend(map(_, texts))
        if not errors:
            self.form_errors.append(problem_title(error))


class OnceForm(Form):
    """A form that counts once, however often it arrives: it carries an idempotency key."""

    idempotency_key = HiddenField(
        default=lambda: secrets.token_urlsafe(18), validators=[InputRequired(), Length(min=16, max=64)]
    )


class AmountField(StringField):
    """An amount as people type it, "12,50"; `data` is cents, or None."""

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else in_heitjes(self.data, decimals=True).replace(".", "")

    def process_formdata(self, valuelist: Sequence[str]) -> None:
        """Read what was typed; refuse with an example of what can be read."""
        self.data: Cents | None = None  # type: ignore[assignment]
        if not valuelist or not valuelist[0].strip():
            return
        try:
            self.data = parse_cents(valuelist[0])
        except AmountUnreadable:
            raise ValueError(_("Type an amount, such as 12,50.")) from None


class PhotoField(FileField):  # type: ignore[misc]
    """One photo, from the camera or the album."""

    accept = "image/jpeg,image/png,image/webp,image/heic"


class PhotosField(MultipleFileField):  # type: ignore[misc]
    """Several photos."""

    accept = PhotoField.accept


class Required(InputRequired):
    """The field must be filled; says what is missing in plain words."""

    def __init__(self, message: Any = None) -> None:
        super().__init__(message or _l("Fill this in."))


class EmailShape(Regexp):
    """Something that can be an e-mail address; only a mail to it shows whether it is one."""

    def __init__(self) -> None:
        super().__init__(
            r"^[^@\s]{1,64}@[^@\s]+\.[^@\s.]{2,}$", message=_l("Type an e-mail address, such as name@organisation.nl.")
        )


class Between:
    """An amount of at least and at most so many cents."""

    def __init__(self, low_cents: Cents, high_cents: Cents) -> None:
        self.low_cents, self.high_cents = low_cents, high_cents

    def __call__(self, _form: object, field: Field) -> None:
        """Refuse an amount outside the bounds, naming them."""
        if field.data is not None and not self.low_cents <= field.data <= self.high_cents:
            low, high = in_heitjes(self.low_cents), in_heitjes(self.high_cents)
            raise ValidationError(_("Choose an amount from %(low)s to %(high)s.", low=low, high=high))


def given(value: Value | None) -> Value:
    """Return what a required field holds; for after `validate`, which refused the form without it."""
    if value is None:
        raise ValueError("read a required field only after the form was validated")
    return value


def one_line(text: str | None) -> str:
    """Return the text on one line, without spaces around and with one between words."""
    return " ".join((text or "").split())


def long_text(text: str | None) -> str:
    """Return the text with plain line ends and nothing around it."""
    return (text or "").replace("\r\n", "\n").strip()
