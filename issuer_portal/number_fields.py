# SPDX-License-Identifier: EUPL-1.2
"""Fields for numbers as people type them: degrees, whole numbers, a reward that may be nothing."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import Field, FloatField, IntegerField
from wtforms.form import BaseForm
from wtforms.validators import NumberRange

from heitje.web.forms import AmountField


class CoordinateField(FloatField):
    """Degrees, with a point or a comma."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read what was typed; refuse with an example."""
        self.data = None
        if valuelist and valuelist[0].strip():
            try:
                self.data = float(valuelist[0].strip().replace(",", "."))
            except ValueError:
                raise ValueError(_("Type degrees, such as 50,8882.")) from None

    def _value(self) -> str:
        if self.raw_data:
            return str(self.raw_data[0])
        return "" if self.data is None else f"{self.data:.6f}"


class RewardField(AmountField):
    """An amount that may also be nothing: "0" is a chore for the pleasure of it."""

    def process_formdata(self, valuelist: Any) -> None:
        """Take zero too."""
        if valuelist and valuelist[0].strip().removeprefix("€").strip() in {"0", "0,00", "0.00"}:
            self.data = 0
            return
        super().process_formdata(valuelist)


class Whole(NumberRange):
    """A whole number within bounds, with the bounds in the message."""

    def __init__(self, low: int, high: int) -> None:
        super().__init__(low, high, _l("Type a whole number from %(low)s to %(high)s.", low=low, high=high))

    def __call__(self, form: BaseForm, field: Field) -> None:
        """Refuse what lies outside; what is no number at all was refused already."""
        if not field.process_errors:
            super().__call__(form, field)


class WholeNumberField(IntegerField):
    """A whole number, refused in plain words."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read digits only."""
        self.data = None
        text = valuelist[0].strip() if valuelist else ""
        if text:
            if not (text.isascii() and text.isdigit() and len(text) <= 9):
                raise ValueError(_("Type a whole number."))
            self.data = int(text)
