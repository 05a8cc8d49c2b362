# SPDX-License-Identifier: EUPL-1.2
"""Say what is missing on this machine and how to mend it."""

import os
import sys
from collections.abc import Callable

import click

from heitje.config import Settings, SettingUnreadable
from heitje_server.examination import MACHINE, SERVICES, Finding, Grade

MARKS = {Grade.GOOD: "✓", Grade.POOR: "!", Grade.BAD: "✗"}


@click.command()
def command() -> None:
    """Look at the machine, and at the services that the settings name. Exit code 1 if something must be mended.

    Beside a running `heitje run` it looks at that one's services; alone, with nothing set, at what `heitje run` needs.
    """
    findings = [examine() for examine in MACHINE]
    try:
        settings = Settings.from_environment()
    except SettingUnreadable as error:
        findings.append(Finding("settings", Grade.BAD, str(error), "Correct that variable."))
    else:
        findings += _services(settings)
    for finding in findings:
        _show(finding)
    if any(finding.grade is Grade.BAD for finding in findings):
        sys.exit(1)


def _services(settings: Settings) -> list[Finding]:
    if not os.environ.get("DATABASE_URL"):
        return [Finding("services", Grade.GOOD, "none is set: heitje run brings its own")]
    examinations: tuple[Callable[[Settings], Finding], ...] = SERVICES
    return [examine(settings) for examine in examinations]


def _show(finding: Finding) -> None:
    click.echo(f"{MARKS[finding.grade]} {finding.subject}: {finding.found}")
    if finding.remedy and finding.grade is not Grade.GOOD:
        click.echo(f"    {finding.remedy}")
