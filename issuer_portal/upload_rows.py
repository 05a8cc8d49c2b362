# SPDX-License-Identifier: EUPL-1.2
"""Rows of a spreadsheet as chores: columns found by name, words turned into choices, each row checked as the form is.

A row with errors keeps all its cells; every error names its column and says what to do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict

from heitje.chores.publishing import ChoreDraft
from heitje.clock import local_day, now
from heitje.errors import HeitjeError
from issuer_portal.choices import Choices
from issuer_portal.chore_form import DEFAULT_DAYS_OPEN, ChoreForm, evidence_of
from issuer_portal.spreadsheets import Sheet


@dataclass(frozen=True)
class Column:
    """A column of the template: the form's field, its Dutch and English header, an example."""

    name: str
    header_nl: str
    header_en: str
    example: str
    required: bool = False


COLUMNS = (
    Column("title", "Titel", "Title", "Bankjes verven in het park", required=True),
    Column("department", "Afdeling", "Department", "", required=True),
    Column("budget_line", "Budgetregel", "Budget line", "", required=True),
    Column("category", "Klussoort", "Kind", "Schilderen", required=True),
    Column("description", "Wat gaat u doen", "What to do", "Schuur de planken licht op en geef ze een laag beits. Alles zit in de klusbox.", required=True),
    Column("good_result", "Goed resultaat", "Good result", "De bankjes zijn glad en gelijkmatig groen.", required=True),
    Column("why", "Waarom", "Why", "Op deze bankjes rusten veel mensen uit."),
    Column("safety_note", "Veiligheid", "Safety", "Draag handschoenen en een stofkapje."),
    Column("place_name", "Plek", "Place", "Bankjes bij de vijver", required=True),
    Column("address", "Adres", "Address", "Parkstraat, bij de ingang"),
    Column("neighbourhood", "Buurt", "Neighbourhood", ""),
    Column("lat", "Breedtegraad", "Latitude", "50,88821"),
    Column("lon", "Lengtegraad", "Longitude", "5,97951"),
    Column("duration_minutes", "Duur in minuten", "Minutes", "60", required=True),
    Column("reward_cents", "Beloning in Heitjes", "Reward", "12,50", required=True),
    Column("slots_count", "Plekken", "Places", "2"),
    Column("starts", "Begint op", "Starts", ""),
    Column("closes_on", "Laatste dag", "Last day", ""),
    Column("evidence", "Bewijs", "Evidence", "foto+uren"),
    Column("min_age", "Minimumleeftijd", "Minimum age", "16"),
    Column("skill", "Vaardigheid", "Skill", "iedereen"),
    Column("indoors", "Binnen", "Indoors", "nee"),
    Column("together", "Samen", "Together", "nee"),
    Column("kit", "Klusbox", "Kit", ""),
    Column("place_owner", "Eigenaar van de plek", "Owner of the place", ""),
)  # fmt: skip

EVIDENCE_WORDS = {
    "foto": "photo", "photo": "photo", "uren": "hours", "hours": "hours", "tijd": "hours",
    "opmerking": "remark", "remark": "remark", "code": "code",
}  # fmt: skip
SKILL_WORDS = {
    "": "none", "iedereen": "none", "geen": "none", "none": "none", "everybody": "none",
    "handig": "some", "een beetje": "some", "some": "some", "vakwerk": "skilled", "ervaring": "skilled", "skilled": "skilled",
}  # fmt: skip
YES = {"ja", "j", "yes", "y", "x", "1", "waar", "true"}
NO = {"", "nee", "n", "no", "0", "onwaar", "false"}

SHOWN_IN = {
    "department_id": "department", "budget_line_id": "budget_line", "category_code": "category",
    "neighbourhood_code": "neighbourhood", "kit_id": "kit", "starts_on": "starts", "starts_time": "starts", "timing": "starts",
    "closes_at": "closes_on", "starts_at": "starts",
}  # fmt: skip
"""Fields of the form whose column has another name."""


@dataclass(frozen=True, kw_only=True)
class RowCheck:
    """One row: its line in the file, what it says, and the draft or what is wrong with it."""

    number: int
    cells: Mapping[str, str]
    draft: ChoreDraft | None
    errors: Mapping[str, Sequence[str]]

    @property
    def is_good(self) -> bool:
        """Tell whether the row can be imported."""
        return self.draft is not None and not self.errors


class ColumnsMissing(HeitjeError):
    """The first line lacks columns. Facts: missing, their headers."""

    code = "columns-missing"
    status = 400
    title = "Columns are missing. Use the first line of our example file."


def header_of(column: Column, language: str) -> str:
    """Return a column's header."""
    return column.header_en if language == "en" else column.header_nl


def check_rows(sheet: Sheet, choices: Choices) -> list[RowCheck]:
    """Check every row. Raises `ColumnsMissing`."""
    places = _columns_of(sheet.header)
    checks = []
    for number, cells in sheet.rows:
        said = {name: cells[place].strip() if place < len(cells) else "" for name, place in places.items()}
        checks.append(_check_row(number, said, choices))
    return checks


def example_rows(choices: Choices) -> list[list[str]]:
    """Return an example line that fits this organisation: its own department, line and neighbourhood."""
    line = choices.lines[0].line if choices.lines else None
    last_day = local_day(now()) + timedelta(days=DEFAULT_DAYS_OPEN)
    own = {
        "department": choices.department_names.get(line.department_id, "") if line else "",
        "budget_line": line.name if line else "",
        "neighbourhood": choices.neighbourhoods[0].name if choices.neighbourhoods else "",
        "category": choices.categories[0].name_nl if choices.categories else "",
        "closes_on": last_day.strftime("%d-%m-%Y"),
    }
    return [[own.get(column.name) or column.example for column in COLUMNS]]


def _columns_of(header: Sequence[str]) -> dict[str, int]:
    known = {}
    for column in COLUMNS:
        for word in (column.header_nl, column.header_en, column.name):
            known[_key(word)] = column.name
    places: dict[str, int] = {}
    for place, word in enumerate(header):
        name = known.get(_key(word))
        if name is not None:
            places.setdefault(name, place)
    missing = [column.header_nl for column in COLUMNS if column.required and column.name not in places]
    if missing:
        raise ColumnsMissing(missing=missing)
    return places


def _check_row(number: int, said: Mapping[str, str], choices: Choices) -> RowCheck:
    values: MultiDict[str, str] = MultiDict({"idempotency_key": "0" * 16})
    errors: dict[str, list[str]] = {}
    for name in ("title", "description", "good_result", "why", "safety_note", "place_name", "address", "place_owner",
                 "duration_minutes", "reward_cents"):  # fmt: skip
        values[name] = said.get(name, "")
    for read in (_read_choices, _read_place, _read_moments, _read_rest):
        read(said, choices, values, errors)

    form = ChoreForm(formdata=values, meta={"csrf": False}).offer(choices)
    if not form.validate():
        for name, texts in form.errors.items():
            column = SHOWN_IN.get(name or "", name or "title")
            errors.setdefault(column, [str(text) for text in texts])
    return RowCheck(number=number, cells=said, draft=None if errors else form.draft(), errors=errors)


def _read_choices(
    said: Mapping[str, str], choices: Choices, values: MultiDict[str, str], errors: dict[str, list[str]]
) -> None:
    departments = {_key(one.name): str(one.id) for one in choices.departments}
    department_id = _choose("department", said, departments, errors)
    lines = {
        _key(balance.line.name): str(balance.line.id)
        for balance in choices.lines
        if not department_id or str(balance.line.department_id) == department_id
    }
    categories: dict[str, str] = {}
    for category in choices.categories:
        for word in (category.code, category.name_nl, category.name_en):
            categories[_key(word)] = category.code
    values["department_id"] = department_id
    values["budget_line_id"] = _choose("budget_line", said, lines, errors)
    values["category_code"] = _choose("category", said, categories, errors)
    values["kit_id"] = _choose("kit", said, {_key(kit.name): str(kit.id) for kit in choices.kits}, errors)


def _read_place(
    said: Mapping[str, str], choices: Choices, values: MultiDict[str, str], errors: dict[str, list[str]]
) -> None:
    by_name = {_key(area.name): area.code for area in choices.neighbourhoods}
    by_name |= {_key(area.code): area.code for area in choices.neighbourhoods}
    code = _choose("neighbourhood", said, by_name, errors)
    values["neighbourhood_code"] = code
    values["lat"], values["lon"] = said.get("lat", ""), said.get("lon", "")
    if not (values["lat"] or values["lon"]):
        area = next((area for area in choices.neighbourhoods if area.code == code), None)
        if area is not None:
            # Good enough to begin with: the middle of the neighbourhood, to be put right on the map.
            values["lat"], values["lon"] = str(area.lat), str(area.lon)
        elif "neighbourhood" not in errors:
            errors["neighbourhood"] = [_("Fill in a neighbourhood, or latitude and longitude.")]


def _read_moments(
    said: Mapping[str, str], _choices: Choices, values: MultiDict[str, str], errors: dict[str, list[str]]
) -> None:
    if said.get("starts"):
        moment = _parse_moment(said["starts"])
        if moment is None:
            errors["starts"] = [_("Write day and time as 28-11-2026 10:00.")]
            return
        values["timing"] = "fixed"
        values["starts_on"], values["starts_time"] = moment.date().isoformat(), moment.strftime("%H:%M")
        return
    values["timing"] = "any"
    day: date | None = local_day(now()) + timedelta(days=DEFAULT_DAYS_OPEN)
    if said.get("closes_on"):
        day = _parse_day(said["closes_on"])
        if day is None:
            errors["closes_on"] = [_("Write the day as 28-11-2026.")]
    if day is not None:
        values["closes_on"] = day.isoformat()


def _read_rest(
    said: Mapping[str, str], choices: Choices, values: MultiDict[str, str], errors: dict[str, list[str]]
) -> None:
    values["slots_count"] = said.get("slots_count") or "1"
    category = next((one for one in choices.categories if one.code == values.get("category_code")), None)
    values["min_age"] = said.get("min_age") or str(category.min_age if category is not None else 16)
    skill = SKILL_WORDS.get(said.get("skill", "").lower())
    if skill is None:
        errors["skill"] = [_("Write iedereen, handig or vakwerk.")]
    values["skill"] = skill or "none"
    for name in ("indoors", "together"):
        word = said.get(name, "").lower()
        if word in YES:
            values[name] = "y"
        elif word not in NO:
            errors[name] = [_("Write ja or nee.")]
    default = category.evidence_default if category is not None else "photo"
    words = said.get("evidence") or "+".join(evidence_of(default))
    kinds = [EVIDENCE_WORDS.get(word.strip().lower(), "") for word in words.replace(",", "+").split("+")]
    if not all(kinds):
        errors["evidence"] = [_("Write foto, uren, opmerking or code, with a + between them.")]
    values.setlist("evidence", [kind for kind in kinds if kind])


def _choose(name: str, said: Mapping[str, str], known: Mapping[str, str], errors: dict[str, list[str]]) -> str:
    word = said.get(name, "")
    if not word:
        return ""
    found = known.get(_key(word))
    if found is None:
        errors[name] = [_("We do not know “%(word)s”.", word=word[:60]), str(HELP[name])]
    return found or ""


HELP = {
    "department": _l("Use the name of a department for which you may write chores."),
    "budget_line": _l("Use the name of a budget line of this department."),
    "category": _l("Use the name of a kind of chore, as in the form."),
    "neighbourhood": _l("Use the name or the code of a neighbourhood in the area."),
    "kit": _l("Use the name of one of your kits, or leave it empty."),
}


def _parse_moment(text: str) -> datetime | None:
    for pattern in ("%d-%m-%Y %H:%M", "%d/%m/%Y %H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M", "%d-%m-%Y %H.%M"):
        try:
            return datetime.strptime(text.strip(), pattern)  # noqa: DTZ007 - local wall time, read as such by the form
        except ValueError:
            continue
    return None


def _parse_day(text: str) -> date | None:
    for pattern in ("%d-%m-%Y", "%d/%m/%Y", "%Y-%m-%d"):
        try:
            return datetime.strptime(text.strip(), pattern).date()  # noqa: DTZ007 - a calendar day
        except ValueError:
            continue
    moment = _parse_moment(text)
    return moment.date() if moment is not None and moment.time() == time() else None


def _key(word: str) -> str:
    return " ".join(word.lower().replace("_", " ").replace("*", "").split())
