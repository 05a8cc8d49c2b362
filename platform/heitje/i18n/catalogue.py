# SPDX-License-Identifier: EUPL-1.2
"""The catalogues: `python -m heitje.i18n.catalogue extract|compile|check`.

`extract` collects every text of all packages into the Dutch catalogue, `compile` writes what gettext reads,
`check` fails where a Dutch text is missing or doubtful. English needs no catalogue: message ids are English.
"""

import ast
import os
import sys
import tempfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[3]
PACKAGES = ("platform/heitje", "platform/heitje_server", "tenants", "issuer_portal", "citizen_pwa", "token_bridge")
CONFIG = Path(__file__).with_name("babel.cfg")
KEYWORDS = {
    "_": None, "gettext": None, "ngettext": (1, 2), "lazy_gettext": None, "_l": None, "N_": None,
    "pgettext": ((1, "c"), 2), "npgettext": ((1, "c"), 2, 3), "lazy_ngettext": (1, 2), "text_in": (2,),
}  # fmt: skip


def compile_catalogues(*, only_stale: bool = False) -> list[Path]:
    """Write each `.mo` next to its `.po` and return those written.

    `only_stale` skips what is newer than its source. A folder that may not be written to is left alone:
    there the wheel brought the compiled catalogue.
    """
    written = []
    for source in sorted(Path(__file__).parent.glob("*/LC_MESSAGES/messages.po")):
        target = source.with_suffix(".mo")
        if only_stale and target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
            continue
        if not os.access(source.parent, os.W_OK):
            continue
        compiled = BytesIO()
        write_mo(compiled, _read(source))
        # Several server processes start at once: each writes its own file and renames it into place.
        with tempfile.NamedTemporaryFile(dir=source.parent, delete=False) as temporary:
            temporary.write(compiled.getvalue())
        Path(temporary.name).chmod(0o644)
        Path(temporary.name).replace(target)
        written.append(target)
    return written


def extract(root: Path = ROOT) -> None:
    """Bring the Dutch catalogue up to date with the texts in code and templates; keeps what is translated."""
    texts = texts_in_use(root)
    for path in sorted(Path(__file__).parent.glob("*/LC_MESSAGES/messages.po")):
        catalogue = _read(path)
        catalogue.update(texts, no_fuzzy_matching=True, update_header_comment=False, update_creation_date=False)
        catalogue.obsolete.clear()
        with path.open("wb") as file:
            write_po(file, catalogue, width=110, sort_by_file=True, omit_header=False, include_lineno=False)


def texts_in_use(root: Path = ROOT) -> Catalog:
    """Collect all message ids of the packages, titles of refusals included."""
    methods, options = _config()
    found = Catalog(project="heitje", charset="utf-8")
    for package in PACKAGES:
        folder = root / package
        for name, line, message, comments, context in extract_from_dir(
            str(folder), method_map=methods, options_map=options, keywords=KEYWORDS, comment_tags=("Translators:",)
        ):
            found.add(message, locations=[(f"{package}/{name}", line)], auto_comments=comments, context=context)
        for path in sorted(folder.rglob("*.py")):
            for line, title in _titles_of_refusals(path):
                found.add(title, locations=[(str(path.relative_to(root)), line)])
    return found


def missing(root: Path = ROOT) -> list[str]:
    """List message ids without a certain Dutch text."""
    dutch = _read(Path(__file__).parent / "nl/LC_MESSAGES/messages.po")
    gaps = []
    for message in texts_in_use(root):
        if not message.id:
            continue
        known = dutch.get(message.id, message.context)
        strings = [] if known is None else [known.string] if isinstance(known.string, str) else list(known.string or ())
        if known is None or known.fuzzy or not strings or not all(strings):
            gaps.append(message.id if isinstance(message.id, str) else message.id[0])
    return gaps


def _titles_of_refusals(path: Path) -> Iterator[tuple[int, str]]:
    """Find `title = "..."` in classes that also have a `code`: refusals, translated where they are shown."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.ClassDef):
            continue
        values = {}
        for statement in node.body:
            target = statement.targets[0] if isinstance(statement, ast.Assign) else getattr(statement, "target", None)
            if isinstance(target, ast.Name):
                values[target.id] = getattr(statement, "value", None)
        title = values.get("title")
        if "code" in values and isinstance(title, ast.Constant) and isinstance(title.value, str):
            yield title.lineno, title.value


def _config() -> tuple[list[tuple[str, str]], dict[str, dict[str, str]]]:
    from babel.messages.frontend import parse_mapping_cfg

    with CONFIG.open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)  # type: ignore[no-untyped-call]
    return methods, options


def _read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=path.parts[-3])


def main(arguments: list[str]) -> int:
    """Do what the first argument says; return the exit code."""
    match arguments:
        case ["extract"]:
            extract()
        case ["compile"]:
            compile_catalogues()
        case ["check"]:
            gaps = missing()
            for gap in gaps:
                sys.stderr.write(f"no Dutch for: {gap}\n")
            return 1 if gaps else 0
        case _:
            sys.stderr.write("usage: python -m heitje.i18n.catalogue extract|compile|check\n")
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
