# SPDX-License-Identifier: EUPL-1.2
"""The three organisations of the demo: staff, money and the forty chores of the launch."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy import update
from sqlalchemy.orm import Session

from heitje.chores.models import Chore, Kit, PickupPoint
from heitje.chores.publishing import ChoreDraft, draft_chore, publish_chore
from heitje.clock import local_day, now
from heitje.config import Settings
from heitje.db.session import Databases
from heitje.identity.models import Department, IdentityProvider, Member, MemberRole, Tenant, TenantDetails
from heitje.identity.roles import ActingMember, Role
from heitje.purses.budgets import open_budget_line
from heitje.purses.funding import ask_funding, receive_funding
from heitje_server.demo.files import (
    neighbourhood_codes,
    read_chores,
    read_kits,
    read_organisations,
    read_people,
    read_pickup_points,
)
from heitje_server.demo.ground import DEMO
from heitje_server.demo.rows import DemoChore, DemoMember, DemoOrganisation
from tenants.go_live import AGREEMENT_VERSION

LAUNCHED_AGO = timedelta(days=21)
"""The demo's chores were published three weeks ago, so that there is something to look back on."""
PROVIDER_NAME = "Demo-inlog"
NON_DISPLACEMENT = "Klussen zijn extra werk, geen werk van medewerkers of aannemers. Onze OR kijkt elk kwartaal mee."


@dataclass
class Issuer:
    """An organisation with the ids that the rest of the demo refers to."""

    tenant_id: UUID
    name: str
    members: dict[UUID, ActingMember] = field(default_factory=dict)
    departments: dict[str, UUID] = field(default_factory=dict)
    lines: dict[str, list[UUID]] = field(default_factory=dict)
    kits: dict[str, UUID] = field(default_factory=dict)
    chores: dict[str, Chore] = field(default_factory=dict)

    def who_may(self, role: Role, department_id: UUID | None = None) -> ActingMember:
        """Return the first member with this role."""
        return next(member for member in self.members.values() if member.may(role, department_id))


def bring_issuers_in(databases: Databases, settings: Settings, scheme_id: UUID) -> dict[str, Issuer]:
    """Open the organisations, fund them and publish their chores; by short name."""
    issuers = {}
    for organisation in read_organisations():
        issuer = Issuer(tenant_id=uuid4(), name=organisation.name)
        with databases.as_tenant(issuer.tenant_id) as session:
            _open(session, settings, scheme_id, organisation, issuer)
        _admit(databases, issuer)
        _fund(databases, scheme_id, organisation, issuer)
        _publish(databases, scheme_id, organisation, issuer)
        issuers[organisation.slug] = issuer
    return issuers


def _open(
    session: Session, settings: Settings, scheme_id: UUID, organisation: DemoOrganisation, issuer: Issuer
) -> None:
    session.add(
        Tenant(
            id=issuer.tenant_id,
            slug=organisation.slug,
            name=organisation.name,
            kind=organisation.kind,
            brand_colour=organisation.brand_colour,
        )
    )
    session.flush()
    session.add(
        TenantDetails(
            tenant_id=issuer.tenant_id,
            scheme_id=scheme_id,
            kvk_number=organisation.kvk_number,
            billing_email=organisation.billing_email,
            billing_reference=organisation.billing_reference,
            privacy_contact=organisation.privacy_contact,
            address=organisation.address,
            non_displacement_policy=NON_DISPLACEMENT,
            agreement_version=AGREEMENT_VERSION,
            agreement_accepted_at=now(),
        )
    )
    provider_id = uuid4()
    session.add(
        IdentityProvider(
            tenant_id=issuer.tenant_id,
            id=provider_id,
            name=PROVIDER_NAME,
            issuer=settings.oidc_issuer,
            client_id=settings.oidc_client_id,
            client_secret=settings.oidc_client_secret,
        )
    )
    for department in organisation.departments:
        issuer.departments[department.name] = uuid4()
        session.add(
            Department(tenant_id=issuer.tenant_id, id=issuer.departments[department.name], name=department.name)
        )
    session.flush()
    subjects = {person.email: person.sub for person in read_people()}
    for member in organisation.members:
        _add_member(session, issuer, member, provider_id, subjects[member.email])
    _add_kits(session, organisation.slug, issuer)


def _add_member(session: Session, issuer: Issuer, member: DemoMember, provider_id: UUID, subject: str) -> None:
    member_id = uuid4()
    session.add(
        Member(
            tenant_id=issuer.tenant_id,
            id=member_id,
            provider_id=provider_id,
            subject=subject,
            email=member.email,
            name=member.name,
            state="active",
        )
    )
    session.flush()
    roles = [
        (Role(role.role), issuer.departments[role.department] if role.department else None) for role in member.roles
    ]
    session.add_all(
        MemberRole(tenant_id=issuer.tenant_id, member_id=member_id, role=role.value, department_id=department_id)
        for role, department_id in roles
    )
    issuer.members[member_id] = ActingMember(tenant_id=issuer.tenant_id, member_id=member_id, roles=frozenset(roles))


def _add_kits(session: Session, slug: str, issuer: Issuer) -> None:
    points = {}
    for point in read_pickup_points():
        if point.organisation == slug:
            points[point.code] = uuid4()
            session.add(
                PickupPoint(
                    tenant_id=issuer.tenant_id,
                    id=points[point.code],
                    name=point.name,
                    address=point.address,
                    opening_hours=point.opening_hours,
                    lat=point.lat,
                    lon=point.lon,
                )
            )
    session.flush()
    for kit in read_kits():
        if kit.organisation == slug:
            issuer.kits[kit.code] = uuid4()
            session.add(
                Kit(
                    tenant_id=issuer.tenant_id,
                    id=issuer.kits[kit.code],
                    pickup_point_id=points[kit.pickup_point],
                    name=kit.name,
                    contents="\n".join(kit.contents),
                    instructions=kit.instructions,
                )
            )


def _admit(databases: Databases, issuer: Issuer) -> None:
    with databases.across_tenants() as session:
        session.execute(update(Tenant).where(Tenant.id == issuer.tenant_id).values(state="live"))
        session.execute(
            update(TenantDetails).where(TenantDetails.tenant_id == issuer.tenant_id).values(kvk_confirmed=True)
        )


def _fund(databases: Databases, scheme_id: UUID, organisation: DemoOrganisation, issuer: Issuer) -> None:
    at = now() - LAUNCHED_AGO
    for department in organisation.departments:
        department_id = issuer.departments[department.name]
        for planned in department.budget_lines:
            finance = issuer.who_may(Role.FINANCE, department_id)
            with databases.as_tenant(issuer.tenant_id) as session:
                line = open_budget_line(
                    session,
                    scheme_id=scheme_id,
                    department_id=department_id,
                    name=planned.name,
                    starts_on=local_day(now()) + timedelta(days=planned.starts_in_days),
                    ends_on=local_day(now()) + timedelta(days=planned.ends_in_days),
                    by=finance,
                    at=at,
                )
                funding = ask_funding(session, line.id, amount_cents=planned.amount_cents, by=finance, at=at)
            with databases.across_tenants() as session:
                receive_funding(
                    session,
                    tenant_id=issuer.tenant_id,
                    funding_id=funding.id,
                    received_cents=planned.amount_cents,
                    by=DEMO,
                    at=at,
                )
            issuer.lines.setdefault(department.name, []).append(line.id)


def _publish(databases: Databases, scheme_id: UUID, organisation: DemoOrganisation, issuer: Issuer) -> None:
    at = now() - LAUNCHED_AGO
    codes = neighbourhood_codes()
    mine: Sequence[DemoChore] = [chore for chore in read_chores() if chore.organisation == organisation.slug]
    for chore in mine:
        department_id = issuer.departments[chore.department]
        editor = issuer.who_may(Role.EDITOR, department_id)
        with databases.as_tenant(issuer.tenant_id) as session:
            draft = _as_draft(chore, issuer, codes[chore.neighbourhood], organisation.name)
            made = draft_chore(session, draft, scheme_id=scheme_id, by=editor, at=at)
            issuer.chores[chore.title] = publish_chore(session, made.id, attested=True, by=editor, at=at)


def _as_draft(chore: DemoChore, issuer: Issuer, neighbourhood_code: str, place_owner: str) -> ChoreDraft:
    today = local_day(now())
    return ChoreDraft(
        department_id=issuer.departments[chore.department],
        budget_line_id=issuer.lines[chore.department][0],
        title=chore.title,
        description=chore.description,
        good_result=chore.good_result,
        why=chore.why,
        safety_note=chore.safety_note,
        category_code=chore.category,
        neighbourhood_code=neighbourhood_code,
        place_name=chore.place_name,
        address=chore.address,
        lat=chore.lat,
        lon=chore.lon,
        duration_minutes=chore.duration_minutes,
        reward_cents=chore.reward_cents,
        slots_count=chore.slots,
        starts_at=chore.starts_at(today),
        closes_at=chore.closes_at(today),
        evidence=list(chore.evidence),
        min_age=chore.min_age,
        skill=chore.skill,
        indoors=chore.indoors,
        together=chore.together,
        kit_id=issuer.kits.get(chore.kit),
        place_owner=place_owner,
    )
