# SPDX-License-Identifier: EUPL-1.2
"""The words of each kind of message. `%(title)s` takes the fact of that name; `%(reward)s` takes `reward_cents`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from heitje.cents import in_heitjes
from heitje.i18n.texts import text_in


def N_(text: str) -> str:  # noqa: N802 - gettext's name for "translate this where it is shown"
    """Mark a text for the catalogue."""
    return text


@dataclass(frozen=True, kw_only=True)
class Text:
    """What is said: a subject, paragraphs (one whose facts are all empty is left out), and where to look."""

    subject: str
    paragraphs: tuple[str, ...]
    link: str = ""
    """Path on this site, with facts."""
    button: str = ""
    by_mail: bool = True


@dataclass(frozen=True, kw_only=True)
class Said:
    """A message in the words of one language."""

    subject: str
    paragraphs: tuple[str, ...]
    link: str
    button: str


class _Facts(dict[str, str]):
    def __missing__(self, name: str) -> str:
        return ""


def said(kind: str, facts: Mapping[str, Any], language: str) -> Said:
    """Return a message of this kind in words. Amounts are written as people read them."""
    text = TEXTS[kind]
    values = _Facts({name: str(value) for name, value in facts.items()})
    for name, value in facts.items():
        if name.endswith("_cents"):
            values[name.removesuffix("_cents")] = in_heitjes(value)
    paragraphs = [(paragraph, text_in(language, paragraph)) for paragraph in text.paragraphs]
    return Said(
        subject=" ".join((text_in(language, text.subject) % values).split()),
        paragraphs=tuple(
            translated % values for paragraph, translated in paragraphs if not _says_nothing(paragraph, values)
        ),
        link=text.link % values,
        button=text_in(language, text.button) if text.button else "",
    )


def _says_nothing(paragraph: str, values: _Facts) -> bool:
    """Tell whether a paragraph is about one fact that is empty, such as a remark nobody made."""
    return "%(" in paragraph and paragraph % values == paragraph % _Facts()


OPEN_CLAIM = N_("Look at your chore")
OPEN_PORTAL = N_("Open the portal")
OPEN_TILL = N_("Open the till")
LOOK_AT_CHORES = N_("Look at the chores")

TEXTS: Mapping[str, Text] = {
    "claim-approved": Text(
        subject=N_("Thank you! %(reward)s Heitjes for %(title)s"),
        paragraphs=(
            N_("Your work is approved: %(title)s. %(reward)s Heitjes are in your wallet now."),
            "“%(thanks)s”",
        ),
        link="/claims/%(claim_id)s",
        button=OPEN_CLAIM,
    ),
    "claim-approved-waiting": Text(
        subject=N_("Thank you! Your work is approved: %(title)s"),
        paragraphs=(
            N_("Your work is approved: %(title)s."),
            N_(
                "You reached the yearly limit. Your %(reward)s Heitjes follow as soon as there is room. You need do nothing."
            ),
            "“%(thanks)s”",
        ),
        link="/claims/%(claim_id)s",
        button=OPEN_CLAIM,
    ),
    "claim-rewarded": Text(
        subject=N_("%(reward)s Heitjes for %(title)s are in your wallet"),
        paragraphs=(
            N_("There is room under the yearly limit again: %(reward)s Heitjes are in your wallet now."),
            N_("They are for the work that was approved before: %(title)s."),
        ),
        link="/claims/%(claim_id)s",
        button=OPEN_CLAIM,
    ),
    "claim-rejected": Text(
        subject=N_("Your work was not approved: %(title)s"),
        paragraphs=(
            N_("The organisation looked at your work and did not approve it: %(title)s."),
            N_("The reason: %(reason)s"),
        ),
        link="/claims/%(claim_id)s",
        button=OPEN_CLAIM,
    ),
    "claim-needs-more": Text(
        subject=N_("A little more is needed: %(title)s"),
        paragraphs=(
            N_("The organisation asks you for something more before it can approve: %(title)s."),
            N_("What is needed: %(reason)s"),
        ),
        link="/claims/%(claim_id)s",
        button=OPEN_CLAIM,
    ),
    "claim-confirmed": Text(
        subject=N_("The chore is yours: %(title)s"),
        paragraphs=(N_("Your place is held: %(title)s."), N_("When: %(when)s"), N_("Where: %(place)s")),
        link="/claims/%(claim_id)s",
        button=OPEN_CLAIM,
    ),
    "claim-expired": Text(
        subject=N_("Your place has expired: %(title)s"),
        paragraphs=(N_("You did not start in time, so your place is free for somebody else: %(title)s."),),
        link="/",
        button=N_("Find another chore"),
    ),
    "vetting-invited": Text(
        subject=N_("%(organisation)s would like to meet you"),
        paragraphs=(
            N_("You asked to be vetted, so that you can do chores for which %(organisation)s wants to know you first."),
            N_("What they write: %(note)s"),
        ),
        link="/?kind=%(category)s",
        button=LOOK_AT_CHORES,
    ),
    "vetting-accepted": Text(
        subject=N_("%(organisation)s has vetted you"),
        paragraphs=(
            N_("From now on you can sign up for chores for which %(organisation)s wanted to know you first."),
            N_("This holds until %(until)s."),
        ),
        link="/?kind=%(category)s",
        button=LOOK_AT_CHORES,
    ),
    "vetting-refused": Text(
        subject=N_("%(organisation)s has not vetted you"),
        paragraphs=(
            N_("You asked %(organisation)s to be vetted. They decided not to do so."),
            N_("The reason: %(reason)s"),
        ),
        link="/",
        button=N_("Find another chore"),
    ),
    "vetting-revoked": Text(
        subject=N_("Your vetting with %(organisation)s has ended"),
        paragraphs=(
            N_("You cannot sign up any more for chores for which %(organisation)s wants to know you first."),
            N_("The reason: %(reason)s"),
            N_("What you signed up for before stays yours, unless they tell you otherwise."),
        ),
        link="/my-chores",
        button=N_("To my chores"),
    ),
    "payment-receipt": Text(
        subject=N_("You paid %(amount)s Heitjes at %(shop_name)s"),
        paragraphs=(N_("You paid %(amount)s Heitjes at %(shop_name)s."),),
        link="/wallet",
        by_mail=False,
    ),
    "payment-refunded": Text(
        subject=N_("%(shop_name)s gave you %(amount)s Heitjes back"),
        paragraphs=(N_("%(shop_name)s gave you %(amount)s Heitjes back. They are in your wallet now."),),
        link="/wallet",
        by_mail=False,
    ),
    "member-invited": Text(
        subject=N_("%(organisation)s invites you to Heitje"),
        paragraphs=(
            N_("You can work with Heitje for %(organisation)s."),
            N_("Sign in with the account of your organisation, with this e-mail address."),
        ),
        link="/portal/%(slug)s/",
        button=OPEN_PORTAL,
    ),
    "tenant-admitted": Text(
        subject=N_("%(organisation)s is admitted to Heitje"),
        paragraphs=(N_("%(organisation)s may now publish chores with real Heitjes."),),
        link="/portal/%(slug)s/",
        button=OPEN_PORTAL,
    ),
    "tenant-refused": Text(
        subject=N_("%(organisation)s is not admitted to Heitje"),
        paragraphs=(
            N_("The platform has decided not to admit %(organisation)s now. You can go on practising."),
            N_("The reason: %(reason)s"),
        ),
        link="/portal/%(slug)s/",
        button=OPEN_PORTAL,
    ),
    "funding-received": Text(
        subject=N_("%(amount)s Heitjes received for %(budget)s"),
        paragraphs=(N_("Your payment has arrived. The budget %(budget)s has %(amount)s Heitjes more."),),
        link="/portal/%(slug)s/",
        button=OPEN_PORTAL,
    ),
    "invoice-sent": Text(
        subject=N_("Invoice %(number)s for %(organisation)s"),
        paragraphs=(N_("Invoice %(number)s of %(amount)s euros stands in the portal."), N_("Pay before %(due_on)s.")),
        link="/portal/%(slug)s/",
        button=OPEN_PORTAL,
    ),
    "payout-paid": Text(
        subject=N_("%(amount)s euros are on your account"),
        paragraphs=(N_("The payout of %(amount)s euros was paid."), N_("Reference on your statement: %(reference)s")),
        link="/till",
        button=OPEN_TILL,
    ),
    "payout-returned": Text(
        subject=N_("The bank returned your payout"),
        paragraphs=(
            N_("The bank could not pay %(amount)s euros to your account. The Heitjes are back with you."),
            N_("The reason: %(reason)s"),
            N_("Look whether the account number and the name on it are right."),
        ),
        link="/till",
        button=OPEN_TILL,
    ),
    "iban-changed": Text(
        subject=N_("The account number of %(shop_name)s was changed"),
        paragraphs=(
            N_("From now on payouts go to an account that ends in %(last_digits)s."),
            N_("Was it not you? Call us today: the first payout to a new account waits."),
        ),
        link="/till",
        button=OPEN_TILL,
    ),
}
