# SPDX-License-Identifier: EUPL-1.2
"""Many chores at once: a spreadsheet goes in, every row is shown, and nothing is kept before somebody says so.

Between preview and confirmation nothing is stored: the page carries the rows along and they are checked again.
"""

import io
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from flask_wtf.file import FileField, FileRequired
from sqlalchemy.orm import Session, SessionTransaction

from heitje.cents import Cents
from heitje.chores.publishing import draft_chore, publish_chore
from heitje.clock import now
from heitje.db.request import current_session
from heitje.errors import HeitjeError
from heitje.i18n.language import current_language
from heitje.identity.guards import current_member, current_tenant
from heitje.identity.roles import Role
from heitje.web.forms import Form
from issuer_portal.choices import Choices, read_choices
from issuer_portal.chore_publishing import attestation_words
from issuer_portal.chores import download
from issuer_portal.explain import explain
from issuer_portal.pages import acting, once, own_departments, pages, staff_only
from issuer_portal.spreadsheets import CSV_TYPE, XLSX_TYPE, Sheet, SheetTooLarge, read_sheet, write_csv, write_xlsx
from issuer_portal.upload_rows import COLUMNS, ColumnsMissing, RowCheck, check_rows, example_rows, header_of
from tenants.branding import details_of

MAX_CARRIED = 450_000
"""Characters of a form field that travel from preview to confirmation."""


class UploadForm(Form):
    """The file."""

    file = FileField(
        _l("Spreadsheet"),
        validators=[FileRequired(_l("Choose a file."))],
        description=_l("Excel (.xlsx) or CSV, at most 300 rows."),
    )


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What came of importing: how many, or which rows stood in the way."""

    count: int
    checks: Sequence[RowCheck]
    went_wrong: bool


@pages.route("/chores/upload", methods=["GET", "POST"])
@staff_only(Role.EDITOR)
def upload() -> ResponseReturnValue:
    """Take a file, and show what would come of it."""
    form = UploadForm()
    if request.method == "GET" or not form.validate():
        return _form_page(form), 422 if form.errors else 200
    try:
        sheet = read_sheet(form.file.data.filename or "", form.file.data.read())
        choices = _choices()
        checks = check_rows(sheet, choices)
        carried = _carry(sheet)
    except ColumnsMissing as refusal:
        names = ", ".join(refusal.facts["missing"])
        form.file.errors = [_("These columns are missing: %(names)s. Use the example file.", names=names)]
        return _form_page(form), 422
    except HeitjeError as refusal:
        form.file.errors = [explain(refusal)]
        return _form_page(form), 422
    return _preview(checks, choices, carried)


@pages.post("/chores/upload/confirm")
@staff_only(Role.EDITOR)
@once
def upload_confirm() -> ResponseReturnValue:
    """Keep the good rows as drafts, or publish them: all of them or none."""
    wants_publish = request.form.get("act") == "publish"
    carried = request.form.get("rows", "")
    choices = _choices()
    checks = check_rows(_carried_sheet(carried), choices)
    if wants_publish and request.form.get("attested") != "yes":
        return _preview(checks, choices, carried, problem=_("First confirm that no paid work is replaced.")), 422
    kept = _keep(current_session(), checks, publish=wants_publish)
    if kept.went_wrong:
        problem = _("Nothing was published: see the rows in red. You can keep the others as drafts, or mend these.")
        return _preview(kept.checks, choices, carried, problem=problem), 409
    if not kept.count:
        return _preview(checks, choices, carried, problem=_("There is no row that can be imported.")), 422
    if wants_publish:
        text = ngettext("%(num)s chore is published.", "%(num)s chores are published.", kept.count)
    else:
        text = ngettext("%(num)s draft is kept.", "%(num)s drafts are kept.", kept.count)
    flash(text)
    return redirect(url_for(".chores", state="open" if wants_publish else "draft"), code=303)


@pages.get("/chores/upload/example.<any(csv, xlsx):kind>")
@staff_only(Role.EDITOR)
def upload_example(kind: str) -> ResponseReturnValue:
    """Download the file to fill in."""
    header = [header_of(column, current_language()) for column in COLUMNS]
    rows = example_rows(_choices())
    name = f"{_('chores-example')}.{kind}"
    if kind == "csv":
        return download(write_csv(header, rows), name, CSV_TYPE)
    return download(write_xlsx(_("Chores"), header, rows), name, XLSX_TYPE)


def _keep(session: Session, checks: Sequence[RowCheck], *, publish: bool) -> Kept:
    """Try every good row; if any cannot be kept, nothing is, and the rows say why."""
    whole = session.begin_nested()
    after: list[RowCheck] = []
    count, went_wrong = 0, False
    for check in checks:
        if check.draft is None:
            after.append(check)
            continue
        refusal = _keep_one(session, check, publish=publish)
        if refusal is None:
            count += 1
            after.append(check)
        else:
            went_wrong = True
            after.append(replace(check, draft=None, errors={"": [explain(refusal)]}))
    _end(whole, undo=went_wrong)
    return Kept(count=0 if went_wrong else count, checks=after, went_wrong=went_wrong)


def _keep_one(session: Session, check: RowCheck, *, publish: bool) -> HeitjeError | None:
    assert check.draft is not None  # noqa: S101 - asked by the caller
    by, at = acting(), now()
    try:
        with session.begin_nested():
            chore = draft_chore(session, check.draft, scheme_id=_scheme(session), by=by, at=at)
            if publish:
                publish_chore(session, chore.id, attested=True, wording=attestation_words(), by=by, at=at)
    except HeitjeError as refusal:
        return refusal
    return None


def _end(whole: SessionTransaction, *, undo: bool) -> None:
    if undo:
        whole.rollback()
    else:
        whole.commit()


def _preview(checks: Sequence[RowCheck], choices: Choices, carried: str, *, problem: str = "") -> str:
    good = [check for check in checks if check.is_good]
    return render_template(
        "issuer_portal/upload_preview.html",
        checks=checks,
        good=len(good),
        bad=len(checks) - len(good),
        carried=carried,
        idempotency_key=secrets.token_urlsafe(18),
        problem=problem,
        columns={column.name: header_of(column, current_language()) for column in COLUMNS},
        lines=_cost_per_line(good, choices),
        attestation_words=attestation_words(),
        is_live=current_tenant().state == "live",
    )


def _cost_per_line(good: Sequence[RowCheck], choices: Choices) -> list[tuple[str, Cents, Cents]]:
    """Return (line, what the rows need of it, what it has): enough money is seen before anything is tried."""
    needed: dict[object, Cents] = {}
    for check in good:
        if check.draft is not None:
            line_id = check.draft.budget_line_id
            needed[line_id] = needed.get(line_id, 0) + check.draft.reward_cents * check.draft.slots_count
    return [
        (balance.line.name, needed[balance.line.id], balance.available_cents)
        for balance in choices.lines
        if balance.line.id in needed
    ]


def _form_page(form: UploadForm) -> str:
    return render_template("issuer_portal/upload.html", form=form, columns=COLUMNS, header_of=header_of)


def _choices() -> Choices:
    session = current_session()
    return read_choices(session, _scheme(session), department_ids=own_departments(Role.EDITOR))


def _scheme(session: Session) -> UUID:
    return details_of(session, current_member().tenant_id).scheme_id


def _carry(sheet: Sheet) -> str:
    carried = json.dumps(
        {"header": list(sheet.header), "rows": [[n, list(c)] for n, c in sheet.rows]}, ensure_ascii=False
    )
    if len(carried.encode()) > MAX_CARRIED:
        raise SheetTooLarge(limit=MAX_CARRIED)
    return carried


def _carried_sheet(text: str) -> Sheet:
    """Read back what `_carry` wrote; whoever changed it on the way gets the same checks as with a file."""
    try:
        said = json.load(io.StringIO(text))
        rows = [(int(number), [str(cell) for cell in cells]) for number, cells in said["rows"]]
        return Sheet(header=[str(word) for word in said["header"]], rows=rows)
    except (ValueError, TypeError, KeyError) as error:
        raise ColumnsMissing(missing=[]) from error
