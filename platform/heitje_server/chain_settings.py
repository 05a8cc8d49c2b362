# SPDX-License-Identifier: EUPL-1.2
"""From settings to what the bridge works with: node, keys, secret. For the commands of bridge and chain."""

from dataclasses import replace

import click

from heitje.config import Settings
from token_bridge.bridge import Rules
from token_bridge.chain import Chain
from token_bridge.keys import KeyUnreadable, home_keys, settler_key
from token_bridge.run import Orders


def orders_from(settings: Settings, *, rules: Rules | None = None, admin: str | None = None) -> Orders:
    """Return what the bridge is told; raises `click.ClickException` that says which setting is missing."""
    if len(settings.secret_key) < 32:
        raise click.ClickException("Set SECRET_KEY: at least 32 characters, the same for ever.")
    home = settings.heitje_home.resolve()
    try:
        signer = settler_key(settings.chain_key_file, home)
        orders = Orders(
            chain=Chain(chain_url(settings)),
            signer=signer,
            secret=settings.secret_key.encode(),
            rules=rules or Rules(confirmations=settings.chain_confirmations),
            chain_id=settings.chain_id,
        )
        if admin is not None:
            return replace(orders, admin=bytes.fromhex(admin.removeprefix("0x")))
        # A key of one's own wants an administrator of one's own; the made one has a made one beside it.
        return orders if settings.chain_key_file else replace(orders, admin=home_keys(home)[1].address)
    except (KeyUnreadable, OSError) as error:
        raise click.ClickException(f"CHAIN_KEY_FILE: {error}") from error


def chain_url(settings: Settings) -> str:
    """Return the node's address: CHAIN_URL, or what a `heitje chain` on this home has left."""
    if settings.chain_url:
        return settings.chain_url
    left = settings.heitje_home / "chain.url"
    if left.exists():
        return left.read_text().strip()
    raise click.ClickException("Set CHAIN_URL, or start `heitje chain` for the embedded one.")
