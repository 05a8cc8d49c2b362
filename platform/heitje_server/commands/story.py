# SPDX-License-Identifier: EUPL-1.2
"""Walk the whole way of a Heitje against a running server, and prove the books."""

import sys
from pathlib import Path

import click

from heitje.config import Settings


@click.command()
@click.option("--url", help="Where the server is; else that of the `heitje run` of this folder.")
@click.option("--mail-url", help="Page of its mail catcher.")
@click.option("--chain-url", help="JSON-RPC of its chain.")
@click.option(
    "--operator-tokens",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File with the tokens of two operators, a line each; else those of the demo.",
)
def command(url: str | None, mail_url: str | None, chain_url: str | None, operator_tokens: Path | None) -> None:
    """Three organisations come in, fund, publish; a citizen does a chore and pays; the shop cashes out; all is proven.

    Works as an HTTP client only, in a browser's place, so it needs a server with the demo's identity provider, payment
    peer and mail catcher. Exit code 1 at the first difference.
    """
    from heitje_server.demo.ground import operator_token
    from heitje_server.story.scene import Scene
    from heitje_server.story.walk import walk

    settings = Settings.from_environment()
    if operator_tokens is not None:
        first, second = operator_tokens.read_text(encoding="utf-8").split()
    else:
        first, second = (operator_token(settings, number) for number in (1, 2))
    scene = Scene(
        base_url=(url or settings.public_url).rstrip("/"),
        mail_url=mail_url or settings.mail_catcher_url,
        chain_url=chain_url or settings.chain_url,
        operator_tokens=(first, second),
    )
    if not scene.mail_url or not scene.chain_url:
        raise click.ClickException("No server of `heitje run` is found here. Start one, or give the addresses.")
    sys.exit(0 if walk(scene, click.echo) else 1)
