# SPDX-License-Identifier: EUPL-1.2
"""Tells the story: each step with its time, and the first difference where there is one."""

import time
from collections.abc import Callable

from heitje_server.story import coming_in, doing, spending
from heitje_server.story.scene import Scene
from heitje_server.story.visitor import Difference

STEPS: tuple[Callable[[Scene], str], ...] = (
    coming_in.three_organisations_sign_up,
    coming_in.they_ask_to_take_part,
    coming_in.two_operators_admit_them,
    coming_in.they_fund_a_budget_line,
    doing.chores_are_published_by_form_and_by_upload,
    doing.a_citizen_finds_and_claims_a_chore,
    doing.the_citizen_does_it_and_hands_in,
    doing.an_approver_asks_for_more_then_approves,
    doing.a_second_claim_is_rejected_with_a_reason,
    spending.the_citizen_pays_in_a_shop,
    spending.the_shop_cashes_out,
    spending.the_tenant_is_billed,
    spending.the_books_are_proven,
    spending.the_chain_says_the_same,
)


def walk(scene: Scene, say: Callable[[str], None]) -> bool:
    """Walk all steps; whether the server did everything as it should. Stops at the first difference."""
    begun = time.monotonic()
    for number, step in enumerate(STEPS, start=1):
        started = time.monotonic()
        name = step.__name__.replace("_", " ")
        try:
            outcome = step(scene)
        except (Difference, OSError) as difference:
            say(f"{number:>2}  {time.monotonic() - started:6.2f} s  {name}\n    DIFFERENT: {difference}")
            return False
        say(f"{number:>2}  {time.monotonic() - started:6.2f} s  {name}: {outcome}")
    say(f"    {time.monotonic() - begun:6.2f} s  the whole way, and the books are proven.")
    return True
