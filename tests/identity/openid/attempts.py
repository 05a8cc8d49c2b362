# SPDX-License-Identifier: EUPL-1.2
"""An app to sign in to, a tenant whose provider is the hostile one, and the way there and back."""

from uuid import uuid4

from flask import Flask

from heitje.config import Settings
from heitje.db.request import init_db
from heitje.identity import portal_sign_in
from heitje.identity.guards import init_guards
from heitje.identity.sessions import init_sessions
from heitje.web.pages import init_pages
from tests.identity.doors import doors

BSN = "111222333"
JSON = {"Accept": "application/json"}


def make_app(settings: Settings) -> Flask:
    app = Flask("heitje_server")
    init_db(app, settings)
    init_sessions(app, settings)
    init_pages(app, settings)
    init_guards(app)
    portal_sign_in.init_app(app, settings)
    app.register_blueprint(doors)
    app.config["WTF_CSRF_ENABLED"] = False
    app.add_url_rule(
        "/choices/<slug>", "choices", view_func=lambda slug: [str(c.id) for c in portal_sign_in.sign_in_choices(slug)]
    )
    app.add_url_rule("/founder", "founder", view_func=lambda: str(portal_sign_in.verified_identity()))
    return app


class Town:
    """A tenant whose provider is the hostile one, and a member Mia, invited."""

    def __init__(self, given, provider, **row) -> None:
        self.slug = f"t{uuid4().hex[:20]}"
        self.tenant_id = given.tenant(self.slug)
        self.provider_id = given.row(
            "identity_providers",
            **{
                "tenant_id": self.tenant_id,
                "name": "Werkaccount",
                "issuer": provider.issuer,
                "client_id": provider.client_id,
                "client_secret": provider.client_secret,
            }
            | row,
        )
        self.mia = given.member(self.tenant_id, "approver", email="mia@heerlen.example", state="invited")

    def leave(self, client, **form):
        return client.post(f"/portal/{self.slug}/sign-in/{self.provider_id}", data=form, headers=JSON)

    @property
    def callback(self) -> str:
        return f"/portal/{self.slug}/sign-in/callback"


def come_back(client, town, provider, **answer):
    """Be sent away and return with what a good provider would say, but for `answer`; None leaves a part out."""
    promised = provider.leave(town.leave(client).location)
    query = {"code": "code", "state": promised["state"]} | answer
    return client.get(
        town.callback, query_string={name: value for name, value in query.items() if value is not None}, headers=JSON
    )


def is_in(client, town) -> bool:
    return client.get(f"/portal/{town.slug}/").status_code == 200


def refused(answer, reason: str) -> bool:
    return (answer.status_code, answer.json["type"], answer.json["reason"]) == (400, "/problems/sign-in-failed", reason)
