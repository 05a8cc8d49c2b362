# SPDX-License-Identifier: EUPL-1.2
"""Mirrors the ledger on an EVM chain."""

from flask import Flask

from heitje.config import Settings


def init_app(app: Flask, settings: Settings) -> None:  # noqa: ARG001 - every surface is called alike
    """Register what the web app shows of the bridge; the bridge itself is a process of its own."""
    from token_bridge import admin_api

    app.extensions["heitje_api"].register_blueprint(admin_api.blueprint)
