# SPDX-License-Identifier: EUPL-1.2
"""The yearly cap: a dated rule, a hold per claim, room that no issuer can look into (R21, R25, D1)."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID, uuid4

from sqlalchemy import func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from heitje.cents import Cents
from heitje.db.base import Base
from heitje.errors import HeitjeError, InvalidInput
from heitje.ledger.errors import refusals


class CapRule(Base):
    """A limit in cents a person and calendar year, in force between two days, with the ruling behind it."""

    __tablename__ = "cap_rules"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    scheme_id: Mapped[UUID]
    limit_cents: Mapped[Cents]
    valid_from: Mapped[date]
    valid_until: Mapped[date]
    ruling: Mapped[str]
    authority: Mapped[str]
    review_on: Mapped[date]


class CapRoom(Base):
    """What one citizen has held and earned under one rule in one year. Only the citizen reads it."""

    __tablename__ = "cap_rooms"

    citizen_id: Mapped[UUID] = mapped_column(primary_key=True)
    rule_id: Mapped[UUID] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    limit_cents: Mapped[Cents]
    held_cents: Mapped[Cents]
    committed_cents: Mapped[Cents]


class YearlyCapReached(HeitjeError):
    """The reward would lift the citizen above the yearly cap. Facts: room_cents, limit_cents, reward_cents."""

    code = "yearly-cap-reached"
    title = "With this chore you would earn more than you may in one year. Choose a chore with a smaller reward."


class NoCapRule(HeitjeError):
    """No ruling is in force on that day, so nobody may earn."""

    code = "no-cap-rule"
    title = "You cannot earn Heitjes at the moment: the tax ruling is not in force."


REFUSALS: dict[str, type[HeitjeError]] = {"HJ010": YearlyCapReached, "HJ011": NoCapRule}


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """A citizen's own view of a year: what was earned, what is held for claims, the limit."""

    year: int
    limit_cents: Cents
    held_cents: Cents
    committed_cents: Cents

    @property
    def room_cents(self) -> Cents:
        """What can still be claimed this year."""
        return self.limit_cents - self.held_cents - self.committed_cents


def set_cap_rule(  # noqa: PLR0913 - a dated rule with the document behind it
    session: Session,
    *,
    scheme_id: UUID,
    limit_cents: Cents,
    valid_from: date,
    valid_until: date,
    ruling: str,
    authority: str,
    review_on: date,
) -> CapRule:
    """Put a rule in force between two days. Operator's session. Raises `InvalidInput` for days in the wrong order."""
    if valid_until < valid_from:
        raise InvalidInput({"valid_until": ["The end must not be before the start."]})
    rule = CapRule(
        id=uuid4(),
        scheme_id=scheme_id,
        limit_cents=limit_cents,
        valid_from=valid_from,
        valid_until=valid_until,
        ruling=ruling,
        authority=authority,
        review_on=review_on,
    )
    session.add(rule)
    session.flush()
    return rule


def hold_room(
    session: Session, *, scheme_id: UUID, claim_id: UUID, tenant_id: UUID, reward_cents: Cents, on: date
) -> None:
    """Set room aside for a claim of the citizen whose session this is. Holding twice for one claim holds once.

    Raises `YearlyCapReached` or `NoCapRule`; both are the citizen's own to know.
    """
    with refusals(REFUSALS):
        session.execute(
            text("select cap_hold(:scheme, :claim, :tenant, :amount, :day)"),
            {"scheme": scheme_id, "claim": claim_id, "tenant": tenant_id, "amount": reward_cents, "day": on},
        )


def commit_room(session: Session, *, claim_id: UUID, on: date) -> bool:
    """Turn the hold of an approved claim into earned room, in the year of `on`.

    False when that is another year than the claim's and a rule then in force has no room, or none is in force: then
    the reward waits, and nothing changed.
    """
    with refusals(REFUSALS):
        return bool(session.scalar(text("select cap_commit(:claim, :day)"), {"claim": claim_id, "day": on}))


def release_room(session: Session, *, claim_id: UUID) -> None:
    """Give the room of a claim back that ended without a reward. Doing so twice changes nothing."""
    with refusals(REFUSALS):
        session.execute(text("select cap_release(:claim)"), {"claim": claim_id})


def allowance_of(session: Session, *, scheme_id: UUID, citizen_id: UUID, on: date) -> Allowance | None:
    """Return the citizen's tightest room in the year of `on`, `None` when no rule is in force."""
    rules = session.scalars(
        select(CapRule).where(CapRule.scheme_id == scheme_id, CapRule.valid_from <= on, CapRule.valid_until >= on)
    ).all()
    if not rules:
        return None
    rooms = {
        room.rule_id: room
        for room in session.scalars(select(CapRoom).where(CapRoom.citizen_id == citizen_id, CapRoom.year == on.year))
    }
    found = [
        Allowance(
            year=on.year,
            limit_cents=rooms[rule.id].limit_cents if rule.id in rooms else rule.limit_cents,
            held_cents=rooms[rule.id].held_cents if rule.id in rooms else 0,
            committed_cents=rooms[rule.id].committed_cents if rule.id in rooms else 0,
        )
        for rule in rules
    ]
    return min(found, key=lambda allowance: allowance.room_cents)


def limit_in_force(session: Session, *, scheme_id: UUID, on: date) -> Cents | None:
    """Return the lowest yearly limit that holds for everybody on a day, `None` when no rule is in force."""
    query = select(func.min(CapRule.limit_cents)).where(
        CapRule.scheme_id == scheme_id, CapRule.valid_from <= on, CapRule.valid_until >= on
    )
    return session.scalar(query)
