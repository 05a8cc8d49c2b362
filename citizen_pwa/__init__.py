# SPDX-License-Identifier: EUPL-1.2
"""The phone app of citizens, and the shop's till."""

from flask import Flask

from heitje.config import Settings


def init_app(app: Flask, settings: Settings) -> None:
    """Register the pages of this package."""
