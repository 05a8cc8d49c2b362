# SPDX-License-Identifier: EUPL-1.2
"""Pages: templates, language, form tokens, security headers and static files, put on an app in one call."""

from urllib.parse import urlencode

from flask import Blueprint, Flask, Response, redirect, request
from flask_wtf import CSRFProtect
from werkzeug.wrappers import Response as WerkzeugResponse

from heitje.cents import in_heitjes
from heitje.config import Settings
from heitje.i18n.language import LANGUAGE_COOKIE, current_language, init_language
from heitje.i18n.texts import LANGUAGES
from heitje.web import charts, words
from heitje.web.assets import init_assets
from heitje.web.frame import current_frame
from heitje.web.icons import icon
from heitje.web.links import safe_next
from heitje.web.problems import init_problems
from heitje.web.security import init_security
from heitje.web.theme import scale

# The templates stand in heitje/web/templates/web and are extended as "web/layout.html" by every surface.
pages = Blueprint("web", __name__, template_folder="templates")

ONE_YEAR_S = 365 * 86_400
MAX_REQUEST_BYTES = 21_000_000
"""A photo of 20 MB and the fields around it."""

csrf = CSRFProtect()
"""`csrf.exempt(blueprint)` for what does not sign in by cookie: the REST API, webhooks."""


def init_pages(app: Flask, settings: Settings) -> None:
    """Make the app speak in pages: layout, macros, filters, languages, tokens, headers, static files, problems."""
    app.config["SECRET_KEY"] = app.config.get("SECRET_KEY") or settings.secret_key
    app.config["MAX_CONTENT_LENGTH"] = app.config.get("MAX_CONTENT_LENGTH") or MAX_REQUEST_BYTES
    app.config.update(
        # The token lives as long as the session: a form filled in offline may be sent a day later.
        WTF_CSRF_TIME_LIMIT=None,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.public_url.startswith("https://"),
    )
    init_security(app, settings)
    init_language(app)
    csrf.init_app(app)
    app.register_blueprint(pages)
    app.after_request(_name_next_page_to_outbox)
    _init_templates(app)
    init_assets(app, settings)
    init_problems(app)


def _init_templates(app: Flask) -> None:
    environment = app.jinja_env
    environment.trim_blocks = environment.lstrip_blocks = True
    environment.policies["ext.i18n.trimmed"] = True
    environment.filters.update(
        heitjes=in_heitjes,
        duration=words.duration,
        distance=words.distance,
        day=words.day,
        short_day=words.short_day,
        month_name=words.month_name,
        moment=words.moment,
        short_moment=words.short_moment,
        clock_time=words.clock_time,
        sentence=words.sentence,
    )
    environment.globals.update(
        icon=icon,
        page_frame=current_frame,
        brand_scale=scale,
        current_language=current_language,
        languages=LANGUAGES,
        here=_here,
        safe_next=safe_next,
        bar_chart=charts.bar_chart,
        next_page_url=_next_page_url,
        sort_url=_sort_url,
        sort_order=_sort_order,
    )


def _name_next_page_to_outbox(answer: Response) -> Response:
    """Answer outbox.js with the address of the next page; a browser's fetch would follow a redirect unseen."""
    if "X-Outbox" in request.headers and 300 <= answer.status_code < 400:
        answer.headers["X-Next-Page"] = answer.headers.pop("Location")
        answer.status_code = 204
        answer.set_data(b"")
    return answer


def _here() -> str:
    """Return this page's own path with its query, to come back to."""
    return request.full_path.rstrip("?") if request.method == "GET" else request.path


def _next_page_url(cursor: str) -> str:
    return _with_query(after=cursor)


def _sort_url(key: str) -> str:
    """Return this page sorted by `key`; a second click turns the order around."""
    return _with_query(sort=f"-{key}" if request.args.get("sort") == key else key, after=None)


def _sort_order(key: str) -> str:
    """Return "ascending", "descending" or "none", as `aria-sort` wants it."""
    return {key: "ascending", f"-{key}": "descending"}.get(request.args.get("sort", ""), "none")


def _with_query(**changes: str | None) -> str:
    values = request.args.to_dict(flat=False)
    for name, value in changes.items():
        values.pop(name, None)
        if value is not None:
            values[name] = [value]
    return f"{request.path}?{urlencode(values, doseq=True)}"


@pages.post("/language")
def language() -> WerkzeugResponse:
    """Keep the choice of language for a year and go back to the page."""
    answer = redirect(safe_next(request.form.get("next"), "/"), code=303)
    chosen = request.form.get("language", "")
    if chosen in LANGUAGES:
        answer.set_cookie(
            LANGUAGE_COOKIE, chosen, max_age=ONE_YEAR_S, secure=request.is_secure, httponly=True, samesite="Lax"
        )
    return answer
