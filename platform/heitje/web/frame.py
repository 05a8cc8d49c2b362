# SPDX-License-Identifier: EUPL-1.2
"""What stands around a page: brand, tabs, balance, who is signed in. A surface sets it once per request."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from flask import g, has_request_context, request

from heitje.cents import Cents
from heitje.web.theme import DEFAULT_COLOUR


@dataclass(frozen=True, kw_only=True)
class Tab:
    """One place in the navigation. `icon` is a name of lucide; `count` shows a small number, such as claims waiting."""

    label: str
    url: str
    icon: str
    count: int = 0
    exact: bool = False
    """Active only on this very address; else also on everything below it."""
    also: tuple[str, ...] = ()
    """Other addresses on which, and below which, this tab is active."""

    @property
    def is_active(self) -> bool:
        """Tell whether the page asked for lies here."""
        if not has_request_context():
            return False
        path, here = self.url.split("?")[0].rstrip("/"), request.path.rstrip("/")
        if any(here == other or here.startswith(f"{other}/") for other in self.also):
            return True
        return here == path or (not self.exact and bool(path) and here.startswith(path + "/"))


@dataclass(frozen=True, kw_only=True)
class TabGroup:
    """Tabs under a heading, for the portal's side."""

    label: str
    tabs: Sequence[Tab]


@dataclass(frozen=True, kw_only=True)
class Frame:
    """The surroundings of a page."""

    name: str = "Heitje"
    """Of the app or the organisation, in bold in the top bar."""
    place: str = ""
    """Second line: scheme, municipality, shop or department."""
    brand_colour: str = DEFAULT_COLOUR
    """Six hexadecimal digits."""
    home_url: str = "/"
    tabs: Sequence[Tab] = ()
    """At most five in the phone app."""
    groups: Sequence[TabGroup] = ()
    """Below `tabs` in the portal."""
    balance_cents: Cents | None = None
    """Shown in the yellow pill; None hides it."""
    balance_url: str = ""
    person: str = ""
    """Name of who is signed in, empty for nobody."""
    person_key: str = ""
    """Opaque mark of the person: when it changes, the phone forgets the pages of the one before."""
    account_url: str = ""
    sign_in_url: str = ""
    sign_out_url: str = ""
    """Gets a POST."""
    links: Sequence[tuple[str, str]] = field(default=())
    """Of the footer: (text, address)."""


def frame_page(**changes: Any) -> None:
    """Set fields of this request's frame; call it in a surface's `before_request` and, for more, in a view."""
    g.frame = replace(current_frame(), **changes)


def current_frame() -> Frame:
    """Return the surroundings of this page: what was set, else the plain ones."""
    frame: Frame | None = g.get("frame")
    return frame if frame is not None else Frame()
