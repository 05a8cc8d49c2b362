# SPDX-License-Identifier: EUPL-1.2
"""The web app, put together: the kernel's ground first, then each surface. This is the whole composition."""

import re
from uuid import uuid4

from flask import Flask, Response, g, request
from werkzeug.middleware.proxy_fix import ProxyFix

import citizen_pwa
import issuer_portal
import tenants
import token_bridge
from heitje import admin_api
from heitje.config import Settings, SettingUnreadable
from heitje.db.request import init_db
from heitje.identity import portal_sign_in
from heitje.identity.guards import init_guards
from heitje.identity.sessions import init_sessions
from heitje.jobs.process import init_jobs
from heitje.web.pages import init_pages
from heitje_server import health
from heitje_server.features import load_features

SHORTEST_SECRET = 32
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}", re.ASCII)


def create_app(settings: Settings | None = None) -> Flask:
    """Return the app, with settings from the environment unless given. Raises `SettingUnreadable`."""
    settings = settings or Settings.from_environment()
    if len(settings.secret_key) < SHORTEST_SECRET:
        raise SettingUnreadable(f"SECRET_KEY must be at least {SHORTEST_SECRET} characters")
    app = Flask("heitje_server", static_folder=None)
    app.config["SECRET_KEY"] = settings.secret_key
    app.extensions["settings"] = settings
    init_db(app, settings)
    _init_request_ids(app, is_behind_proxy=settings.trusted_proxies > 0)
    init_sessions(app, settings)
    init_jobs(settings, databases=app.extensions["databases"])
    init_pages(app, settings)
    init_guards(app)
    health.init_app(app)
    portal_sign_in.init_app(app, settings)
    for surface in (admin_api, tenants, token_bridge, issuer_portal, citizen_pwa):
        surface.init_app(app, settings)
    load_features()
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]
    return app


def _init_request_ids(app: Flask, *, is_behind_proxy: bool) -> None:
    """Name each request, for logs and the audit record; a name is taken over from our own proxy only."""

    @app.before_request
    def name_request() -> None:
        given = request.headers.get("X-Request-Id", "") if is_behind_proxy else ""
        g.request_id = given if _REQUEST_ID.fullmatch(given) else uuid4().hex

    @app.after_request
    def say_name(response: Response) -> Response:
        response.headers["X-Request-Id"] = g.get("request_id", "")
        return response
