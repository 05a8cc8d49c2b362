# SPDX-License-Identifier: EUPL-1.2
"""What happened in the demo town in the last weeks: chores done and paid, purchases, and work that waits for approval."""

from datetime import datetime, timedelta
from uuid import UUID

from heitje.audit import Actor
from heitje.chores.claims import Claimant, HandedIn, begin_claim, claim_slot, submit_claim
from heitje.chores.decisions import approve_claim
from heitje.chores.models import Chore, Claim
from heitje.clock import now
from heitje.config import Settings
from heitje.db.session import Databases
from heitje.files.photos import clean_photo
from heitje.files.storage import storage_of
from heitje.identity.roles import Role
from heitje.shops.payments import pay_request, request_payment
from heitje_server.demo.files import PICTURES, read_claims
from heitje_server.demo.issuers import Issuer
from heitje_server.demo.town import Town

DONE_BEFORE = (
    # citizen, chore done, days ago: each has something in the wallet when the demo starts.
    ("mila.jansen@example.org", "Zwerfafval rapen achter het station", 16),
    ("jan.kusters@example.org", "Bankjes verven aan de Spoorsingel", 14),
    ("daan.reijnders@example.org", "Zwerfafval rapen achter het station", 12),
    ("amina.bouzid@example.org", "Zwerfafval rapen in het Aambos", 9),
)
PURCHASES = (
    # citizen, number of the shop in the file, cents, days ago.
    ("mila.jansen@example.org", 0, 3_50, 8),
    ("jan.kusters@example.org", 1, 6_25, 6),
    ("jan.kusters@example.org", 0, 2_75, 2),
    ("daan.reijnders@example.org", 4, 4_00, 1),
)
THANKS = "Dank u wel! De buurt ziet er weer mooi uit."


def tell_history(databases: Databases, settings: Settings, issuers: dict[str, Issuer], town: Town) -> None:
    """Let people do chores, pay in shops, and hand in what approvers find in their queue."""
    for email, title, days_ago in DONE_BEFORE:
        at = now() - timedelta(days=days_ago)
        issuer, chore = _chore_called(issuers, title)
        pictures = ("zwerfafval-na.jpg",) if "photo" in chore.evidence else ()
        claim = _do(databases, settings, chore, town.citizens[email], pictures, chore.duration_minutes, "", at=at)
        approver = issuer.who_may(Role.APPROVER, chore.department_id)
        with databases.as_tenant(issuer.tenant_id) as session:
            approve_claim(session, claim.id, by=approver, at=at + timedelta(hours=20), quality=4, thanks=THANKS)
    for email, number, amount_cents, days_ago in PURCHASES:
        _buy(databases, town, email, town.shops[number], amount_cents, now() - timedelta(days=days_ago))
    for waiting in read_claims():
        _, chore = _chore_called(issuers, waiting.chore)
        names = tuple(picture.name for picture in waiting.pictures)
        _do(
            databases,
            settings,
            chore,
            town.citizens[waiting.citizen],
            names,
            waiting.minutes,
            waiting.remark,
            at=now() - timedelta(hours=5),
        )


def _chore_called(issuers: dict[str, Issuer], title: str) -> tuple[Issuer, Chore]:
    return next((issuer, issuer.chores[title]) for issuer in issuers.values() if title in issuer.chores)


def _do(  # noqa: PLR0913 - a demo claim, told whole
    databases: Databases,
    settings: Settings,
    chore: Chore,
    claimant: Claimant,
    pictures: tuple[str, ...],
    minutes: int,
    remark: str,
    *,
    at: datetime,
) -> Claim:
    """Claim, begin and hand in."""
    handed_in = HandedIn(
        photo_keys=tuple(_stored(settings, name) for name in pictures) if "photo" in chore.evidence else (),
        minutes=minutes if "hours" in chore.evidence else None,
        remark=remark,
    )
    with databases.as_citizen(claimant.citizen_id) as session:
        claim = claim_slot(session, tenant_id=chore.tenant_id, chore_id=chore.id, claimant=claimant, at=at)
        begin_claim(session, claim_id=claim.id, claimant=claimant, at=at)
        return submit_claim(
            session,
            claim_id=claim.id,
            handed_in=handed_in,
            claimant=claimant,
            at=at + timedelta(minutes=chore.duration_minutes),
        )


def _stored(settings: Settings, name: str) -> str:
    photo = clean_photo((PICTURES / name).read_bytes())
    return storage_of(settings).put_photo(photo)


def _buy(
    databases: Databases, town: Town, email: str, shop: tuple[UUID, UUID], amount_cents: int, at: datetime
) -> None:
    shop_id, staff_id = shop
    citizen_id = town.citizens[email].citizen_id
    with databases.as_shop(shop_id) as session:
        payment = request_payment(session, shop_id=shop_id, amount_cents=amount_cents, staff_id=staff_id, at=at)
    with databases.as_citizen(citizen_id) as session:
        pay_request(
            session,
            nonce=payment.nonce,
            citizen_id=citizen_id,
            wallet_account_id=town.wallets[email],
            by=Actor(kind="citizen", id=str(citizen_id)),
            at=at + timedelta(seconds=20),
        )
