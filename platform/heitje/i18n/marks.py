# SPDX-License-Identifier: EUPL-1.2
"""Marks texts of code that knows no web, so that they are collected for translation; the edge translates them."""


def N_(text: str) -> str:  # noqa: N802 - the name that gettext's tools know
    """Return the message id as it is."""
    return text
