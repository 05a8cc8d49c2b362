# SPDX-License-Identifier: EUPL-1.2
"""Imports every module that registers jobs, so that worker, schedule and web know the same ones."""

from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

PACKAGES = ("heitje", "tenants", "issuer_portal", "citizen_pwa", "token_bridge")
MARKS = ("from heitje.jobs.registry import", "from heitje.jobs.periodic import")


@cache
def load_features() -> tuple[str, ...]:
    """Import them and return their names. A module says that it has jobs by importing `job`, `every` or `daily`."""
    names = tuple(name for package in PACKAGES for name in _modules_with_jobs(package))
    for name in names:
        import_module(name)
    return names


def _modules_with_jobs(package: str) -> list[str]:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        return []
    folder = Path(spec.origin).parent
    return [
        ".".join((package, *path.relative_to(folder).with_suffix("").parts)).removesuffix(".__init__")
        for path in sorted(folder.rglob("*.py"))
        if any(mark in path.read_text(encoding="utf-8") for mark in MARKS)
    ]
