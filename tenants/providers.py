# SPDX-License-Identifier: EUPL-1.2
"""Through which OpenID providers an organisation's people sign in; each organisation brings its own."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from heitje import audit
from heitje.errors import Conflict, NotFound
from heitje.identity.models import IdentityProvider
from heitje.identity.roles import ActingMember, Role


class LastProvider(Conflict):
    """Without a way to sign in nobody could come in to mend it."""

    code = "last-provider"
    title = "This is the only way to sign in. First add another one."


def providers_of(session: Session, *, only_enabled: bool = False) -> Sequence[IdentityProvider]:
    """List the tenant's providers by name."""
    query = select(IdentityProvider).order_by(func.lower(IdentityProvider.name), IdentityProvider.id)
    if only_enabled:
        query = query.where(IdentityProvider.enabled)
    return session.scalars(query).all()


def add_provider(
    session: Session,
    *,
    name: str,
    issuer: str,
    client_id: str,
    client_secret: str,
    by: ActingMember,
    at: datetime,
) -> IdentityProvider:
    """Add a provider; owners only. That it answers is found out when somebody signs in through it."""
    by.must(Role.OWNER)
    provider = IdentityProvider(
        tenant_id=by.tenant_id, id=uuid4(), name=name, issuer=issuer, client_id=client_id, client_secret=client_secret
    )
    session.add(provider)
    session.flush()
    _record(session, provider, "provider.added", by=by, at=at)
    return provider


def switch_provider(session: Session, provider_id: UUID, *, enabled: bool, by: ActingMember, at: datetime) -> None:
    """Let people sign in through a provider, or no more; owners only. Raises `LastProvider`, `NotFound`."""
    by.must(Role.OWNER)
    providers = session.scalars(
        select(IdentityProvider)
        .order_by(IdentityProvider.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    provider = next((one for one in providers if one.id == provider_id), None)
    if provider is None:
        raise NotFound(kind="provider")
    if provider.enabled == enabled:
        return
    if not enabled and not any(one.enabled for one in providers if one.id != provider_id):
        raise LastProvider
    provider.enabled = enabled
    provider.version += 1
    session.flush()
    _record(session, provider, "provider.enabled" if enabled else "provider.disabled", by=by, at=at)


def _record(session: Session, provider: IdentityProvider, action: str, *, by: ActingMember, at: datetime) -> None:
    audit.record(session, action, by=by.actor, subject=f"provider:{provider.id}", at=at, tenant_id=by.tenant_id)
