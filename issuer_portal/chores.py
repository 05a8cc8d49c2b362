# SPDX-License-Identifier: EUPL-1.2
"""The list of chores: found, sorted, and taken along as a spreadsheet."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from flask import Response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from heitje.chores.models import Chore
from heitje.clock import local_day, now
from heitje.db.request import current_session
from heitje.errors import NotFound
from heitje.identity.roles import Role
from heitje.schemes import all_categories
from heitje.web.words import category_name
from issuer_portal.chore_list import STATES, ChoreFilter, chores_page, count_chores
from issuer_portal.labels import CHORE, chore_label
from issuer_portal.pages import may, pages, staff_only
from issuer_portal.spreadsheets import CSV_TYPE, XLSX_TYPE, Cell, write_csv, write_xlsx
from tenants.departments import departments_of

DOWNLOAD_AT_MOST = 5_000


@pages.get("/chores")
@staff_only()
def chores() -> ResponseReturnValue:
    """Show the chores."""
    session, wanted = current_session(), ChoreFilter.from_query(request.args)
    page = chores_page(session, wanted, after=request.args.get("after", ""))
    departments = departments_of(session)
    categories = all_categories(session)
    return render_template(
        "issuer_portal/chores.html",
        page=page,
        wanted=wanted,
        count=count_chores(session, wanted),
        departments=departments,
        department_names={department.id: department.name for department in departments},
        categories=[(category.code, category_name(category)) for category in categories],
        category_icons={category.code: category.icon for category in categories},
        states=[(state, CHORE[state][0]) for state in STATES],
        may_write=may(Role.EDITOR) or may(Role.FIELD_WORKER),
        may_publish=may(Role.EDITOR),
        download_query={name: value for name, value in request.args.items() if name != "after"},
    )


@pages.get("/chores.<any(csv, xlsx):kind>")
@staff_only()
def chores_download(kind: str) -> ResponseReturnValue:
    """Download what the list shows, all pages of it."""
    session, wanted = current_session(), ChoreFilter.from_query(request.args)
    page = chores_page(session, wanted, limit=DOWNLOAD_AT_MOST)
    header = [
        _("Title"), _("State"), _("Department"), _("Kind of chore"), _("Place"), _("Address"), _("Start"), _("Last day"),
        _("Duration in minutes"), _("Reward"), _("Places"), _("Free places"), _("Created"), _("Published"),
    ]  # fmt: skip
    departments = {department.id: department.name for department in departments_of(session)}
    kinds = {category.code: category_name(category) for category in all_categories(session)}
    rows = _rows(page.chores, departments, kinds)
    content = write_csv(header, rows) if kind == "csv" else write_xlsx(_("Chores"), header, rows)
    name = f"{_('chores')}-{local_day(now()).isoformat()}.{kind}"
    return download(content, name, CSV_TYPE if kind == "csv" else XLSX_TYPE)


def download(content: bytes, name: str, media_type: str) -> Response:
    """Answer with a file to keep."""
    return Response(content, content_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def own_chore(chore: Chore | None) -> Chore:
    """Return the chore; raises `NotFound` for one of nobody or of somebody else."""
    if chore is None:
        raise NotFound(kind="chore")
    return chore


def _rows(chores: Sequence[Chore], departments: dict[UUID, str], kinds: dict[str, str]) -> Iterator[list[Cell]]:
    for chore in chores:
        yield [
            chore.title,
            chore_label(chore)[0],
            departments.get(chore.department_id, ""),
            kinds.get(chore.category_code, chore.category_code),
            chore.place_name,
            chore.address,
            chore.starts_at,
            _day(chore.closes_at),
            int(chore.duration_minutes),
            Decimal(chore.reward_cents) / 100,
            int(chore.slots_count),
            int(chore.slots_free),
            chore.created_at,
            chore.published_at,
        ]


def _day(at: datetime) -> Cell:
    return local_day(at)
