# SPDX-License-Identifier: EUPL-1.2
"""Who stands at the till: by a code that came by mail, at one of two shops, until signing out."""

import re
from uuid import uuid4

from flask import Flask
from sqlalchemy import text

from tests.fixtures.servers import MailAddress
from tests.fixtures.signed_in import session_token
from tests.shops.conftest import StandAt, Town
from tests.shops.till import Till


def test_a_stranger_is_sent_to_the_sign_in_of_the_till_and_back(app: Flask) -> None:
    answer = app.test_client().get("/till/takings")

    assert answer.status_code == 303
    assert answer.headers["Location"] == "/till/sign-in?next=%2Ftill%2Ftakings"


def test_staff_sign_in_by_the_code_in_the_mail_and_come_where_they_were_going(
    town: Town, app: Flask, mail_server: MailAddress
) -> None:
    shop = town.shop("Kaashuis")
    till = Till(app)
    till.opens("/till/takings", follow=True)

    page = till.sends("/till/sign-in", email=f" {shop.email.upper()}")
    assert shop.email in page
    code = re.search(r"\b\d{6}\b", mail_server.messages(to=shop.email)[0]["text"])
    assert code is not None
    assert "aria-invalid" in till.sends("/till/sign-in/code", code="12", status=400)
    page = till.sends("/till/sign-in/code", code=code[0])

    assert till.path == "/till/takings"
    assert "Kaashuis" in page


def test_a_stranger_gets_the_same_answer_and_no_mail(town: Town, app: Flask, mail_server: MailAddress) -> None:
    email = f"{uuid4().hex}@example.org"
    till = Till(app)
    till.opens("/till/sign-in")

    assert email in till.sends("/till/sign-in", email=email)
    assert mail_server.messages(to=email) == []


def test_somebody_of_two_shops_chooses_at_which_till_to_stand(town: Town, app: Flask) -> None:
    one, two = town.shop("Aan de Markt"), town.shop("Bij het Station")
    staff_id = uuid4()
    with town.databases.across_tenants() as session:
        session.execute(
            text("insert into shop_staff (shop_id, id, email, name, role) values (:shop, :id, :email, 'Sjef', 'till')"),
            {"shop": two.id, "id": staff_id, "email": one.email},
        )
    till = Till(app, session_token(town.databases, one))

    page = till.opens("/till/shops")
    assert "Aan de Markt" in page
    assert "Bij het Station" in page
    assert "Bij het Station" in till.sends(f"/till/shops/{two.id}")
    other = town.shop("Van een ander")
    till.opens("/till/shops")
    till.sends(f"/till/shops/{other.id}", status=403)


def test_signing_out_closes_the_till(town: Town, stand_at: StandAt) -> None:
    till = stand_at(town.shop())
    till.opens("/till/shop")

    till.sends("/till/sign-out")

    assert till.client.get("/till/").status_code == 303
