# SPDX-License-Identifier: EUPL-1.2
"""Fetches addresses that a tenant gave: https only, public machines only, little, soon, and no redirects.

The check is on the address that is connected to, not on an earlier look-up, so a name that changes its mind between
the two (rebinding) gains nothing.
"""

import socket
from ipaddress import IPv6Address, ip_address
from time import monotonic
from typing import Any

from requests import PreparedRequest, Response, Session
from requests.adapters import BaseAdapter, HTTPAdapter
from urllib3 import HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPSConnection

CONNECT_S = 3
READ_S = 5
WHOLE_S = 10
MOST_BYTES = 256 * 1024


class AddressRefused(Exception):
    """Not fetched: the address is no https, or not on a public machine."""


class AnswerRefused(Exception):
    """The answer is too long, takes too long, or sends us elsewhere."""


def guard(session: Session, *, allow_private: bool = False) -> None:
    """Let this session reach only what may be reached; `allow_private` is for demo and tests."""
    session.trust_env = False
    session.mount("https://", _Adapter() if allow_private else _PublicAdapter())
    session.mount("http://", _Adapter() if allow_private else _NoAdapter())


def public_address(host: str, port: int) -> str:
    """Return an address of `host`; raises `AddressRefused` unless all that it has are public."""
    found = {str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    for text in found:
        address = ip_address(text.partition("%")[0])
        if isinstance(address, IPv6Address) and (address.ipv4_mapped or address.sixtofour or address.teredo):
            raise AddressRefused(host)
        if not address.is_global or address.is_multicast or address.is_reserved:
            raise AddressRefused(host)
    return min(found)


class _PublicConnection(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        name = self._dns_host
        self._dns_host = public_address(name, self.port or 443)
        try:
            return super()._new_conn()
        finally:
            # The certificate must still be that of the name.
            self._dns_host = name


class _PublicPool(HTTPSConnectionPool):
    ConnectionCls = _PublicConnection


class _Adapter(HTTPAdapter):
    """Reads an answer up to a size and a time."""

    def send(self, request: PreparedRequest, *_args: Any, verify: bool | str = True, **_kwargs: Any) -> Response:
        until = monotonic() + WHOLE_S
        response = super().send(request, stream=True, timeout=(CONNECT_S, READ_S), verify=verify, proxies=None)
        with response:
            if response.is_redirect:
                raise AnswerRefused("redirect")
            response._content = _read(response, until)  # noqa: SLF001 - as requests itself sets it
            response._content_consumed = True  # type: ignore[attr-defined]  # noqa: SLF001
        return response


class _PublicAdapter(_Adapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        super().init_poolmanager(*args, **kwargs)
        manager: PoolManager = self.poolmanager
        manager.pool_classes_by_scheme = {"https": _PublicPool}


class _NoAdapter(BaseAdapter):
    def send(self, request: PreparedRequest, **_kwargs: Any) -> Response:  # type: ignore[override]
        raise AddressRefused(request.url)

    def close(self) -> None:
        """Nothing is open."""


def _read(response: Response, until: float) -> bytes:
    body = bytearray()
    while chunk := response.raw.read1(16_384, decode_content=True):
        body += chunk
        if len(body) > MOST_BYTES or monotonic() > until:
            raise AnswerRefused("too long")
    return bytes(body)
