# SPDX-License-Identifier: EUPL-1.2
"""Headers of every answer, and the refusal of forms that another site sends."""

from urllib.parse import urlsplit

from flask import Flask, Response, abort, g, request

from heitje.config import Settings

TILE_HOST = "https://service.pdok.nl"
"""The only outside host a page speaks to: map tiles of the Dutch government."""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})

FIXED_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(self), microphone=(), payment=(), usb=(), browsing-topics=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
HSTS = "max-age=63072000; includeSubDomains"


def init_security(app: Flask, settings: Settings) -> None:
    """Refuse foreign forms and put the headers on every answer, errors included."""
    is_https = settings.public_url.startswith("https://")
    app.before_request(_refuse_foreign_origin)

    @app.after_request
    def protect(response: Response) -> Response:
        for name, value in security_headers(is_https=is_https or request.is_secure).items():
            response.headers.setdefault(name, value)
        response.headers.setdefault("Content-Security-Policy", content_security_policy(g.get("form_targets", ())))
        # A view that shows the same to everybody says so itself.
        if "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = "no-store"
        return response


def security_headers(*, is_https: bool) -> dict[str, str]:
    """Return the headers that are the same for every answer, static files included."""
    return FIXED_HEADERS | ({"Strict-Transport-Security": HSTS} if is_https else {})


def content_security_policy(form_targets: tuple[str, ...] = ()) -> str:
    """Return the policy of a page; `form_targets` are origins a form's answer may redirect to."""
    return "; ".join(
        (
            "default-src 'self'",
            f"img-src 'self' data: {TILE_HOST}",
            "object-src 'none'",
            "base-uri 'none'",
            " ".join(("form-action 'self'", *form_targets)),
            "frame-ancestors 'none'",
        )
    )


def allow_form_target(url: str) -> None:
    """Let a form on this page end at another site: a browser refuses even the *redirect* of a POST to elsewhere.

    For the page that holds the button to an identity provider or a payment page.
    """
    parts = urlsplit(url)
    g.form_targets = (*g.get("form_targets", ()), f"{parts.scheme}://{parts.netloc}")


def _refuse_foreign_origin() -> None:
    """A browser names the site a form stands on; another site's form is refused before anything is read."""
    if request.method in SAFE_METHODS:
        return
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        abort(403)
    origin = request.headers.get("Origin")
    if origin is not None and origin.partition("://")[2] != request.host:
        abort(403)
