# SPDX-License-Identifier: EUPL-1.2
"""An OpenID provider that lies as it is told to: one dial for each lie.

It has no login page: a test reads the address the browser is sent to, and comes back with whatever it likes.
"""

import base64
import hmac
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

KID = "the-key"


@dataclass
class Lies:
    """What the provider says otherwise than a good one. Set before the browser leaves."""

    metadata: dict[str, Any] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    leave_out: tuple[str, ...] = ()
    algorithm: str = "RS256"
    key: str = "own"
    """own, another, public (HS256 by the public key), secret (HS256 by the client's secret), none"""
    userinfo: dict[str, Any] | None = None
    redirect_metadata: str = ""
    metadata_padding: int = 0
    no_id_token: bool = False


class HostileProvider:
    """A running provider; `asked` holds the forms that came to the token endpoint."""

    def __init__(self, port: int) -> None:
        self.issuer = f"http://127.0.0.1:{port}"
        self.client_id = "heitje-client"
        self.client_secret = "a client secret of the tests, long enough for HS256"
        self.lies = Lies()
        self.asked: list[dict[str, str]] = []
        self.promised: dict[str, str] = {}
        self._key = RSAKey.generate_key(2048, {"kid": KID})
        self._another = RSAKey.generate_key(2048, {"kid": KID})

    def leave(self, location: str) -> dict[str, str]:
        """Be the browser arriving at the authorization endpoint; return its parameters."""
        parts = urlsplit(location)
        assert f"{parts.scheme}://{parts.netloc}" == self.issuer
        self.promised = {name: values[0] for name, values in parse_qs(parts.query).items()}
        return self.promised

    def metadata(self) -> dict[str, Any]:
        good = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "jwks_uri": f"{self.issuer}/jwks",
            "response_types_supported": ["code"],
            "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
        }
        padding = {"padding": "x" * self.lies.metadata_padding} if self.lies.metadata_padding else {}
        return good | self.lies.metadata | padding

    def jwks(self) -> dict[str, Any]:
        return {"keys": [self._key.as_dict(private=False) | {"kid": KID, "use": "sig"}]}

    def token(self, form: dict[str, str]) -> dict[str, Any]:
        self.asked.append(form)
        challenge = _base64(sha256(form.get("code_verifier", "").encode()).digest())
        assert challenge == self.promised["code_challenge"], "PKCE"
        answer = {"access_token": "access", "token_type": "Bearer", "expires_in": 60}
        return answer if self.lies.no_id_token else answer | {"id_token": self._id_token()}

    def _id_token(self) -> str:
        at = int(time())
        claims = {
            "iss": self.issuer,
            "aud": self.client_id,
            "sub": "mia-at-the-provider",
            "nonce": self.promised["nonce"],
            "iat": at,
            "exp": at + 300,
            "email": "mia@heerlen.example",
            "email_verified": True,
            "name": "Mia Medewerker",
        } | self.lies.claims
        for name in self.lies.leave_out:
            del claims[name]
        header = {"alg": self.lies.algorithm, "kid": KID}
        if self.lies.key in {"none", "public"}:
            # Libraries refuse to do this; whoever wants to deceive us does not.
            signed = ".".join(_base64(json.dumps(part).encode()) for part in (header, claims))
            mac = hmac.digest(self._key.as_pem(private=False), signed.encode(), sha256)
            return f"{signed}." + (_base64(mac) if self.lies.key == "public" else "")
        keys = {
            "own": lambda: self._key,
            "another": lambda: self._another,
            "secret": lambda: OctKey.import_key(self.client_secret, {"kid": KID}),
        }
        return jwt.encode(header, claims, keys[self.lies.key](), algorithms=[self.lies.algorithm])


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


@contextmanager
def hostile_provider() -> Iterator[HostileProvider]:
    """Run one on 127.0.0.1."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/.well-known/openid-configuration":
                if provider.lies.redirect_metadata:
                    self.send_response(302)
                    self.send_header("Location", provider.lies.redirect_metadata)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                self._answer(provider.metadata())
            elif self.path == "/jwks":
                self._answer(provider.jwks())
            elif self.path == "/userinfo" and provider.lies.userinfo is not None:
                self._answer(provider.lies.userinfo)
            else:
                self.send_error(404)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._answer(provider.token({name: values[0] for name, values in parse_qs(body).items()}))

        def _answer(self, content: dict[str, Any]) -> None:
            body = json.dumps(content).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        provider = HostileProvider(server.server_port)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield provider
        finally:
            server.shutdown()
            thread.join()
