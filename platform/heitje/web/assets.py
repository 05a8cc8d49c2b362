# SPDX-License-Identifier: EUPL-1.2
"""Static files under one version: /static/<version>/..., kept for ever by browsers, new with every change.

The version is a digest of all files, so that a module imports its neighbour, and a stylesheet its font, by a
relative address and gets the same version. WhiteNoise serves them before Flask is asked.
"""

import hashlib
import json
from pathlib import Path
from typing import Any
from wsgiref.headers import Headers

from flask import Flask, Response, current_app, render_template, send_from_directory
from flask_babel import gettext as _
from whitenoise import WhiteNoise  # type: ignore[import-untyped]

from heitje.config import Settings
from heitje.web.security import security_headers
from heitje.web.theme import DEFAULT_COLOUR, ColourUnreadable, stylesheet

STATIC = Path(__file__).parent / "static"
ONE_DAY_S = 86_400

SHELL = (
    "css/heitje.css", "js/app.js", "js/outbox.js", "js/kept.js", "vendor/htmx.min.js", "vendor/figtree.woff2", "icons/heitje.svg",
)  # fmt: skip
"""What the phone keeps from the first visit on, so that a page opens without a network."""


def init_assets(app: Flask, settings: Settings) -> None:
    """Serve the kernel's static files, the stylesheet of a brand, the service worker and the app's manifest."""
    app.extensions["heitje_assets"] = {"": (STATIC, version := _digest(STATIC))}
    headers = security_headers(is_https=settings.public_url.startswith("https://"))

    def protect(answer: Headers, _path: str, _url: str) -> None:
        for name, value in headers.items():
            answer[name] = value

    static = WhiteNoise(
        app.wsgi_app,
        root=STATIC,
        prefix=f"static/{version}/",
        allow_all_origins=False,
        add_headers_function=protect,
        immutable_file_test=lambda _path, _url: True,
    )
    app.extensions["heitje_whitenoise"] = static
    app.wsgi_app = static  # type: ignore[method-assign]
    app.jinja_env.globals["asset"] = asset
    app.add_url_rule("/static/<version>/<path:name>", "web.older_version", _older_version)
    app.add_url_rule("/theme/<colour>.css", "web.theme", _theme)
    app.add_url_rule("/sw.js", "web.service_worker", _service_worker)
    app.add_url_rule("/manifest.webmanifest", "web.manifest", _manifest)
    app.add_url_rule("/offline", "web.offline", _offline)
    app.add_url_rule("/favicon.ico", "web.favicon", _favicon)


def asset(name: str) -> str:
    """Return the address of a static file, such as "css/heitje.css", with its version."""
    folders = _folders()
    _folder, version = folders.get(name.partition("/")[0], folders[""])
    return f"/static/{version}/{name}"


def add_static(app: Flask, folder: Path, name: str) -> None:
    """Serve a surface's own static folder: `asset("citizen/claim.js")` is claim.js in it, for name "citizen".

    Call it in the surface's `init_app`, after `init_pages`. Names may not be those of folders here (css, js, ...).
    """
    version = _digest(folder)
    app.extensions["heitje_assets"][name] = (folder, version)
    app.extensions["heitje_whitenoise"].add_files(str(folder), prefix=f"static/{version}/{name}/")


def _folders() -> dict[str, tuple[Path, str]]:
    folders: dict[str, tuple[Path, str]] = current_app.extensions["heitje_assets"]
    return folders


def _digest(folder: Path) -> str:
    seen = hashlib.sha256()
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        seen.update(str(file.relative_to(folder)).encode())
        seen.update(file.read_bytes())
    return seen.hexdigest()[:12]


def _older_version(name: str, **_version: str) -> Response:
    """A page from before an update asks for its own version; it gets today's file, and keeps it only shortly."""
    first, _slash, rest = name.partition("/")
    answer = (
        send_from_directory(_folders()[first][0], rest) if first in _folders() else send_from_directory(STATIC, name)
    )
    answer.headers["Cache-Control"] = "public, max-age=60"
    return answer


def _theme(colour: str) -> Response:
    try:
        css = stylesheet(colour)
    except ColourUnreadable:
        css = stylesheet(DEFAULT_COLOUR)
    return _text(css, "text/css", max_age_s=ONE_DAY_S)


def _service_worker() -> Response:
    shell = ["/offline", "/manifest.webmanifest", *(asset(name) for name in SHELL if (STATIC / name).is_file())]
    facts = json.dumps({"version": _folders()[""][1], "shell": shell})
    code = (STATIC / "js" / "sw.js").read_text("utf-8").replace("/* FACTS */ {}", facts)
    answer = _text(code, "text/javascript", max_age_s=0)
    answer.headers["Service-Worker-Allowed"] = "/"
    return answer


def _manifest() -> Response:
    sizes: tuple[tuple[str, str, str], ...] = (
        ("icons/heitje-192.png", "192x192", "any"),
        ("icons/heitje-512.png", "512x512", "any"),
        ("icons/heitje-maskable-512.png", "512x512", "maskable"),
    )
    facts: dict[str, Any] = {
        "id": "/",
        "name": "Heitje",
        "short_name": "Heitje",
        "description": _("Do chores in your neighbourhood, earn Heitjes and spend them in shops nearby."),
        "start_url": "/?source=app",
        "scope": "/",
        "display": "standalone",
        "background_color": "#fafafa",
        "theme_color": f"#{DEFAULT_COLOUR}",
        "icons": [
            {"src": asset(name), "sizes": size, "type": "image/png", "purpose": purpose}
            for name, size, purpose in sizes
        ],
    }
    return _text(json.dumps(facts), "application/manifest+json", max_age_s=ONE_DAY_S)


def _offline() -> Response:
    answer = Response(render_template("web/offline.html"))
    answer.headers["Cache-Control"] = "public, max-age=60"
    return answer


def _favicon() -> Response:
    answer = send_from_directory(STATIC / "icons", "heitje-32.png")
    answer.headers["Cache-Control"] = f"public, max-age={ONE_DAY_S}"
    return answer


def _text(body: str, kind: str, *, max_age_s: int) -> Response:
    answer = Response(body, content_type=f"{kind}; charset=utf-8")
    answer.headers["Cache-Control"] = f"public, max-age={max_age_s}" if max_age_s else "no-cache"
    return answer
