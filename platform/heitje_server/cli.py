# SPDX-License-Identifier: EUPL-1.2
"""The command line: `heitje COMMAND`, with one file per command in `heitje_server/commands/`."""

import ast
import os
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules

import click

from heitje_server import commands


class CommandFolder(click.Group):
    """Commands that are files: found by name, imported when run, described by their docstrings."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        return sorted(found.name.replace("_", "-") for found in iter_modules(commands.__path__))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        command: click.Command = import_module(_module_of(cmd_name)).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, _first_line(name)) for name in self.list_commands(ctx)])


def _module_of(command: str) -> str:
    return f"{commands.__name__}.{command.replace('-', '_')}"


def _first_line(command: str) -> str:
    """Read what a command says of itself without importing it."""
    spec = find_spec(_module_of(command))
    if spec is None or spec.origin is None:
        return ""
    text = ast.get_docstring(ast.parse(Path(spec.origin).read_text(encoding="utf-8"))) or ""
    return text.partition("\n")[0]


@click.group(cls=CommandFolder, context_settings={"help_option_names": ["-h", "--help"]})
def heitje() -> None:
    """Heitje: chores, rewards and a local currency.

    `heitje run` starts everything on this machine. Settings come from the environment; beside a running
    `heitje run`, other commands use its settings unless you set your own.
    """
    from heitje_server.running import adopt_settings

    adopt_settings(os.environ)


def main() -> None:
    """Run the command; a refusal is one clear message and exit code 1."""
    from heitje.config import SettingUnreadable
    from heitje.errors import HeitjeError
    from heitje_server.embedded.supervisor import CannotStart

    try:
        heitje()
    except (CannotStart, SettingUnreadable) as error:
        sys.exit(f"heitje: {error}")
    except HeitjeError as error:
        facts = ", ".join(f"{name}: {value}" for name, value in error.facts.items())
        sys.exit(f"heitje: {error.title}" + (f" ({facts})" if facts else ""))


if __name__ == "__main__":
    main()
