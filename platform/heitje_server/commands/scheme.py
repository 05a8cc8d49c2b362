# SPDX-License-Identifier: EUPL-1.2
"""Open a scheme: a token with its rules, before organisations and shops can come in."""

from datetime import datetime

import click
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from heitje.allowance.cap import set_cap_rule
from heitje.audit import CONSOLE
from heitje.cents import AmountUnreadable, parse_cents
from heitje.clock import now
from heitje.config import Settings
from heitje.errors import InvalidInput
from heitje.ledger.opening import open_scheme
from heitje.schemes import Category, Scheme
from heitje_server.connections import operator_session

DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.group(name="scheme")
def command() -> None:
    """Everything of money hangs on a scheme. Neighbourhoods: `heitje neighbourhoods import FILE --scheme SLUG`."""


@command.command(name="open")
@click.argument("slug")
@click.argument("name")
@click.argument("area")
@click.option("--guaranteed-until", type=DAY, required=True, help="Until then shops surely get euros for Heitjes.")
@click.option("--play-money", is_flag=True, help="For practising: never meets real Heitjes.")
def open_one(slug: str, name: str, area: str, guaranteed_until: datetime, *, play_money: bool) -> None:
    """Open scheme SLUG with its NAME for AREA, and the usual kinds of chores if there are none yet."""
    try:
        with operator_session(Settings.from_environment()) as session:
            open_scheme(
                session,
                slug=slug,
                name=name,
                area_name=area,
                guaranteed_until=guaranteed_until.date(),
                by=CONSOLE,
                at=now(),
                play_money=play_money,
            )
            add_usual_categories(session)
    except IntegrityError as error:
        raise click.ClickException(f"{slug!r} is taken, or is not of the form a-z, 0-9 and hyphens.") from error
    click.echo(f"Scheme {slug} is open. Next: its yearly cap (heitje scheme cap), two operators (heitje operator add).")


@command.command(name="cap")
@click.argument("slug")
@click.argument("limit")
@click.option("--from", "valid_from", type=DAY, required=True)
@click.option("--until", "valid_until", type=DAY, required=True)
@click.option("--ruling", required=True, help="The document behind it, as it can be found again.")
@click.option("--authority", required=True)
@click.option("--review-on", type=DAY, required=True)
def cap(
    slug: str,
    limit: str,
    *,
    valid_from: datetime,
    valid_until: datetime,
    ruling: str,
    authority: str,
    review_on: datetime,
) -> None:
    """Put in force how many Heitjes (LIMIT, as in 1500) a person may earn a year in scheme SLUG."""
    try:
        with operator_session(Settings.from_environment()) as session:
            scheme = session.scalar(select(Scheme).where(Scheme.slug == slug))
            if scheme is None:
                raise click.ClickException(f"There is no scheme {slug!r}.")
            set_cap_rule(
                session,
                scheme_id=scheme.id,
                limit_cents=parse_cents(limit),
                valid_from=valid_from.date(),
                valid_until=valid_until.date(),
                ruling=ruling,
                authority=authority,
                review_on=review_on.date(),
            )
    except AmountUnreadable as error:
        raise click.ClickException(f"{limit!r} is no amount. Write it as 1500 or 1500,00.") from error
    except InvalidInput as refused:
        raise click.ClickException("The end must not be before the start.") from refused
    click.echo(f"From {valid_from:%Y-%m-%d} to {valid_until:%Y-%m-%d} a person may earn {limit} a year in {slug}.")


def add_usual_categories(session: Session) -> None:
    """Add the kinds of chores that towns start with, unless there are some."""
    from heitje_server.demo.files import read_categories

    if session.scalar(select(Category.code).limit(1)) is not None:
        return
    session.add_all(
        Category(
            code=category.code,
            name_nl=category.name_nl,
            name_en=category.name_en,
            icon=category.icon,
            evidence_default="+".join(category.evidence),
            needs_vetting=category.needs_vetting,
            min_age=category.min_age,
            position=position,
        )
        for position, category in enumerate(read_categories())
    )
