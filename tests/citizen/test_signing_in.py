# SPDX-License-Identifier: EUPL-1.2
"""Signing in by a code in the mail is the whole onboarding (R4); one's own details are one's own."""

import json
import re
from uuid import uuid4

import pytest


@pytest.fixture
def code_for(mail_server):
    """Returns the code in the newest mail to an address."""

    def read(email: str) -> str:
        mails = mail_server.messages(to=email)
        assert mails, f"no mail to {email}"
        found = re.search(r"\b(\d{6})\b", str(mails[0]))
        assert found is not None
        return found[1]

    return read


def hidden(answer, name: str) -> str:
    found = re.search(rf'name="{name}"[^>]*value="([^"]*)"', answer.get_data(as_text=True))
    assert found is not None
    return found[1]


def ask(browser, email: str, on: str = "/"):
    page = browser.get(f"/sign-in?next={on}")
    return browser.post("/sign-in", data={"csrf_token": hidden(page, "csrf_token"), "email": email, "next": on})


def enter(browser, code: str, on: str = "/"):
    page = browser.get(f"/sign-in/code?next={on}")
    return browser.post("/sign-in/code", data={"csrf_token": hidden(page, "csrf_token"), "code": code, "next": on})


def test_a_newcomer_gets_in_with_a_code_and_a_name_and_goes_on_to_the_chore(visitor, given, code_for):
    chore = given.chore(given.tenant())
    on, email = f"/chores/{chore.id}", f"{uuid4().hex}@example.org"

    assert ask(visitor, email, on).status_code == 303
    welcome = enter(visitor, code_for(email), on)
    page = visitor.get(welcome.headers["Location"])
    begun = visitor.post(
        "/welcome",
        data={"csrf_token": hidden(page, "csrf_token"), "next": on, "name": "Nieuwe Buur", "language": "nl"},
    )

    assert begun.headers["Location"] == on
    assert "Ik doe mee" in visitor.get(on).get_data(as_text=True)
    assert f'action="{on}/claim"' in visitor.get(on).get_data(as_text=True)


def test_whoever_was_here_before_goes_straight_on(visitor, given, code_for):
    citizen = given.citizen("Bekende Buur")
    ask(visitor, citizen.email.upper(), "/wallet")

    answer = enter(visitor, f" {code_for(citizen.email)[:3]} {code_for(citizen.email)[3:]} ", "/wallet")

    assert answer.headers["Location"] == "/wallet"
    assert "Bekende Buur" in visitor.get("/wallet").get_data(as_text=True)


def test_a_wrong_code_says_how_often_one_may_still_try(visitor, given, code_for):
    citizen = given.citizen()
    ask(visitor, citizen.email)
    wrong = "000000" if code_for(citizen.email) != "000000" else "000001"

    answer = enter(visitor, wrong)

    assert answer.status_code == 400
    assert "4 keer" in answer.get_data(as_text=True)
    assert visitor.get("/wallet").status_code == 303


def test_a_code_of_too_few_digits_is_a_slip_and_costs_no_guess(visitor, given, code_for):
    citizen = given.citizen()
    ask(visitor, citizen.email)

    slip = enter(visitor, code_for(citizen.email)[:5])

    assert "zes cijfers" in slip.get_data(as_text=True)
    wrong = "000000" if code_for(citizen.email) != "000000" else "000001"
    assert "4 keer" in enter(visitor, wrong).get_data(as_text=True)


def test_an_address_that_is_none_is_refused_at_its_field(visitor, code_for):
    answer = ask(visitor, "geen adres")

    assert answer.status_code == 400
    assert 'aria-invalid="true"' in answer.get_data(as_text=True)


@pytest.mark.parametrize("on", ["//evil.example", "https://evil.example", "/\\evil.example"])
def test_after_signing_in_one_is_never_sent_to_another_site(visitor, given, code_for, on):
    citizen = given.citizen("Wie Dan Ook")
    ask(visitor, citizen.email, on)

    assert enter(visitor, code_for(citizen.email), on).headers["Location"] == "/"


def test_a_page_of_ones_own_asks_to_sign_in_and_leads_back(visitor):
    for path in ("/my-chores", "/wallet", "/pay", "/profile", "/messages"):
        answer = visitor.get(path)
        assert answer.status_code == 303
        assert answer.headers["Location"].replace("%2F", "/") == f"/sign-in?next={path}"


def test_signing_out_ends_the_session_also_where_it_was_copied_to(signed_in, given):
    browser = signed_in(given.citizen())
    token = browser.get_cookie("heitje")
    assert token is not None
    page = browser.get("/profile")

    browser.post("/sign-out", data={"csrf_token": hidden(page, "csrf_token")})
    browser.set_cookie("heitje", token.value)

    assert browser.get("/wallet").status_code == 303


def test_own_details_are_changed_and_the_language_with_them(signed_in, given):
    browser = signed_in(given.citizen("Oude Naam"))
    page = browser.get("/profile")
    data = {"csrf_token": hidden(page, "csrf_token"), "name": "Nieuwe Naam", "birth_year": "1990", "language": "en"}

    answer = browser.post("/profile", data=data, follow_redirects=True)

    assert "Your details are saved." in answer.get_data(as_text=True)
    assert 'value="Nieuwe Naam"' in answer.get_data(as_text=True)


@pytest.mark.parametrize(
    "wrong",
    [{"name": ""}, {"name": "x" * 81}, {"birth_year": "19"}, {"birth_year": "1800"}, {"birth_year": "१९९०"},
     {"neighbourhood_code": "BU0000"}, {"language": "fy"}],
)  # fmt: skip
def test_details_that_cannot_be_are_refused_and_nothing_changes(signed_in, given, wrong):
    browser = signed_in(given.citizen("Blijft Zo"))
    page = browser.get("/profile")
    data = {"csrf_token": hidden(page, "csrf_token"), "name": "Anders", "birth_year": "1990", "language": "nl"} | wrong

    answer = browser.post("/profile", data=data)

    assert answer.status_code == 422
    assert "Er klopt nog iets niet" in answer.get_data(as_text=True)
    assert 'value="Blijft Zo"' in browser.get("/profile").get_data(as_text=True)


def test_one_takes_along_a_copy_of_everything(signed_in, given):
    citizen, tenant = given.citizen("Mee Nemer"), given.tenant()
    given.earned(citizen, tenant, reward_cents=12_50)

    answer = signed_in(citizen).get("/profile/heitje.json")
    known = json.loads(answer.get_data(as_text=True))

    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert known["person"]["email"] == citizen.email
    assert known["balance_cents"] == 12_50
    assert [chore["state"] for chore in known["chores"]] == ["rewarded"]
    assert [entry["amount_cents"] for entry in known["statement"]] == [12_50]
    assert known["years"][0]["committed_cents"] == 12_50


def test_a_blocked_citizen_is_out_at_the_next_request(signed_in, given, databases):
    citizen = given.citizen()
    browser = signed_in(citizen)
    assert browser.get("/wallet").status_code == 200

    with databases.as_citizen(citizen.id) as session:
        session.connection().exec_driver_sql("update citizens set state = 'blocked'")

    assert browser.get("/wallet").status_code == 303


def test_every_page_is_kept_from_shared_caches_and_carries_the_policy(signed_in, visitor, given):
    own = signed_in(given.citizen())
    for browser, path in ((visitor, "/"), (own, "/wallet"), (visitor, "/about"), (visitor, "/nowhere")):
        answer = browser.get(path)
        assert answer.headers["Cache-Control"] == "no-store"
        policy = answer.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy


def test_a_form_without_its_token_changes_nothing(signed_in, given):
    citizen, tenant = given.citizen(), given.tenant()
    chore = given.chore(tenant)

    answer = signed_in(citizen).post(f"/chores/{chore.id}/claim", data={"idempotency_key": "no-token-came-along"})

    assert answer.status_code == 400
    assert "Nog geen klussen" in signed_in(citizen).get("/my-chores").get_data(as_text=True)


@pytest.mark.parametrize(
    "path", ["/", "/map", "/shops", "/about", "/privacy", "/accessibility", "/sign-in", "/offline"]
)
def test_pages_for_everybody_open_in_both_languages(visitor, given, path):
    dutch = visitor.get(path)
    visitor.set_cookie("heitje_language", "en", domain="localhost")
    english = visitor.get(path)

    assert (dutch.status_code, english.status_code) == (200, 200)
    assert dutch.get_data() != english.get_data()
