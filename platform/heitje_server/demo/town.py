# SPDX-License-Identifier: EUPL-1.2
"""The people and shops of the demo town."""

from dataclasses import dataclass
from uuid import UUID, uuid4

from sqlalchemy import select

from heitje.chores.claims import Claimant
from heitje.clock import local_day, now
from heitje.db.session import Databases
from heitje.identity.models import Citizen
from heitje.ledger.accounts import wallet_of
from heitje.shops.admission import NewShop, admit_shop
from heitje.shops.models import ShopCategory, ShopStaff
from heitje_server.demo.files import neighbourhood_codes, read_citizens, read_shops
from heitje_server.demo.ground import DEMO


@dataclass(frozen=True, kw_only=True)
class Town:
    """Citizens by e-mail address; shops as (shop id, staff id of the owner), in the order of the file."""

    citizens: dict[str, Claimant]
    wallets: dict[str, int]
    shops: list[tuple[UUID, UUID]]


def bring_town_in(databases: Databases, scheme_id: UUID) -> Town:
    """Register citizens and admit shops."""
    town = Town(citizens={}, wallets={}, shops=[])
    codes = neighbourhood_codes()
    for citizen in read_citizens():
        citizen_id = uuid4()
        with databases.as_citizen(citizen_id) as session:
            session.add(
                Citizen(
                    id=citizen_id,
                    email=citizen.email,
                    name=citizen.name,
                    neighbourhood_code=codes[citizen.neighbourhood],
                    birth_year=citizen.birth_year,
                    language=citizen.language,
                )
            )
            session.flush()
            town.wallets[citizen.email] = wallet_of(session, scheme_id=scheme_id, citizen_id=citizen_id)
        town.citizens[citizen.email] = Claimant(citizen_id=citizen_id, name=citizen.name, birth_year=citizen.birth_year)
    for shop in read_shops():
        owner = next(member for member in shop.staff if member.role == "owner")
        new = NewShop(
            name=shop.name,
            category=ShopCategory(shop.category),
            address=shop.address,
            neighbourhood_code=codes[shop.neighbourhood],
            lat=shop.lat,
            lon=shop.lon,
            iban=shop.iban,
            account_name=shop.account_name,
            owner_name=owner.name,
            owner_email=owner.email,
            description=shop.description,
            opening_hours=shop.opening_hours,
            centre=shop.centre,
            kvk_number=shop.kvk_number,
            vat_number=shop.vat_number,
            contract_signed_on=local_day(now()),
        )
        with databases.across_tenants() as session:
            admitted = admit_shop(session, scheme_id=scheme_id, new=new, by=DEMO, at=now())
            session.add_all(
                ShopStaff(shop_id=admitted.id, email=member.email, name=member.name, role=member.role)
                for member in shop.staff
                if member is not owner
            )
            session.flush()
            staff_id = session.scalars(
                select(ShopStaff.id).where(ShopStaff.shop_id == admitted.id, ShopStaff.role == "owner")
            ).one()
        town.shops.append((admitted.id, staff_id))
    return town
