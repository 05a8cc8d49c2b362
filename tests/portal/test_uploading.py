# SPDX-License-Identifier: EUPL-1.2
"""A list from Excel: every row shown, errors said per row, nothing kept before somebody says so (R39)."""

import html
import re
from datetime import timedelta
from io import BytesIO

import pytest
from openpyxl import Workbook, load_workbook
from sqlalchemy import func, select

from heitje.chores.models import Chore
from heitje.clock import local_day, now
from heitje.identity.roles import Role
from issuer_portal.spreadsheets import MAX_ROWS, neutral, read_sheet, write_csv

HEADER = (
    "Titel", "Afdeling", "Budgetregel", "Klussoort", "Wat gaat u doen", "Goed resultaat", "Plek", "Buurt",
    "Duur in minuten", "Beloning in Heitjes", "Plekken", "Laatste dag", "Bewijs",
)  # fmt: skip


@pytest.fixture
def tenant(given):
    return given.tenant()


@pytest.fixture
def line(given, tenant):
    return given.funded_line(tenant, amount_cents=100_00, name="Buurtbudget")


@pytest.fixture
def editor(signed_in, tenant, line):
    return signed_in(tenant.owner)


def row(**changes):
    last_day = (local_day(now()) + timedelta(days=10)).strftime("%d-%m-%Y")
    said = {
        "Titel": "Stoep vegen", "Afdeling": "Wijkbeheer", "Budgetregel": "Buurtbudget", "Klussoort": "Schoonmaken",
        "Wat gaat u doen": "Veeg de stoep en doe het vuil in de zak.", "Goed resultaat": "De stoep is schoon.",
        "Plek": "Markt", "Buurt": "Grasbroek", "Duur in minuten": "45", "Beloning in Heitjes": "7,50", "Plekken": "2",
        "Laatste dag": last_day, "Bewijs": "foto+uren",
    } | changes  # fmt: skip
    return [said[name] for name in HEADER]


def upload(editor, tenant, rows, *, name="klussen.csv", header=HEADER, content=None):
    address = f"/portal/{tenant.slug}/chores/upload"
    page = editor.get(address).get_data(as_text=True)
    token = re.search(r'name="csrf_token"[^>]*value="([^"]*)"', page)[1]
    content = write_csv(header, rows) if content is None else content
    return editor.post(address, data={"csrf_token": token, "file": (BytesIO(content), name)})


def confirm(editor, tenant, preview, **values):
    page = preview.get_data(as_text=True)
    hidden = {
        name: re.search(rf'name="{name}"[^>]*value="([^"]*)"', page)[1] for name in ("csrf_token", "idempotency_key")
    }
    rows = html.unescape(re.search(r'name="rows" value="([^"]*)"', page)[1])
    return editor.post(
        f"/portal/{tenant.slug}/chores/upload/confirm",
        data=hidden | {"rows": rows} | values,
        content_type="multipart/form-data",
    )


def count(databases, tenant, state=None):
    with databases.as_tenant(tenant.id) as session:
        query = select(func.count()).select_from(Chore)
        return session.scalar(query if state is None else query.where(Chore.state == state))


def test_every_row_is_shown_with_its_errors_and_nothing_is_kept(editor, databases, tenant):
    rows = [
        row(),
        row(Titel="", Plekken="nul"),
        row(Titel="Onbekende afdeling", Afdeling="Bestaat niet"),
        row(Titel="Verkeerde dag", **{"Laatste dag": "volgende week"}),
        row(Titel="Ook goed", Klussoort="Groen"),
    ]

    answer = upload(editor, tenant, rows)

    page = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert "2 rijen" in page
    assert "3 rijen" in page
    for text in ("Stoep vegen", "Ook goed", "Onbekende afdeling", "“Bestaat niet”", "volgende week", "28-11-2026"):
        assert text in page
    assert count(databases, tenant) == 0


def test_right_rows_become_drafts_and_wrong_ones_are_left_out(editor, databases, tenant):
    preview = upload(editor, tenant, [row(), row(Titel=""), row(Titel="De tweede")])

    answer = confirm(editor, tenant, preview, act="draft")

    assert answer.status_code == 303
    assert count(databases, tenant, "draft") == 2


def test_confirming_twice_keeps_them_once(editor, databases, tenant):
    preview = upload(editor, tenant, [row()])

    for _ in range(2):
        assert confirm(editor, tenant, preview, act="draft").status_code == 303

    assert count(databases, tenant) == 1


def test_a_list_is_published_with_one_statement(editor, databases, tenant):
    preview = upload(editor, tenant, [row(), row(Titel="De tweede")])
    assert confirm(editor, tenant, preview, act="publish").status_code == 422
    assert count(databases, tenant) == 0

    answer = confirm(editor, tenant, preview, act="publish", attested="yes")

    assert answer.status_code == 303
    assert count(databases, tenant, "open") == 2


def test_when_one_row_cannot_be_paid_none_is_published_and_the_row_is_named(editor, databases, tenant):
    rows = [row(), row(Titel="Veel te duur", Plekken="40"), row(Titel="De derde")]
    preview = upload(editor, tenant, rows)

    answer = confirm(editor, tenant, preview, act="publish", attested="yes")

    page = answer.get_data(as_text=True)
    assert answer.status_code == 409
    assert count(databases, tenant) == 0
    wrong = re.search(r'(?s)<tr class="row-wrong">.*?</tr>.*?</tr>', page)[0]
    assert "Veel te duur" in wrong
    assert "300" in wrong
    assert "Er is niets gepubliceerd" in page


def test_excel_files_are_read_with_their_dates_and_numbers(editor, databases, tenant):
    book = Workbook()
    book.active.append(HEADER)
    book.active.append(
        row(
            **{
                "Duur in minuten": 45,
                "Beloning in Heitjes": 7.5,
                "Plekken": 2,
                "Laatste dag": local_day(now()) + timedelta(days=9),
            }
        )
    )
    content = BytesIO()
    book.save(content)

    preview = upload(editor, tenant, [], name="klussen.xlsx", content=content.getvalue())

    assert confirm(editor, tenant, preview, act="draft").status_code == 303
    with databases.as_tenant(tenant.id) as session:
        chore = session.scalars(select(Chore)).one()
    assert (chore.reward_cents, chore.duration_minutes, chore.slots_count) == (7_50, 45, 2)
    assert local_day(chore.closes_at) == local_day(now()) + timedelta(days=9)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_example_file_comes_in_as_it_went_out(editor, databases, tenant, kind):
    example = editor.get(f"/portal/{tenant.slug}/chores/upload/example.{kind}")

    preview = upload(editor, tenant, [], name=f"voorbeeld.{kind}", content=example.get_data())

    assert "1 rij" in preview.get_data(as_text=True)
    assert confirm(editor, tenant, preview, act="draft").status_code == 303
    assert count(databases, tenant, "draft") == 1


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("foto.png", b"\x89PNG\r\n\x1a\n", "niet lezen"),
        ("leeg.csv", b"", "niet lezen"),
        ("stuk.xlsx", b"PK\x03\x04 not really", "niet lezen"),
        ("kolommen.csv", b"Titel;Afdeling\r\nIets;Iets\r\n", "kolommen ontbreken"),
        ("lang.csv", b"Titel;Afdeling\r\n" + b"a;b\r\n" * (MAX_ROWS + 1), "te groot"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_in_words(editor, databases, tenant, name, content, message):
    answer = upload(editor, tenant, [], name=name, content=content)

    assert answer.status_code == 422
    assert message in answer.get_data(as_text=True)
    assert count(databases, tenant) == 0


def test_an_editor_of_one_department_cannot_upload_for_another(signed_in, given, databases, tenant, line):
    elsewhere = given.department(tenant.id, "Zorg")
    given.funded_line(tenant, department_id=elsewhere, name="Zorgbudget")
    editor = signed_in(given.member(tenant.id, Role.EDITOR, department=elsewhere))

    preview = upload(editor, tenant, [row(), row(Afdeling="Zorg", Budgetregel="Zorgbudget", Titel="Wel van ons")])

    page = preview.get_data(as_text=True)
    assert "“Wijkbeheer”" in page
    assert confirm(editor, tenant, preview, act="draft").status_code == 303
    assert count(databases, tenant) == 1


def test_what_was_changed_on_the_way_is_checked_again(editor, databases, tenant):
    preview = upload(editor, tenant, [row()])

    answer = confirm(editor, tenant, preview, act="draft", rows='{"header": ["Titel"], "rows": [[2, ["x"]]]}')

    assert answer.status_code == 400
    assert count(databases, tenant) == 0


def test_a_cell_that_looks_like_a_formula_stays_text():
    assert neutral("=1+1") == "'=1+1"
    sheet = read_sheet("a.csv", write_csv(["Titel"], [["=HYPERLINK(1)"], ["-5 graden"]]))
    assert [cells for _number, cells in sheet.rows] == [["=HYPERLINK(1)"], ["-5 graden"]]


@pytest.mark.parametrize("text", ["=cmd|' /C calc'!A0", "+31 45 560", "@sum", "-10 graden"])
def test_downloads_hold_no_formulas(editor, given, tenant, line, text):
    given.chore(tenant, title=text, budget_line_id=line.id)

    as_csv = editor.get(f"/portal/{tenant.slug}/chores.csv").get_data(as_text=True)
    as_xlsx = editor.get(f"/portal/{tenant.slug}/chores.xlsx").get_data()

    assert f"'{text[0]}" in as_csv.splitlines()[1]
    cell = load_workbook(BytesIO(as_xlsx)).active["A2"]
    assert (cell.data_type, cell.value) == ("s", text)
