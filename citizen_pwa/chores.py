# SPDX-License-Identifier: EUPL-1.2
"""Finding a chore: the list, the map, and the page that says everything about one."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from citizen_pwa.surroundings import claimant, current_scheme, pages, show
from citizen_pwa.vetting import standing_with
from citizen_pwa.wishes import MINUTES, Looking, read_wish, usual_order
from heitje.cents import in_heitjes
from heitje.chores.claims import claim_slot, claimed_chores
from heitje.chores.errors import AlreadyClaimed
from heitje.chores.matching import FoundChore, Order, count_chores, find_chores, issuers_of, published_chore
from heitje.chores.models import Chore, ChoreState
from heitje.clock import now
from heitje.db.request import current_session
from heitje.errors import HeitjeError
from heitje.idempotency import counts_once
from heitje.identity.guards import citizens_only, citizens_welcome, current_citizen, current_citizen_or_none
from heitje.notifications.tell import tell_citizen
from heitje.schemes import Category, Neighbourhood, all_categories, neighbourhoods_of
from heitje.web import words
from heitje.web.problems import problem_title

PAGE_SIZE = 24
PINS = 200
OUTER_EDGE = (50.888, 5.979)
"""Where the map looks when a scheme has no neighbourhoods yet."""


@pages.get("/")
@citizens_welcome
def chores() -> ResponseReturnValue:
    """List chores that fit, a page at a time."""
    looking, choices = _looking()
    session, scheme_id, at = current_session(), current_scheme().id, now()
    found = find_chores(
        session, scheme_id=scheme_id, wish=looking.wish, at=at, after=request.args.get("after", ""), limit=PAGE_SIZE + 1
    )
    cursor = found[PAGE_SIZE - 1].cursor if len(found) > PAGE_SIZE else ""
    total = count_chores(session, scheme_id=scheme_id, wish=looking.wish, at=at)
    return show(
        "chores.html", cards=_cards(found[:PAGE_SIZE], choices["vetted_kinds"]), total=total, cursor=cursor, **choices
    )


@pages.get("/map")
@citizens_welcome
def chore_map() -> ResponseReturnValue:
    """Show the same chores on a map, with the list below it."""
    looking, choices = _looking()
    found = find_chores(current_session(), scheme_id=current_scheme().id, wish=looking.wish, at=now(), limit=PINS)
    pins = [
        {
            "latitude": one.chore.lat,
            "longitude": one.chore.lon,
            "title": one.chore.title,
            "text": in_heitjes(one.chore.reward_cents),
            "url": url_for("citizen.chore", chore_id=one.chore.id),
            "detail": f"{words.duration(one.chore.duration_minutes)}, {one.chore.place_name}",
        }
        for one in found
    ]
    return show("map.html", found=found, pins=pins, **choices)


@pages.get("/chores/<uuid:chore_id>")
@citizens_welcome
def chore(chore_id: UUID) -> ResponseReturnValue:
    """Say everything one needs to know before signing up, and offer one button."""
    return _chore_page(chore_id)


@pages.post("/chores/<uuid:chore_id>/claim")
@citizens_only
@counts_once
def claim(chore_id: UUID) -> ResponseReturnValue:
    """Sign up for a place, and lead on to what to do next."""
    citizen = current_citizen()
    found = published_chore(current_session(), chore_id)
    try:
        made = claim_slot(
            current_session(), tenant_id=found.tenant_id, chore_id=chore_id, claimant=claimant(), at=now()
        )
    except AlreadyClaimed:
        flash(_("You already take part in this chore."), "info")
        return redirect(url_for("citizen.my_chores"), code=303)
    except HeitjeError as refusal:
        current_session().rollback()
        return _chore_page(chore_id, refusal=refusal)
    tell_citizen(
        current_session(),
        citizen.id,
        "claim-confirmed",
        claim_id=str(made.id),
        title=found.title,
        when=when_of(found),
        place=", ".join(part for part in (found.place_name, found.address) if part),
    )
    flash(_("You take part. Thank you!"), "good")
    return redirect(url_for("citizen.my_chore", claim_id=made.id), code=303)


def _chore_page(chore_id: UUID, *, refusal: HeitjeError | None = None) -> ResponseReturnValue:
    session, citizen = current_session(), current_citizen_or_none()
    found = published_chore(session, chore_id)
    own = claimed_chores(session, citizen.id, [chore_id]) if citizen is not None else {}
    neighbourhoods = {one.code: one.name for one in neighbourhoods_of(session, found.scheme_id)}
    category = next((one for one in all_categories(session) if one.code == found.category_code), None)
    is_open = found.state == ChoreState.OPEN and found.closes_at > now()
    return show(
        "chore.html",
        status=200 if refusal is None else refusal.status,
        chore=found,
        issuer=issuers_of(session, [found.tenant_id]).get(found.tenant_id, ""),
        kind=words.category_name(category) if category is not None else "",
        vetting=standing_with(found, category, citizen),
        neighbourhood=neighbourhoods.get(found.neighbourhood_code, ""),
        when=when_of(found),
        places=places_of(found),
        wanted=[WANTED[kind]() for kind in found.evidence if kind in WANTED],
        is_open=is_open,
        claim_id=own.get(chore_id),
        refusal=None if refusal is None else problem_title(refusal),
        sign_in_url=url_for("citizen.sign_in", next=url_for("citizen.chore", chore_id=chore_id)),
        pin={"latitude": found.lat, "longitude": found.lon, "title": found.place_name, "text": "•"},
    )


WANTED: dict[str, Callable[[], str]] = {
    "photo": lambda: _("A photo of the result"),
    "hours": lambda: _("How long you were busy"),
    "code": lambda: _("The code that you get at the place"),
    "remark": lambda: _("A few words on how it went"),
}


def when_of(chore: Chore) -> str:
    """Say when a chore is done: at its moment, or whenever it suits."""
    return words.moment(chore.starts_at) if chore.starts_at is not None else str(_("Whenever it suits you"))


def places_of(chore: Chore) -> str:
    """Say how many places are left."""
    left = ngettext("%(num)s place left", "%(num)s places left", chore.slots_free)
    return str(left if chore.slots_free else _("Full"))


def _cards(found: list[FoundChore], vetted_kinds: frozenset[str]) -> list[dict[str, Any]]:
    issuers = issuers_of(current_session(), (one.chore.tenant_id for one in found))
    return [
        {
            "title": one.chore.title,
            "url": url_for("citizen.chore", chore_id=one.chore.id),
            "issuer": issuers.get(one.chore.tenant_id, ""),
            "reward_cents": one.chore.reward_cents,
            "minutes": one.chore.duration_minutes,
            "distance_m": one.distance_m,
            "when": when_of(one.chore),
            "places": places_of(one.chore),
            "for_vetted": one.chore.category_code in vetted_kinds,
        }
        for one in found
    ]


def _looking() -> tuple[Looking, dict[str, Any]]:
    """Read the wish of this request, and all that the form around it offers."""
    session = current_session()
    categories = all_categories(session)
    neighbourhoods = neighbourhoods_of(session, current_scheme().id)
    looking = read_wish(
        request.args, categories=categories, neighbourhoods=neighbourhoods, citizen=current_citizen_or_none()
    )
    choices = {
        "looking": looking,
        "kinds": _kinds(looking, categories),
        "vetted_kinds": frozenset(one.code for one in categories if one.needs_vetting),
        "neighbourhoods": neighbourhoods,
        "durations": [(str(minutes), _("At most %(time)s", time=words.duration(minutes))) for minutes in MINUTES],
        "orders": _orders(has_place=looking.position != ""),
        "centre": _centre(looking, neighbourhoods),
        "list_url": url_for("citizen.chores", **looking.kept),
        "map_url": url_for("citizen.chore_map", **looking.kept),
    }
    return looking, choices


def _kinds(looking: Looking, categories: list[Category]) -> list[tuple[str, str, bool]]:
    chosen = looking.wish.category_code
    endpoint = request.endpoint or "citizen.chores"
    everything = (_("Everything"), url_for(endpoint, **looking.without("kind")), not chosen)
    return [
        everything,
        *(
            (words.category_name(one), url_for(endpoint, **looking.without("kind", kind=one.code)), one.code == chosen)
            for one in categories
        ),
    ]


def _orders(*, has_place: bool) -> list[tuple[str, str]]:
    names = {
        Order.NEAR: _("Nearest first"),
        Order.SHORT: _("Shortest first"),
        Order.SOON: _("Soonest first"),
        Order.NEW: _("Newest first"),
    }
    usual = usual_order(has_place=has_place)
    others = [(order.value, name) for order, name in names.items() if order not in {usual, Order.NEAR}]
    return [("", names[usual]), *others]


def _centre(looking: Looking, neighbourhoods: list[Neighbourhood]) -> tuple[float, float]:
    if looking.wish.lat is not None and looking.wish.lon is not None:
        return looking.wish.lat, looking.wish.lon
    if not neighbourhoods:
        return OUTER_EDGE
    middle = len(neighbourhoods)
    return sum(one.lat for one in neighbourhoods) / middle, sum(one.lon for one in neighbourhoods) / middle
