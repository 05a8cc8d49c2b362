# SPDX-License-Identifier: EUPL-1.2
"""A small app that shows every macro, to look at and to measure: `python tests/web/gallery.py`."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from flask import Flask, abort, current_app, flash, redirect, render_template
from flask.typing import ResponseReturnValue
from wtforms import BooleanField, DateField, RadioField, SelectField, SelectMultipleField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice

from heitje.config import Settings
from heitje.errors import Conflict, InvalidInput, TooMany
from heitje.web.forms import AmountField, Between, Form, OnceForm, PhotoField, Required
from heitje.web.frame import Tab, TabGroup, frame_page
from heitje.web.pages import init_pages

AT = datetime(2026, 11, 28, 9, 0, tzinfo=UTC)
SETTINGS = Settings(secret_key="gallery-of-macros-0123456789abcdef")

CHORES = [
    {"title": "Zwerfafval rapen in het Aambos", "issuer": "Gemeente Heerlen", "minutes": 60, "distance_m": 450, "when": AT, "reward_cents": 8_00, "places": "Nog 4 plekken"},
    {"title": "Boodschappen doen voor mevrouw De Vries", "issuer": "Zorggroep De Linde", "minutes": 45, "distance_m": 1_240, "when": None, "reward_cents": 6_00, "places": "Nog 1 plek"},
    {"title": "Portiek schilderen aan de Akerstraat", "issuer": "Woonstichting Thuis", "minutes": 240, "distance_m": 2_310, "when": AT + timedelta(days=2), "reward_cents": 30_00, "places": "Nog 2 plekken"},
    {"title": "Koffie schenken in buurthuis De Brug", "issuer": "Buurthuis De Brug", "minutes": 180, "distance_m": 900, "when": AT, "reward_cents": 15_00, "places": "Nog 3 plekken"},
    {"title": "Tuin winterklaar maken", "issuer": "Woonstichting Thuis", "minutes": 120, "distance_m": 3_000, "when": AT, "reward_cents": 16_50, "places": "Nog 1 plek"},
    {"title": "Samen wandelen met bewoners", "issuer": "Zorggroep De Linde", "minutes": 90, "distance_m": 1_400, "when": AT, "reward_cents": 8_00, "places": "Nog 6 plekken"},
]  # fmt: skip


class ClaimForm(OnceForm):
    title = StringField("Titel", validators=[Required()], description="Wat moet er gebeuren? Kort en duidelijk.")
    reward_cents = AmountField("Beloning", validators=[Required(), Between(1_00, 100_00)])
    kind = SelectField("Klussoort", choices=[SelectChoice("green", "Groen"), SelectChoice("paint", "Schilderen")])
    when = DateField("Dag", validators=[Required()])
    remark = TextAreaField("Opmerking")
    evidence = SelectMultipleField(
        "Bewijs", choices=[SelectChoice("photo", "Foto"), SelectChoice("hours", "Uren"), SelectChoice("code", "Code")]
    )
    who = RadioField(
        "Voor wie",
        choices=[SelectChoice("all", "Iedereen"), SelectChoice("adults", "Alleen 18 jaar en ouder")],
        default="all",
    )
    photo = PhotoField("Foto van het resultaat")
    agree = BooleanField("Ik heb de verklaring gelezen")


class AmountForm(Form):
    amount_cents = AmountField("Bedrag", validators=[Required()])


def make_app(settings: Settings = SETTINGS) -> Flask:
    """Make the app; one page per layout."""
    app = Flask("gallery", template_folder=str(Path(__file__).parent / "templates"), static_folder=None)
    app.config["RECEIVED"] = []
    init_pages(app, settings)
    app.add_url_rule("/", "chores", chores)
    app.add_url_rule("/chore", "chore", chore)
    app.add_url_rule("/wallet", "wallet", wallet)
    app.add_url_rule("/pay", "pay", pay)
    app.add_url_rule("/form", "form", form, methods=["GET", "POST"])
    app.add_url_rule("/portal/heerlen/", "portal", portal)
    app.add_url_rule("/portal/heerlen/claims", "queue", queue)
    app.add_url_rule("/till", "till", till)
    app.add_url_rule("/till/result", "till_result", till_result)
    app.add_url_rule("/till/waiting", "till_waiting", till_waiting)
    app.add_url_rule("/till/payment", "till_payment", till_payment)
    app.add_url_rule("/refused", "refused", refused)
    app.add_url_rule("/refused-input", "refused_input", refused_input)
    app.add_url_rule("/too-many", "too_many", too_many)
    app.add_url_rule("/fault", "fault", fault)
    app.add_url_rule("/status/<int:status>", "status", refuse_with)
    app.add_url_rule("/api/v1/chores", "api", refused_input, methods=["POST"])
    app.add_url_rule("/sign-out", "sign_out", sign_out, methods=["POST"])
    app.add_url_rule("/pay/<code>", "paying", paying)
    app.add_url_rule("/flash", "flashing", flashing, methods=["POST"])
    return app


def frame_app() -> None:
    tabs = (
        Tab(label="Klussen", url="/", icon="hand-helping", exact=True),
        Tab(label="Mijn klussen", url="/form", icon="list-checks", count=2),
        Tab(label="Betalen", url="/pay", icon="qr-code"),
        Tab(label="Saldo", url="/wallet", icon="wallet"),
        Tab(label="Winkels", url="/shops", icon="store"),
    )
    frame_page(
        name="Heitje", place="Gemeente Heerlen", tabs=tabs, balance_cents=23_00, balance_url="/wallet", person="Amira",
        links=(("Privacy", "/privacy"), ("Toegankelijkheid", "/accessibility")),
    )  # fmt: skip


def frame_portal() -> None:
    frame_page(
        name="Gemeente Heerlen",
        place="Portaal",
        brand_colour="0b5a8c",
        home_url="/portal/heerlen/",
        person="Noor Jansen",
        sign_out_url="/flash",
        tabs=(
            Tab(label="Overzicht", url="/portal/heerlen/", icon="layout-dashboard", exact=True),
            Tab(label="Te beoordelen", url="/portal/heerlen/claims", icon="clipboard-check", count=7),
            Tab(label="Klussen", url="/portal/heerlen/chores", icon="clipboard-list"),
        ),
        groups=(
            TabGroup(
                label="Geld",
                tabs=(
                    Tab(label="Budget", url="/portal/heerlen/budget", icon="piggy-bank"),
                    Tab(label="Facturen", url="/portal/heerlen/invoices", icon="receipt"),
                ),
            ),
        ),
    )


def chores() -> str:
    frame_app()
    return render_template("gallery/chores.html", chores=CHORES)


def chore() -> str:
    frame_app()
    return render_template("gallery/chore.html", chore=CHORES[0])


def wallet() -> str:
    frame_app()
    return render_template("gallery/wallet.html", at=AT)


def pay() -> str:
    frame_app()
    return render_template("gallery/pay.html", at=AT)


def form() -> ResponseReturnValue:
    frame_app()
    filled = ClaimForm()
    if filled.validate_on_submit():
        photo = filled.photo.data
        received = {
            "key": filled.idempotency_key.data,
            "title": filled.title.data,
            "photo": photo.read() if photo else b"",
        }
        current_app.config["RECEIVED"].append(received)
        flash("Opgeslagen", "success")
        return redirect("/wallet", code=303)
    return render_template("gallery/form.html", form=filled)


def portal() -> str:
    frame_portal()
    return render_template("gallery/portal.html", chores=CHORES, at=AT)


def queue() -> str:
    frame_portal()
    return render_template("gallery/queue.html", chores=CHORES, at=AT)


def till() -> str:
    frame_page(name="Bakkerij Voncken", place="Kassa 1", home_url="/till")
    return render_template("gallery/till.html", form=AmountForm())


def till_result() -> str:
    frame_page(name="Bakkerij Voncken", place="Kassa 1", home_url="/till")
    return render_template("gallery/till_result.html")


def till_waiting() -> str:
    frame_page(name="Bakkerij Voncken", place="Kassa 1", home_url="/till")
    current_app.config["ASKED"] = 0
    return render_template("gallery/till_waiting.html")


def till_payment() -> str:
    current_app.config["ASKED"] += 1
    return render_template("gallery/till_payment.html", is_paid=current_app.config["ASKED"] >= 3)


def refused() -> str:
    raise Conflict(claim_state="approved")


def refused_input() -> str:
    raise InvalidInput({"reward_cents": ["Type an amount, such as 12,50."]})


def too_many() -> str:
    raise TooMany(retry_after_s=30)


def fault() -> str:
    raise RuntimeError("select secret from table")


def refuse_with(status: int) -> str:
    abort(status)


def sign_out() -> ResponseReturnValue:
    return redirect("/offline")


def paying(code: str) -> str:
    frame_app()
    return render_template("gallery/paying.html", code=code)


def flashing() -> ResponseReturnValue:
    flash("Mira +12,50", "success")
    return redirect("/")


if __name__ == "__main__":
    make_app().run(host="127.0.0.1", port=8790, debug=False)
