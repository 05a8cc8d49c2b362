# SPDX-License-Identifier: EUPL-1.2
"""The way of a browser to an OpenID provider and back: for members of a tenant, and for a new organisation's staff.

    POST /portal/<tenant>/sign-in/<provider id>   leaves; `next` is where to go afterwards
    GET  /portal/<tenant>/sign-in/callback        comes back from the tenant's own client at its provider
    POST /organisations/sign-in                   leaves, through the platform's provider, to open an organisation
    GET  /organisations/sign-in/callback          comes back from the platform's own client there

A callback address per client, so that no provider can answer for another. A page with a button to the first or third
calls `heitje.web.security.allow_form_target(issuer)`, or the browser refuses to follow.
"""

from dataclasses import asdict, dataclass
from datetime import timedelta
from time import time
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from flask import Blueprint, Flask, current_app, redirect, request
from flask.typing import ResponseReturnValue

from heitje.clock import now
from heitje.config import Settings
from heitje.db.request import databases
from heitje.errors import NotFound
from heitje.identity.models import IdentityProvider
from heitje.identity.oidc_client import Attempt, Provider, SignInFailed, VerifiedIdentity, begin, finish
from heitje.identity.pace import count
from heitje.identity.people import enabled_providers, find_tenant, member_of_identity
from heitje.identity.sessions import Person, current_browser, sign_in
from heitje.web.links import safe_next

PLATFORM_CALLBACK = "/organisations/sign-in/callback"
ATTEMPT_HOLDS_S = 600
ATTEMPTS_KEPT = 5
LEAVES_PER_NETWORK = 200
_ATTEMPTS = "oidc_attempts"
_IDENTITY = "verified_identity"

pages = Blueprint("portal_sign_in", __name__)


@dataclass(frozen=True, kw_only=True)
class SignInChoice:
    """One way for the members of a tenant to sign in: a button that posts to `url`."""

    id: UUID
    name: str
    issuer: str
    url: str


def init_app(app: Flask, settings: Settings) -> None:
    """Add the addresses above."""
    app.extensions["sign_in_settings"] = settings
    app.register_blueprint(pages)


def sign_in_choices(slug: str) -> list[SignInChoice]:
    """List how members of this tenant sign in, for its sign-in page. Raises `NotFound`."""
    with databases().as_visitor() as session:
        tenant_id = find_tenant(session, slug).id
    with databases().as_tenant(tenant_id) as session:
        return [
            SignInChoice(id=row.id, name=row.name, issuer=row.issuer, url=f"/portal/{slug}/sign-in/{row.id}")
            for row in enabled_providers(session)
        ]


def verified_identity() -> VerifiedIdentity | None:
    """Return who signed in through the platform's provider to open an organisation, in this browser."""
    kept = current_browser().get(_IDENTITY)
    return None if kept is None else VerifiedIdentity(**kept)


def sign_in_member(tenant_id: UUID, member_id: UUID) -> None:
    """Let this browser be that member: of an organisation it has just opened."""
    sign_in(Person(tenant_id=tenant_id, member_id=member_id))


@pages.post("/portal/<tenant>/sign-in/<uuid:provider_id>")
def leave_as_member(tenant: str, provider_id: UUID) -> ResponseReturnValue:
    """Go to one of the tenant's providers."""
    with databases().as_visitor() as session:
        tenant_id = find_tenant(session, tenant).id
    provider = _provider_of(tenant_id, provider_id)
    is_ours = provider.key == "platform"
    callback = PLATFORM_CALLBACK if is_ours else f"/portal/{tenant}/sign-in/callback"
    return _leave(
        provider, callback, f"/portal/{tenant}/", tenant=tenant, tenant_id=str(tenant_id), provider_id=str(provider_id)
    )


@pages.post("/organisations/sign-in")
def leave_as_founder() -> ResponseReturnValue:
    """Go to the platform's provider."""
    return _leave(_platform_provider(), PLATFORM_CALLBACK, "/")


@pages.get("/portal/<tenant>/sign-in/callback")
def return_as_member(tenant: str) -> ResponseReturnValue:
    """Come back from a tenant's provider."""
    return _return(tenant)


@pages.get(PLATFORM_CALLBACK)
def return_from_platform() -> ResponseReturnValue:
    """Come back from the platform's provider: as a member, or to open an organisation."""
    return _return(None)


def _leave(provider: Provider, callback: str, home: str, **whose: str) -> ResponseReturnValue:
    # Each makes our server ask another one.
    count("leave", request.remote_addr or "", most=LEAVES_PER_NETWORK, within=timedelta(minutes=15))
    attempt = begin(provider, _settings().public_url.rstrip("/") + callback)
    browser = current_browser()
    at = time()
    kept = {state: one for state, one in browser.get(_ATTEMPTS, {}).items() if one["until"] > at}
    for state in list(kept)[: max(len(kept) - ATTEMPTS_KEPT + 1, 0)]:
        del kept[state]
    kept[attempt.state] = {
        "attempt": asdict(attempt),
        "next": safe_next(request.form.get("next"), home),
        "until": at + ATTEMPT_HOLDS_S,
        **whose,
    }
    browser[_ATTEMPTS] = kept
    return redirect(attempt.url, code=303)


def _return(tenant: str | None) -> ResponseReturnValue:
    kept = _take_attempt(request.args.get("state", ""))
    attempt = Attempt(**kept["attempt"])
    if urlsplit(attempt.redirect_uri).path != request.path or tenant not in {None, kept.get("tenant")}:
        raise SignInFailed(reason="wrong-callback")
    answer = request.args.to_dict()
    if "tenant_id" not in kept:
        identity = finish(_platform_provider(), attempt, answer)
        # Under a new token, as at every sign-in.
        current_browser().start_over(Person(), **{_IDENTITY: asdict(identity)})
        return redirect(kept["next"], code=303)
    tenant_id, provider_id = UUID(kept["tenant_id"]), UUID(kept["provider_id"])
    identity = finish(_provider_of(tenant_id, provider_id), attempt, answer)
    with databases().as_tenant(tenant_id) as session:
        member_id = member_of_identity(session, provider_id, identity, at=now())
    sign_in_member(tenant_id, member_id)
    return redirect(kept["next"], code=303)


def _take_attempt(state: str) -> dict[str, Any]:
    """Return what was remembered under this state, once. Raises `SignInFailed`."""
    browser = current_browser()
    attempts = dict(browser.get(_ATTEMPTS, {}))
    kept: dict[str, Any] | None = attempts.pop(state, None)
    if kept is None or kept["until"] < time():
        raise SignInFailed(reason="state-unknown")
    browser[_ATTEMPTS] = attempts
    return kept


def _provider_of(tenant_id: UUID, provider_id: UUID) -> Provider:
    """Return the tenant's provider as it stands now; one that uses the platform's client gets its secret from us."""
    with databases().as_tenant(tenant_id) as session:
        row = session.get(IdentityProvider, (tenant_id, provider_id))
    if row is None or not row.enabled:
        raise NotFound
    settings = _settings()
    if settings.oidc_issuer and (row.issuer, row.client_id) == (settings.oidc_issuer, settings.oidc_client_id):
        return _platform_provider()
    return Provider(
        key=str(row.id),
        version=row.version,
        issuer=row.issuer,
        client_id=row.client_id,
        client_secret=row.client_secret,
        scopes=row.scopes,
        allow_private=settings.oidc_allow_private,
    )


def _platform_provider() -> Provider:
    settings = _settings()
    if not settings.oidc_issuer:
        raise NotFound
    return Provider(
        key="platform",
        version=0,
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret,
        allow_private=settings.oidc_allow_private,
    )


def _settings() -> Settings:
    settings = current_app.extensions["sign_in_settings"]
    assert isinstance(settings, Settings)  # noqa: S101 - set in one place, init_app
    return settings
