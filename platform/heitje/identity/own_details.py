# SPDX-License-Identifier: EUPL-1.2
"""What a citizen tells of themselves, and may change at any moment. In the scope of that citizen."""

from datetime import datetime

from sqlalchemy.orm import Session

from heitje import audit
from heitje.audit import Actor
from heitje.clock import local_year
from heitje.errors import InvalidInput
from heitje.i18n.marks import N_
from heitje.identity.models import Citizen
from heitje.schemes import Neighbourhood

OLDEST = 120
LANGUAGES = ("nl", "en")


def change_details(  # noqa: PLR0913 - what there is to tell
    session: Session,
    citizen: Citizen,
    *,
    name: str,
    neighbourhood_code: str,
    birth_year: int | None,
    language: str,
    by: Actor,
    at: datetime,
) -> Citizen:
    """Keep what the citizen said. Raises `InvalidInput` naming each field that cannot be used.

    The record says which fields changed, never what they hold.
    """
    name = " ".join(name.split())
    errors: dict[str, list[str]] = {}
    if not 2 <= len(name) <= 80:
        errors["name"] = [N_("Fill in your name, between 2 and 80 characters.")]
    if birth_year is not None and not local_year(at) - OLDEST <= birth_year <= local_year(at):
        errors["birth_year"] = [N_("Fill in the year in four digits, such as 1985.")]
    if neighbourhood_code and session.get(Neighbourhood, neighbourhood_code) is None:
        errors["neighbourhood_code"] = [N_("Choose a neighbourhood from the list.")]
    if language not in LANGUAGES:
        errors["language"] = [N_("Choose a language from the list.")]
    if errors:
        raise InvalidInput(errors)
    new = {
        "name": name,
        "neighbourhood_code": neighbourhood_code or None,
        "birth_year": birth_year,
        "language": language,
    }
    changed = [field for field, value in new.items() if getattr(citizen, field) != value]
    for field in changed:
        setattr(citizen, field, new[field])
    session.flush()
    if changed:
        audit.record(session, "citizen.changed", by=by, subject=f"citizen:{citizen.id}", at=at, fields=changed)
    return citizen
