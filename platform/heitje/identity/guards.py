# SPDX-License-Identifier: EUPL-1.2
"""Who may open a page: decorators that let in, enter the scope and say who it is.

Every guard reads the person anew, so whoever is blocked is out at the next request. A page sends a stranger to the
right sign-in and back; a form of htmx, or a system, gets 401.

    @pages.post("/portal/<tenant>/claims/<uuid:claim_id>/approve")
    @members_only(Role.APPROVER)
    def approve(claim_id: UUID) -> ResponseReturnValue: ...

`<tenant>` is taken out by the guard (see `current_tenant`) and filled in by `url_for`.
"""

from collections.abc import Callable
from functools import wraps
from hashlib import sha256
from hmac import compare_digest
from typing import Any, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from flask import Flask, after_this_request, g, redirect, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from werkzeug import Response

from heitje.audit import Actor
from heitje.clock import now
from heitje.db.request import current_session, enter_scope
from heitje.db.scope import Scope
from heitje.errors import NotAllowed, NotFound, SignInNeeded
from heitje.identity.models import Citizen, Member, Operator, Tenant
from heitje.identity.people import Staff, find_citizen, find_member, find_staff
from heitje.identity.roles import ActingMember, Role
from heitje.identity.sessions import current_browser, sign_out
from heitje.web.links import safe_next
from heitje.web.problems import wants_problem_document

View = Callable[..., ResponseReturnValue]
Kind = TypeVar("Kind")


def init_guards(app: Flask) -> None:
    """Let `url_for` fill in the signed-in member's tenant where an address has one."""

    @app.url_defaults
    def fill_tenant(endpoint: str, values: dict[str, Any]) -> None:
        if "tenant" not in values and "tenant_slug" in g and app.url_map.is_endpoint_expecting(endpoint, "tenant"):
            values["tenant"] = g.tenant_slug


def citizens_only(view: View) -> View:
    """Let in a signed-in citizen, in the scope of that citizen."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> ResponseReturnValue:
        return view(*args, **kwargs) if _let_citizen_in() else _refuse("/sign-in")

    return guarded


def citizens_welcome(view: View) -> View:
    """Let everybody in: a signed-in citizen in their own scope, others as visitors."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> ResponseReturnValue:
        _let_citizen_in()
        return view(*args, **kwargs)

    return guarded


def members_only(*roles: Role) -> Callable[[View], View]:
    """Let in an active member of the tenant in the address, who has one of `roles` (in whatever department) or, when
    none is named, any role or none. Somebody of another tenant sees 404.
    """

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> ResponseReturnValue:
            slug = kwargs.pop("tenant")
            if not _let_member_in(slug):
                return _refuse(f"/portal/{slug}/sign-in")
            if roles and not any(has_role(current_member(), role) for role in roles):
                raise NotAllowed
            return view(*args, **kwargs)

        return guarded

    return guard


def shops_only(view: View) -> View:
    """Let in the staff of a shop, in the scope of that shop."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> ResponseReturnValue:
        return view(*args, **kwargs) if _let_staff_in() else _refuse("/till/sign-in")

    return guarded


def owners_of_shops_only(view: View) -> View:
    """Let in the owner of a shop: who may see and change where its money goes."""

    @shops_only
    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> ResponseReturnValue:
        if current_staff().role != "owner":
            raise NotAllowed
        return view(*args, **kwargs)

    return guarded


def operators_only(view: View) -> View:
    """Let in an operator by bearer token, in the operator's scope. Others get a problem document."""

    @wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> ResponseReturnValue:
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "bearer" or not token:
            _challenge('Bearer realm="heitje"')
            raise SignInNeeded
        _let_operator_in(token.strip())
        return view(*args, **kwargs)

    return guarded


def current_citizen() -> Citizen:
    """Return the signed-in citizen; raises `SignInNeeded` where no guard let one in."""
    return _current("citizen", Citizen)


def current_citizen_or_none() -> Citizen | None:
    """Return the signed-in citizen, or None for a visitor."""
    citizen: Citizen | None = g.get("citizen")
    return citizen


def current_member() -> Member:
    """Return the signed-in member with `.roles` and `.tenant` loaded."""
    return _current("member", Member)


def current_tenant() -> Tenant:
    """Return the tenant of the signed-in member."""
    return current_member().tenant


def current_staff() -> Staff:
    """Return who stands at the till."""
    return _current("staff", Staff)


def current_shop_id() -> UUID:
    """Return the shop of who stands at the till."""
    return current_staff().shop_id


def current_operator() -> Operator:
    """Return the operator whose token came along."""
    return _current("operator", Operator)


def acting_member() -> ActingMember:
    """Return the signed-in member as use-cases want it."""
    member = current_member()
    return ActingMember(
        tenant_id=member.tenant_id,
        member_id=member.id,
        roles=frozenset((Role(held.role), held.department_id) for held in member.roles),
        request_id=g.get("request_id", ""),
    )


def has_role(member: Member, role: Role) -> bool:
    """Tell whether the member has this role, for the organisation or in some department."""
    return any(held.role == role for held in member.roles)


def may_act_for(member: Member, role: Role, department_id: UUID | None) -> bool:
    """Tell whether the member has this role for this department; None asks for the whole organisation."""
    return any(held.role == role and held.department_id in {None, department_id} for held in member.roles)


def actor() -> Actor:
    """Return who acts in this request, for the audit record."""
    request_id = g.get("request_id", "")
    for kind in ("member", "citizen", "operator"):
        if kind in g:
            return Actor(kind=kind, id=str(g.get(kind).id), request_id=request_id)
    if "staff" in g:
        return Actor(kind="shop", id=f"{g.staff.shop_id}:{g.staff.id}", request_id=request_id)
    raise SignInNeeded


def _let_citizen_in() -> bool:
    citizen_id = current_browser().person.citizen_id
    if citizen_id is None:
        return False
    enter_scope(Scope(citizen_id=citizen_id))
    citizen = find_citizen(current_session(), citizen_id)
    if citizen is None:
        _put_out()
        return False
    g.citizen = citizen
    return True


def _let_member_in(slug: str) -> bool:
    person = current_browser().person
    if person.tenant_id is None or person.member_id is None:
        return False
    enter_scope(Scope(tenant_id=person.tenant_id))
    member = find_member(current_session(), person.member_id)
    if member is None:
        _put_out()
        return False
    if member.tenant.slug != slug:
        raise NotFound
    g.member, g.tenant_slug = member, slug
    return True


def _let_staff_in() -> bool:
    browser = current_browser()
    shop_id = browser.person.shop_id
    if shop_id is None:
        return False
    enter_scope(Scope(shop_id=shop_id))
    staff = find_staff(current_session(), shop_id, UUID(browser["staff_id"]))
    if staff is None:
        _put_out()
        return False
    g.staff = staff
    return True


def _let_operator_in(token: str) -> None:
    token_sha256 = sha256(token.encode()).digest()
    enter_scope(Scope(operator=True))
    operator = current_session().scalar(select(Operator).where(Operator.token_sha256 == token_sha256))
    if (
        operator is None
        or not compare_digest(operator.token_sha256, token_sha256)
        or operator.token_expires_at <= now()
    ):
        _challenge('Bearer realm="heitje", error="invalid_token"')
        raise SignInNeeded
    if operator.state != "active":
        raise NotAllowed
    g.operator = operator


def _put_out() -> None:
    """End the session, and leave the scope that was entered to find out."""
    sign_out()
    g.pop("db_session").close()
    g.pop("db_scope")


def _refuse(sign_in_path: str) -> ResponseReturnValue:
    if "HX-Request" in request.headers or wants_problem_document():
        raise SignInNeeded
    if request.method not in {"GET", "HEAD"}:
        return redirect(sign_in_path, code=303)
    here = safe_next(request.full_path.rstrip("?"), "/")
    return redirect(f"{sign_in_path}?{urlencode({'next': here})}", code=303)


def _challenge(challenge: str) -> None:
    @after_this_request
    def say(response: Response) -> Response:
        response.headers["WWW-Authenticate"] = challenge
        return response


def _current(name: str, kind: type[Kind]) -> Kind:
    found = g.get(name)
    if not isinstance(found, kind):
        raise SignInNeeded
    return found
