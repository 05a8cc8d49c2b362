# SPDX-License-Identifier: EUPL-1.2
"""Spreadsheets out and in: .xlsx and .csv as Dutch offices use them. Every cell comes in as text.

Nothing that goes out is a formula: a cell that begins like one gets an apostrophe in CSV, and is written as text in
.xlsx. Nothing that comes in is computed, and a file that is too large or unpacks to too much is refused.
"""

import csv
import io
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import xlsxwriter
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from heitje.clock import AMSTERDAM
from heitje.errors import HeitjeError

MAX_BYTES = 2_000_000
MAX_UNPACKED_BYTES = 30_000_000
MAX_ROWS = 300
MAX_COLUMNS = 60
MAX_CELL = 4_000

XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV_TYPE = "text/csv; charset=utf-8"

Cell = str | int | Decimal | datetime | date | None


class SheetUnreadable(HeitjeError):
    """The file is no spreadsheet that we can read. Facts: reason."""

    code = "sheet-unreadable"
    status = 400
    title = "We cannot read this file. Save it as .xlsx or .csv and try again."


class SheetTooLarge(HeitjeError):
    """More rows or bytes than one upload may have. Facts: limit."""

    code = "sheet-too-large"
    status = 413
    title = "This file is too large. Split it: at most 300 rows and 2 MB at once."


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """The first line and the lines under it, empty ones left out; `number` is the line in the file."""

    header: Sequence[str]
    rows: Sequence[tuple[int, Sequence[str]]]


def neutral(text: str) -> str:
    """Return the text so that no spreadsheet program takes it for a formula."""
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text


def write_csv(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """Write CSV as Dutch Excel opens it: semicolons, a byte order mark, decimal commas."""
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=";", lineterminator="\r\n")
    writer.writerow([neutral(name) for name in header])
    for row in rows:
        writer.writerow([_as_csv(cell) for cell in row])
    return ("\ufeff" + file.getvalue()).encode()


def write_xlsx(title: str, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """Write an .xlsx file with one sheet: header in bold and kept in view, filter on, money with two decimals."""
    file = io.BytesIO()
    book = xlsxwriter.Workbook(
        file, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "remove_timezone": True}
    )
    sheet = book.add_worksheet(title[:31])
    bold = book.add_format({"bold": True, "bg_color": "#EEF0F6", "text_wrap": True, "valign": "top"})
    formats = {
        Decimal: book.add_format({"num_format": "#,##0.00"}),
        datetime: book.add_format({"num_format": "dd-mm-yyyy hh:mm"}),
        date: book.add_format({"num_format": "dd-mm-yyyy"}),
    }
    widths = [len(name) for name in header]
    sheet.write_row(0, 0, header, bold)
    last = 0
    for last, row in enumerate(rows, start=1):
        for column, cell in enumerate(row):
            _write_cell(sheet, last, column, cell, formats)
            widths[column] = max(widths[column], len(_as_csv(cell)))
    for column, width in enumerate(widths):
        sheet.set_column(column, column, min(max(width + 2, 8), 48))
    sheet.freeze_panes(1, 0)
    if header:
        sheet.autofilter(0, 0, max(last, 1), len(header) - 1)
    book.close()
    return file.getvalue()


def read_sheet(name: str, content: bytes) -> Sheet:
    """Read a file that somebody uploaded. Raises `SheetUnreadable`, `SheetTooLarge`."""
    if len(content) > MAX_BYTES:
        raise SheetTooLarge(limit=MAX_BYTES)
    lines = _read_xlsx(content) if content.startswith(b"PK") else _read_csv(name, content)
    filled = [(number, cells) for number, cells in enumerate(lines, start=1) if any(cell.strip() for cell in cells)]
    if not filled:
        raise SheetUnreadable(reason="empty")
    if len(filled) - 1 > MAX_ROWS:
        raise SheetTooLarge(limit=MAX_ROWS)
    (_first, header), *rows = filled
    return Sheet(header=[cell.strip() for cell in header], rows=rows)


def _read_xlsx(content: bytes) -> list[list[str]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(part.file_size for part in packed.infolist()) > MAX_UNPACKED_BYTES:
                raise SheetTooLarge(limit=MAX_UNPACKED_BYTES)
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        found = sheet.iter_rows(max_row=MAX_ROWS + 50, max_col=MAX_COLUMNS, values_only=True)
        return [[_as_text(value) for value in row] for row in found]
    except HeitjeError:
        raise
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, IndexError, OSError, TypeError) as error:
        raise SheetUnreadable(reason="xlsx") from error


def _read_csv(name: str, content: bytes) -> list[list[str]]:
    if not name.lower().endswith((".csv", ".txt")) or b"\x00" in content:
        raise SheetUnreadable(reason="type")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # Older Excel saves CSV in the code page of Windows.
        text = content.decode("cp1252", errors="replace")
    first = text.partition("\n")[0]
    delimiter = max((";", ",", "\t"), key=first.count)
    try:
        lines = []
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True):
            lines.append([_without_apostrophe(cell)[:MAX_CELL] for cell in row[:MAX_COLUMNS]])
            if len(lines) > MAX_ROWS + 50:
                raise SheetTooLarge(limit=MAX_ROWS)
        return lines
    except csv.Error as error:
        raise SheetUnreadable(reason="csv") from error


def _write_cell(sheet: Any, row: int, column: int, cell: Cell, formats: dict[type, Any]) -> None:
    match cell:
        case None | "":
            sheet.write_blank(row, column, None)
        case datetime():
            sheet.write_datetime(row, column, cell.astimezone(AMSTERDAM).replace(tzinfo=None), formats[datetime])
        case date():
            sheet.write_datetime(row, column, datetime.combine(cell, time()), formats[date])
        case Decimal():
            sheet.write_number(row, column, float(cell), formats[Decimal])
        case int():
            sheet.write_number(row, column, cell)
        case _:
            sheet.write_string(row, column, cell)


def _as_csv(cell: Cell) -> str:
    match cell:
        case None:
            return ""
        case datetime():
            return cell.astimezone(AMSTERDAM).strftime("%d-%m-%Y %H:%M")
        case date():
            return cell.strftime("%d-%m-%Y")
        case Decimal():
            return f"{cell:.2f}".replace(".", ",")
        case int():
            return str(cell)
        case _:
            return neutral(cell)


def _as_text(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "ja" if value else "nee"
        case datetime():
            return value.strftime("%d-%m-%Y %H:%M" if value.time() != time() else "%d-%m-%Y")
        case date():
            return value.strftime("%d-%m-%Y")
        case time():
            return value.strftime("%H:%M")
        case float():
            return str(int(value)) if value.is_integer() else repr(value).replace(".", ",")
        case _:
            return _without_apostrophe(str(value))[:MAX_CELL]


def _without_apostrophe(cell: str) -> str:
    """Take back what `neutral` did, so that a file that went out comes in as it was."""
    return cell[1:] if cell.startswith("'") and cell[1:2] in {"=", "+", "-", "@"} else cell
