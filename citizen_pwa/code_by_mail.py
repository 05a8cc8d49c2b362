# SPDX-License-Identifier: EUPL-1.2
"""Signing in by a code in the mail, as the app and the till both do it: ask for an address, mail a code, ask for it.

Works in the blueprint that is asked: it has the pages `sign_in` and `code`, and templates of these names.
"""

from collections.abc import Callable
from dataclasses import dataclass

from flask import current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from wtforms import StringField
from wtforms.validators import Length, Regexp

from heitje.errors import HeitjeError
from heitje.identity.sessions import Person
from heitje.identity.sign_in import CodeWrong, Purpose, ask_for_code, awaited_code, enter_code
from heitje.web.forms import Form, Required
from heitje.web.links import safe_next
from heitje.web.problems import problem_title


class AddressForm(Form):
    """Where the code goes."""

    email = StringField(_l("Your e-mail address"), validators=[Required(), Length(max=254)])


class CodeForm(Form):
    """The code that came."""

    code = StringField(
        _l("Code of six digits"),
        validators=[Required(), Regexp(r"^(\s*[0-9]){6}\s*$", message=_l("The code has six digits."))],
    )


@dataclass(frozen=True, kw_only=True)
class CodeByMail:
    """One surface's way in. `home` is the endpoint for whoever was going nowhere else."""

    purpose: Purpose
    home: str
    show: Callable[..., ResponseReturnValue]

    def ask_address(self) -> ResponseReturnValue:
        """Ask for an e-mail address."""
        return self._address_page(AddressForm())

    def send_code(self) -> ResponseReturnValue:
        """Mail a code. Known and unknown addresses get the same answer."""
        form = AddressForm()
        if not form.validate():
            return self._address_page(form, status=422)
        try:
            ask_for_code(form.email.data or "", self.purpose)
        except HeitjeError as refusal:
            form.refuse(refusal)
            return self._address_page(form, status=refusal.status)
        return redirect(url_for(".code", next=self.next_url()), code=303)

    def ask_code(self) -> ResponseReturnValue:
        """Ask for the code; back to the address when none was asked for."""
        if awaited_code(self.purpose) is None:
            return redirect(url_for(".sign_in", next=self.next_url()))
        return self._code_page(CodeForm())

    def check_code(self, *, then: Callable[[Person], ResponseReturnValue]) -> ResponseReturnValue:
        """Sign in by the code and go on as `then` says, or tell what is wrong with it."""
        form = CodeForm()
        if awaited_code(self.purpose) is None:
            return redirect(url_for(".sign_in", next=self.next_url()), code=303)
        if not form.validate():
            return self._code_page(form, status=400)
        try:
            person = enter_code(form.code.data or "", self.purpose)
        except HeitjeError as refusal:
            form.code.errors = _words_for(refusal)
            return self._code_page(form, status=refusal.status)
        return then(person)

    def next_url(self) -> str:
        """Return where the person was going."""
        return safe_next(request.values.get("next"), url_for(self.home))

    def _address_page(self, form: AddressForm, status: int = 200) -> ResponseReturnValue:
        return self.show("sign_in.html", status=status, form=form, next_url=self.next_url())

    def _code_page(self, form: CodeForm, status: int = 200) -> ResponseReturnValue:
        awaited = awaited_code(self.purpose)
        return self.show(
            "sign_in_code.html",
            status=status,
            form=form,
            email=awaited.email if awaited is not None else "",
            next_url=self.next_url(),
            mail_catcher_url=current_app.extensions["settings"].mail_catcher_url,
        )


def _words_for(refusal: HeitjeError) -> list[str]:
    if not isinstance(refusal, CodeWrong):
        return [problem_title(refusal)]
    left = int(refusal.facts["guesses_left"])
    return [
        _("This code is not right."),
        ngettext("You can try %(num)s more time.", "You can try %(num)s more times.", left),
    ]
