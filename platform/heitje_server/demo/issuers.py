# SPDX-License-Identifier: EUPL-1.2
"""The three organisations of the demo: staff, money and the forty chores of the launch."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from heitje.chores.models import Chore, Kit, PickupPoint
from heitje.chores.publishing import ATTESTATION, ChoreDraft, draft_chore, publish_chore
from heitje.clock import local_day, now
from heitje.config import Settings
from heitje.db.session import Databases
from heitje.i18n.texts import text_in
from heitje.identity.oidc_client import VerifiedIdentity
from heitje.identity.people import member_of_identity
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
from heitje_server.demo.ground import DEMO, operators
from heitje_server.demo.rows import DemoChore, DemoMember, DemoOrganisation
from tenants.admission import admit_tenant
from tenants.branding import Contacts, change_contacts
from tenants.departments import departments_of
from tenants.go_live import accept_agreement, request_go_live
from tenants.members import RoleGrant, invite_member, members_of, set_roles
from tenants.onboarding import FOUNDER_ROLES, Application, Founder, open_tenant
from tenants.providers import providers_of

LAUNCHED_AGO = timedelta(days=21)
"""The demo's chores were published three weeks ago, so that there is something to look back on."""
PROVIDER_NAME = "Demo-inlog"
NON_DISPLACEMENT = "Klussen zijn extra werk, geen werk van medewerkers of aannemers. Onze OR kijkt elk kwartaal mee."


def launched_at() -> datetime:
    """Return when organisations came in, put money in and published."""
    return now() - LAUNCHED_AGO


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
            founder = _open(session, settings, scheme_id, organisation, issuer)
            _bring_staff_in(session, organisation, issuer, founder)
            _ask_to_take_part(session, organisation, founder)
            _add_kits(session, organisation.slug, issuer)
        _admit(databases, issuer)
        _fund(databases, scheme_id, organisation, issuer)
        _publish(databases, scheme_id, organisation, issuer)
        issuers[organisation.slug] = issuer
    return issuers


def _open(
    session: Session, settings: Settings, scheme_id: UUID, organisation: DemoOrganisation, issuer: Issuer
) -> ActingMember:
    """Open the organisation by its first member, an owner, and return that one."""
    first = organisation.members[0]
    application = Application(
        scheme_id=scheme_id,
        name=organisation.name,
        kind=organisation.kind,
        slug=organisation.slug,
        kvk_number=organisation.kvk_number,
        departments=[department.name for department in organisation.departments],
        billing_email=organisation.billing_email,
        billing_reference=organisation.billing_reference,
        address=organisation.address,
        privacy_contact=organisation.privacy_contact,
        brand_colour=organisation.brand_colour,
    )
    founder = Founder(
        subject=_subject_of(first),
        email=first.email,
        name=first.name,
        provider_name=PROVIDER_NAME,
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret,
    )
    open_tenant(session, issuer.tenant_id, application, founder=founder, at=launched_at())
    issuer.departments = {department.name: department.id for department in departments_of(session)}
    (member,) = members_of(session)
    return ActingMember(
        tenant_id=issuer.tenant_id, member_id=member.id, roles=frozenset((role, None) for role in FOUNDER_ROLES)
    )


def _bring_staff_in(session: Session, organisation: DemoOrganisation, issuer: Issuer, founder: ActingMember) -> None:
    """Let the founder invite the others, each of whom signs in, and keep the roles of the file only."""
    at = launched_at()
    (provider,) = providers_of(session)
    first, *others = organisation.members
    set_roles(session, founder.member_id, _roles_of(first, issuer), by=founder, at=at)
    _remember(issuer, founder.member_id, first)
    for person in others:
        member = invite_member(
            session, email=person.email, name=person.name, grants=_roles_of(person, issuer), by=founder, at=at
        )
        identity = VerifiedIdentity(
            issuer=provider.issuer,
            subject=_subject_of(person),
            email=person.email,
            email_verified=True,
            name=person.name,
        )
        member_of_identity(session, provider.id, identity, at=at)
        _remember(issuer, member.id, person)


def _subject_of(member: DemoMember) -> str:
    """Return who this is to the demo's identity provider."""
    return next(person.sub for person in read_people() if person.email == member.email)


def _roles_of(member: DemoMember, issuer: Issuer) -> frozenset[RoleGrant]:
    return frozenset(
        (Role(role.role), issuer.departments[role.department] if role.department else None) for role in member.roles
    )


def _remember(issuer: Issuer, member_id: UUID, member: DemoMember) -> None:
    issuer.members[member_id] = ActingMember(
        tenant_id=issuer.tenant_id, member_id=member_id, roles=_roles_of(member, issuer)
    )


def _ask_to_take_part(session: Session, organisation: DemoOrganisation, founder: ActingMember) -> None:
    at = launched_at()
    contacts = Contacts(
        billing_email=organisation.billing_email,
        billing_reference=organisation.billing_reference,
        address=organisation.address,
        privacy_contact=organisation.privacy_contact,
        non_displacement_policy=NON_DISPLACEMENT,
    )
    change_contacts(session, contacts, by=founder, at=at)
    accept_agreement(session, by=founder, at=at)
    request_go_live(session, by=founder, at=at)


def _admit(databases: Databases, issuer: Issuer) -> None:
    with databases.across_tenants() as session:
        for operator in operators(session):
            admit_tenant(session, issuer.tenant_id, operator=operator, decision="admit", reason="", at=launched_at())


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


def _fund(databases: Databases, scheme_id: UUID, organisation: DemoOrganisation, issuer: Issuer) -> None:
    at = launched_at()
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
    at = launched_at()
    codes = neighbourhood_codes()
    mine: Sequence[DemoChore] = [chore for chore in read_chores() if chore.organisation == organisation.slug]
    for chore in mine:
        department_id = issuer.departments[chore.department]
        editor = issuer.who_may(Role.EDITOR, department_id)
        with databases.as_tenant(issuer.tenant_id) as session:
            draft = _as_draft(chore, issuer, codes[chore.neighbourhood], organisation.name)
            made = draft_chore(session, draft, scheme_id=scheme_id, by=editor, at=at)
            issuer.chores[chore.title] = publish_chore(
                session, made.id, attested=True, wording=text_in("nl", ATTESTATION), by=editor, at=at
            )


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
