# SPDX-License-Identifier: EUPL-1.2
"""Whom the organisations of the demo town know, and who waits to get to know them."""

from datetime import timedelta
from uuid import UUID

from heitje.chores.vetting import accept_vetting, ask_to_be_vetted, invite_to_vetting
from heitje.clock import local_day, now
from heitje.db.session import Databases
from heitje.identity.roles import Role
from heitje_server.demo.issuers import Issuer
from heitje_server.demo.town import Town

VETTED = (
    # citizen, organisation, kind of chores, days ago.
    ("amina.bouzid@example.org", "lampenlicht", "care", 17),
    ("trees.habets@example.org", "lampenlicht", "care", 11),
    ("mila.jansen@example.org", "gemeente-heerlen", "watch", 13),
)
ASKED = (
    # and what the organisation wrote already, if anything.
    ("jan.kusters@example.org", "lampenlicht", "care", 4, ""),
    (
        "sophie.baggen@example.org",
        "lampenlicht",
        "care",
        2,
        "Dag! Kom dinsdag om 10 uur naar het ontmoetingshuis in Grasbroek. Neem uw VOG mee, als u die al hebt.",
    ),
    ("henk.lardinois@example.org", "gemeente-heerlen", "watch", 3, ""),
)
HOLDS = timedelta(days=365)


def let_people_meet(databases: Databases, issuers: dict[str, Issuer], town: Town) -> None:
    """Let citizens ask to be vetted, and organisations accept some and write to another."""
    for email, slug, category_code, days_ago in VETTED:
        issuer, at = issuers[slug], now() - timedelta(days=days_ago)
        asked_id = _ask(databases, issuer, town, email, category_code, days_ago + 2)
        with databases.as_tenant(issuer.tenant_id) as session:
            accept_vetting(
                session, asked_id, valid_until=local_day(at) + HOLDS, by=issuer.who_may(Role.APPROVER), at=at
            )
    for email, slug, category_code, days_ago, note in ASKED:
        issuer = issuers[slug]
        asked_id = _ask(databases, issuer, town, email, category_code, days_ago)
        if note:
            with databases.as_tenant(issuer.tenant_id) as session:
                invite_to_vetting(session, asked_id, note=note, by=issuer.who_may(Role.APPROVER), at=now())


def _ask(databases: Databases, issuer: Issuer, town: Town, email: str, category_code: str, days_ago: int) -> UUID:
    claimant, at = town.citizens[email], now() - timedelta(days=days_ago)
    with databases.as_citizen(claimant.citizen_id) as session:
        return ask_to_be_vetted(
            session,
            tenant_id=issuer.tenant_id,
            category_code=category_code,
            claimant=claimant,
            until=local_day(at),
            at=at,
        ).id
