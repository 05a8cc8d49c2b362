# SPDX-License-Identifier: EUPL-1.2
"""Signs people in at an OpenID provider: code flow with PKCE, by Authlib, which leaves to us what stands below.

Each provider is strange to us: its metadata must name itself as its issuer, its tokens must be signed by an
asymmetric key, be for us and from it, answer our nonce, and its response must say who answers when it can (RFC 9207).
"""

import logging
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from time import monotonic, time
from typing import Any
from urllib.parse import urlsplit

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.flask_client import FlaskIntegration, FlaskOAuth2App
from authlib.integrations.requests_client import OAuth2Session
from joserfc.errors import JoseError
from requests import RequestException, Session

from heitje.errors import HeitjeError
from heitje.identity.outbound import AddressRefused, AnswerRefused, guard

SAFE_ALGORITHMS = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"}
)
CLIENT_LIVES_S = 3600
CLIENTS_KEPT = 200
LEEWAY_S = 60

log = logging.getLogger(__name__)


class SignInFailed(HeitjeError):
    """The provider's answer cannot be trusted, or it gave none; `reason` is a code for whoever set it up."""

    code = "sign-in-failed"
    status = 400
    title = "Signing in did not work. Try again, or ask who manages the sign-in of your organisation."


@dataclass(frozen=True, kw_only=True)
class Provider:
    """A provider row, or the platform's own provider (`key` "platform")."""

    key: str
    version: int
    issuer: str
    client_id: str
    client_secret: str
    scopes: str = "openid profile email"
    allow_private: bool = False


@dataclass(frozen=True, kw_only=True)
class VerifiedIdentity:
    """Who a provider says this is. `subject` is unique only within the provider's row."""

    issuer: str
    subject: str
    email: str
    email_verified: bool
    name: str


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """What must be remembered between leaving for the provider and coming back."""

    state: str
    nonce: str
    code_verifier: str
    redirect_uri: str
    url: str
    """Where the browser goes."""


class _Session(OAuth2Session):  # type: ignore[misc]
    allow_private = False

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        guard(self, allow_private=self.allow_private)


class _PrivateSession(_Session):
    allow_private = True


class _PublicApp(FlaskOAuth2App):  # type: ignore[misc]
    client_cls = _Session


class _PrivateApp(FlaskOAuth2App):  # type: ignore[misc]
    client_cls = _PrivateSession


def begin(provider: Provider, redirect_uri: str) -> Attempt:
    """Return where to send the browser, and what to remember. Raises `SignInFailed`."""
    with _Refusing(provider):
        made = _client(provider).create_authorization_url(
            redirect_uri, state=secrets.token_urlsafe(32), nonce=secrets.token_urlsafe(32)
        )
    return Attempt(
        state=made["state"],
        nonce=made["nonce"],
        code_verifier=made["code_verifier"],
        redirect_uri=redirect_uri,
        url=made["url"],
    )


def finish(provider: Provider, attempt: Attempt, answer: Mapping[str, str]) -> VerifiedIdentity:
    """Return who signed in, from the query with which the browser came back. Raises `SignInFailed`."""
    with _Refusing(provider):
        client = _client(provider)
        _check_response(client, provider, answer)
        token = client.fetch_access_token(
            attempt.redirect_uri, code=answer["code"], code_verifier=attempt.code_verifier
        )
        claims = client.parse_id_token(
            token,
            attempt.nonce,
            claims_options={
                "iss": {"essential": True, "value": provider.issuer},
                "aud": {"essential": True, "value": provider.client_id},
                "sub": {"essential": True},
            },
            leeway=LEEWAY_S,
        )
        if claims is None:
            raise SignInFailed(reason="no-id-token")
        return _identity(provider, claims, _more_claims(client, token, claims, allow_private=provider.allow_private))


def looks_like_bsn(text: str) -> bool:
    """Tell whether this could be a citizen service number: eight or nine digits that pass the eleven-test."""
    if not (text.isascii() and text.isdigit() and len(text) in {8, 9}) or int(text) == 0:
        return False
    digits = [int(digit) for digit in text.zfill(9)]
    weights = (9, 8, 7, 6, 5, 4, 3, 2, -1)
    return sum(weight * digit for weight, digit in zip(weights, digits, strict=True)) % 11 == 0


def _check_response(client: Any, provider: Provider, answer: Mapping[str, str]) -> None:
    must_say = bool(client.server_metadata.get("authorization_response_iss_parameter_supported"))
    if answer.get("iss") != provider.issuer and (must_say or "iss" in answer):
        raise SignInFailed(reason="answer-from-another-issuer")
    if "error" in answer:
        raise SignInFailed(reason="refused-by-provider", error=answer["error"][:80])
    if not answer.get("code"):
        raise SignInFailed(reason="no-code")


def _more_claims(
    client: Any, token: Mapping[str, Any], claims: Mapping[str, Any], *, allow_private: bool
) -> Mapping[str, Any]:
    """Ask the userinfo endpoint for what strict providers keep out of the token."""
    address = client.server_metadata.get("userinfo_endpoint")
    if "email" in claims or not address or "access_token" not in token:
        return claims
    # Not through Authlib, which takes a token that lives a minute for dead.
    with Session() as session:
        guard(session, allow_private=allow_private)
        answer = session.get(address, headers={"Authorization": f"Bearer {token['access_token']}"})
    answer.raise_for_status()
    said: dict[str, Any] = answer.json()
    if said.get("sub") != claims["sub"]:
        raise SignInFailed(reason="userinfo-of-another")
    return {**said, **claims}


def _identity(provider: Provider, claims: Mapping[str, Any], said: Mapping[str, Any]) -> VerifiedIdentity:
    subject = claims["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= 255:
        raise SignInFailed(reason="subject-unusable")
    if looks_like_bsn(subject):
        raise SignInFailed(reason="subject-is-a-bsn")
    email = str(said.get("email") or "").strip().lower()
    name = str(said.get("name") or email.partition("@")[0] or "")
    return VerifiedIdentity(
        issuer=provider.issuer,
        subject=subject,
        email=email,
        email_verified=said.get("email_verified") is True,
        name=name[:120],
    )


_clients: dict[Provider, tuple[float, Any]] = {}
_clients_lock = threading.Lock()


def _client(provider: Provider) -> Any:
    """Return the client of this version of the row, with metadata of at most an hour old."""
    with _clients_lock:
        made_at, client = _clients.get(provider, (0.0, None))
    if client is not None and monotonic() - made_at < CLIENT_LIVES_S:
        return client
    client = _make_client(provider)
    with _clients_lock:
        while len(_clients) >= CLIENTS_KEPT:
            del _clients[next(iter(_clients))]
        _clients[provider] = (monotonic(), client)
    return client


def _make_client(provider: Provider) -> Any:
    metadata = _metadata(provider)
    methods = metadata.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    method = "none"
    if provider.client_secret:
        method = "client_secret_basic" if "client_secret_basic" in methods else "client_secret_post"
    kind = _PrivateApp if provider.allow_private else _PublicApp
    return kind(
        FlaskIntegration(provider.key),
        name=provider.key,
        client_id=provider.client_id,
        client_secret=provider.client_secret or None,
        client_kwargs={
            "scope": provider.scopes,
            "code_challenge_method": "S256",
            "token_endpoint_auth_method": method,
        },
        **metadata,
    )


def _metadata(provider: Provider) -> dict[str, Any]:
    with Session() as session:
        guard(session, allow_private=provider.allow_private)
        answer = session.get(provider.issuer.rstrip("/") + "/.well-known/openid-configuration")
    answer.raise_for_status()
    metadata: dict[str, Any] = answer.json()
    if metadata.get("issuer") != provider.issuer:
        raise SignInFailed(reason="metadata-of-another-issuer")
    offered = metadata.get("id_token_signing_alg_values_supported", ["RS256"])
    algorithms = sorted(SAFE_ALGORITHMS.intersection(offered))
    if not algorithms:
        raise SignInFailed(reason="no-safe-algorithm")
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        if urlsplit(str(metadata.get(name))).scheme not in ({"https", "http"} if provider.allow_private else {"https"}):
            raise SignInFailed(reason="metadata-unusable")
    # Keys come from jwks_uri and nowhere else; `_loaded_at` tells Authlib that there is nothing left to load.
    metadata.pop("jwks", None)
    return metadata | {"id_token_signing_alg_values_supported": algorithms, "_loaded_at": time()}


class _Refusing:
    """Turns whatever a strange provider brings about into one refusal, with its reason in our log."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    def __enter__(self) -> None:
        """Nothing to do."""

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if error is None:
            return
        if isinstance(error, SignInFailed):
            log.warning("sign-in at %s refused: %s", self._provider.issuer, error.facts.get("reason"))
            return
        reasons: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
            ((AddressRefused, AnswerRefused), "provider-address-refused"),
            (JoseError, "token-untrusted"),
            (AuthlibBaseError, "refused-by-provider"),
            (RequestException, "provider-away"),
            ((OSError, ValueError, KeyError, TypeError, RuntimeError, AttributeError), "provider-unreadable"),
        )
        for kinds, reason in reasons:
            if isinstance(error, kinds):
                log.warning("sign-in at %s failed: %s (%s)", self._provider.issuer, reason, type(error).__name__)
                raise SignInFailed(reason=reason) from error
