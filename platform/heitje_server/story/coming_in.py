# SPDX-License-Identifier: EUPL-1.2
"""Organisations come in, are admitted, and fund a budget line."""

import secrets
from datetime import timedelta

from heitje.clock import local_day, now
from heitje_server.story.scene import FOUNDERS, Founder, Organisation, Scene, sign_in_by_provider
from heitje_server.story.visitor import Visitor, expect

FUNDED_CENTS = 250_00


def three_organisations_sign_up(scene: Scene) -> str:
    """A municipality, a housing corporation and a care organisation open a tenancy."""
    scene.organisations = [_sign_up(scene, founder) for founder in FOUNDERS]
    return ", ".join(organisation.slug for organisation in scene.organisations)


def _sign_up(scene: Scene, founder: Founder) -> Organisation:
    visitor = scene.visitor()
    visitor.open("/portal/")
    visitor.send(visitor.page.form(action="/organisations/sign-in"))
    visitor.send(visitor.page.form(has="sub"), sub=founder.subject)
    page = visitor.send(
        visitor.page.form(has="kvk_number"),
        name=f"{founder.name} {scene.run}",
        kind=founder.kind,
        kvk_number=f"98{secrets.randbelow(1_000_000):06d}",
        slug=f"{founder.name.lower().replace(' ', '-')}-{scene.run}",
        departments="Wijkbeheer\nWelzijn",
        address="Plein 1, Voorbeeldstad",
        billing_email=f"facturen-{scene.run}@example.org",
        privacy_contact="privacy@example.org",
    )
    expect("/go-live" in page.path, f"opening an organisation led to {page.path}")
    slug = page.path.split("/")[2]
    return Organisation(
        founder=founder, slug=slug, visitor=visitor, colleague=_colleague(scene, visitor, slug, founder)
    )


def _colleague(scene: Scene, visitor: Visitor, slug: str, founder: Founder) -> Visitor:
    visitor.open(f"/portal/{slug}/members/invite")
    visitor.send(
        visitor.page.form(has="email"),
        name=founder.colleague_name,
        email=founder.colleague_email,
        owner="all",
        approver="all",
    )
    colleague = scene.visitor()
    sign_in_by_provider(colleague, slug, founder.colleague)
    return colleague


def they_ask_to_take_part(scene: Scene) -> str:
    """Each completes its checklist and asks to go live."""
    for organisation in scene.organisations:
        visitor = organisation.visitor
        visitor.open(organisation.path("settings"))
        visitor.send(
            visitor.page.form(has="non_displacement_policy"),
            non_displacement_policy="Klussen zijn extra werk. Onze OR kijkt elk kwartaal mee.",
        )
        visitor.open(organisation.path("agreement"))
        visitor.send(visitor.page.form(action="/agreement"))
        visitor.open(organisation.path("go-live"))
        visitor.send(visitor.page.form(action="/go-live"))
    found = scene.api("GET", "/tenants?state=verifying&pageSize=100")
    slugs = {tenant["slug"]: tenant["id"] for tenant in found}
    for organisation in scene.organisations:
        expect(organisation.slug in slugs, f"{organisation.slug} does not wait for admission")
        organisation.tenant_id = slugs[organisation.slug]
    return "3 wait for two operators"


def two_operators_admit_them(scene: Scene) -> str:
    """One operator is not enough; the second makes them live."""
    for organisation in scene.organisations:
        path = f"/tenants/{organisation.tenant_id}/decisions"
        scene.api("POST", path, json={"decision": "admit"}, operator=0)
        state = scene.api("GET", f"/tenants/{organisation.tenant_id}")["state"]
        expect(state == "verifying", f"one operator made {organisation.slug} {state}")
        scene.api("POST", path, json={"decision": "admit"}, operator=1)
        state = scene.api("GET", f"/tenants/{organisation.tenant_id}")["state"]
        expect(state == "live", f"two operators made {organisation.slug} {state}")
    return "live"


def they_fund_a_budget_line(scene: Scene) -> str:
    """Each opens a line, pays at the payment provider, and sees the money arrive."""
    today = local_day(now())
    for organisation in scene.organisations:
        visitor = organisation.visitor
        visitor.open(organisation.path("budget/new"))
        form = visitor.page.form(has="ends_on")
        visitor.send(
            form,
            name="Schoon en samen",
            department_id=form.option("department_id", "Wijkbeheer"),
            starts_on=today.isoformat(),
            ends_on=(today + timedelta(days=365)).isoformat(),
        )
        visitor.open(next(link for link, _ in visitor.page.links if link.endswith("/fund")))
        visitor.send(visitor.page.form(has="amount_cents"), amount_cents="250,00")
        _pay_at_the_provider(scene, organisation)
    return f"3 x {FUNDED_CENTS // 100} Heitjes minted"


def _pay_at_the_provider(scene: Scene, organisation: Organisation) -> None:
    visitor = organisation.visitor
    if "/portal/" in visitor.page.path:
        visitor.open(visitor.page.link("/pay/"))
    visitor.send(visitor.page.form(has="choice"), choice="ideal")

    def received() -> bool:
        return _available(scene, organisation) == FUNDED_CENTS

    scene.wait_for(received, f"the funding of {organisation.slug}")


def _available(scene: Scene, organisation: Organisation) -> int:
    lines = scene.api("GET", f"/budget-lines?tenantId={organisation.tenant_id}")
    return sum(line["availableCents"] for line in lines)
