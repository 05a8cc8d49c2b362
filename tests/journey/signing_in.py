# SPDX-License-Identifier: EUPL-1.2
"""Signs people in as they do it themselves."""

import re

from playwright.sync_api import Page, expect

from tests.journey.looking import Findings
from tests.journey.town import Town


def sign_in_at_the_provider(page: Page, start: str, name: str) -> None:
    """Press the button of the way in at `start`, then that of this person at the demo's identity provider."""
    page.goto(start)
    page.locator("form[action*='/sign-in'] button").first.click()
    page.get_by_role("button", name=name).click()
    page.wait_for_url("**/portal/**")


def sign_in_by_code(page: Page, town: Town, start: str, email: str, seen: Findings | None = None) -> None:
    """Type an address, fetch the code from the mail, type it; `seen` looks at both pages."""
    scene = town.scene()
    before = len(scene.mails_to(email))
    page.goto(f"{town.url}{start}")
    if seen:
        seen.look_at(page, f"sign in at {start}", narrow=True)
    page.locator("input[name=email]").fill(email)
    page.get_by_role("button", name=re.compile("Stuur mij een code")).click()
    code = page.locator("input[name=code]")
    expect(code).to_be_visible()
    if seen:
        seen.look_at(page, f"code at {start}", narrow=True)
    code.fill(scene.code_for(email, before=before))
    page.locator("main form", has=code).get_by_role("button").first.click()
    expect(code).to_have_count(0)
