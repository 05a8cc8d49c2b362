# SPDX-License-Identifier: EUPL-1.2
"""What the demo town stands on: scheme, neighbourhoods, kinds of chores, the yearly cap, two operators, a price list."""

import json
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from heitje.allowance.cap import set_cap_rule
from heitje.audit import Actor
from heitje.clock import local_day, now
from heitje.config import Settings
from heitje.db.session import Databases
from heitje.identity.models import Operator
from heitje.identity.operators import add_operator
from heitje.ledger.opening import open_scheme
from heitje.neighbourhoods import import_neighbourhoods
from heitje_server.commands.scheme import add_usual_categories
from heitje_server.demo.files import NEIGHBOURHOODS_FILE
from heitje_server.embedded.remembered import remembered_secret
from tenants.billing.tariff import EXAMPLE, publish_tariff, read_price_list

DEMO = Actor(kind="system", id="demo")
OPERATORS = (("Olga Operator", "olga@operator.example.org"), ("Otto Operator", "otto@operator.example.org"))
"""Two, because admitting and paying out take two people."""
CAP_CENTS = 1_500_00
"""The pilot's yearly cap a person, R21."""


def operator_token(settings: Settings, number: int) -> str:
    """Return the bearer token of the demo's first or second operator; made up on this machine, kept in its home."""
    return remembered_secret(settings.heitje_home, f"operator-token-{number}")


def operators(session: Session) -> list[Actor]:
    """Return the demo's two operators as those who act."""
    emails = [email for _, email in OPERATORS]
    ids = session.scalars(select(Operator.id).where(Operator.email.in_(emails)).order_by(Operator.email))
    return [Actor(kind="operator", id=str(operator_id)) for operator_id in ids]


def lay_ground(databases: Databases, settings: Settings) -> UUID:
    """Make the scheme and everything that all issuers and shops share; returns the scheme's id."""
    today = local_day(now())
    with databases.across_tenants() as session:
        scheme_id = open_scheme(
            session,
            slug="heerlen",
            name="Heerlens Heitje",
            area_name="Heerlen",
            guaranteed_until=today + timedelta(days=730),
            by=DEMO,
            at=now(),
        ).id
        import_neighbourhoods(session, json.loads(NEIGHBOURHOODS_FILE.read_text(encoding="utf-8")), scheme_id=scheme_id)
        add_usual_categories(session)
        _add_cap_rules(session, scheme_id, today)
        _add_operators(session, settings)
        publish_tariff(session, read_price_list(EXAMPLE.read_text(encoding="utf-8")), by=DEMO, at=now())
    return scheme_id


def _add_cap_rules(session: Session, scheme_id: UUID, today: date) -> None:
    set_cap_rule(
        session,
        scheme_id=scheme_id,
        limit_cents=CAP_CENTS,
        valid_from=date(today.year - 1, 1, 1),
        valid_until=date(today.year + 2, 12, 31),
        ruling="Demo: vaststellingsbesluit (verzonnen)",
        authority="Belastingdienst (demo)",
        review_on=date(today.year + 2, 6, 30),
    )


def _add_operators(session: Session, settings: Settings) -> None:
    for number, (name, email) in enumerate(OPERATORS, start=1):
        add_operator(session, name=name, email=email, by=DEMO, at=now(), token=operator_token(settings, number))
