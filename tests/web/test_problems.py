# SPDX-License-Identifier: EUPL-1.2
import pytest

JSON = {"Accept": "application/json"}


def test_a_refusal_is_a_page_in_the_language_of_the_person(client):
    dutch = client.get("/refused", headers={"Accept-Language": "nl"})
    english = client.get("/refused", headers={"Accept-Language": "en-GB"})

    assert dutch.status_code == english.status_code == 409
    assert "Dit is intussen veranderd." in dutch.text
    assert "This has changed in the meantime." in english.text


def test_a_refusal_is_a_problem_document_for_who_prefers_json(client):
    answer = client.get("/refused", headers=JSON | {"Accept-Language": "en"})

    assert answer.status_code == 409
    assert answer.content_type == "application/problem+json"
    assert answer.json == {
        "type": "/problems/conflict",
        "title": "This has changed in the meantime. Look at it again.",
        "status": 409,
        "claimState": "approved",
    }


def test_a_browser_that_also_takes_json_gets_a_page(client):
    answer = client.get("/refused", headers={"Accept": "text/html,application/json;q=0.9,*/*;q=0.8"})
    assert answer.mimetype == "text/html"


def test_below_api_every_refusal_is_a_problem_document(client):
    answer = client.get("/api/v1/nothing-here", headers={"Accept": "text/html"})
    assert answer.content_type == "application/problem+json"
    assert answer.json["type"] == "/problems/not-found"


def test_input_that_is_wrong_names_the_field(client):
    answer = client.get("/refused-input", headers=JSON)
    assert answer.json["errors"] == [
        {"in": "body", "pointer": "/rewardCents", "detail": "Typ een bedrag, bijvoorbeeld 12,50."}
    ]


def test_too_many_says_when_to_come_back(client):
    for headers in ({}, JSON):
        assert client.get("/too-many", headers=headers).headers["Retry-After"] == "30"


def test_a_wrong_method_keeps_the_list_of_right_ones(client):
    answer = client.delete("/wallet")
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]


@pytest.mark.parametrize("headers", [{}, JSON])
def test_a_fault_tells_nothing_of_the_inside(client, headers, caplog):
    answer = client.get("/fault", headers=headers)

    assert answer.status_code == 500
    for inside in ("select secret", "Traceback", "RuntimeError", "Werkzeug", "Python", "gallery.py"):
        assert inside not in answer.text
        assert inside not in str(answer.headers)
    assert "select secret" in caplog.text


def test_a_form_without_its_token_is_refused(client):
    answer = client.post("/form", data={"title": "x"})
    assert answer.status_code == 400
    assert "Dit formulier is te oud." in answer.text


def test_a_body_that_is_too_large_is_refused(client):
    answer = client.post("/form", data={"title": "x" * 22_000_000})
    assert answer.status_code == 413
    assert "te groot" in answer.text


@pytest.mark.parametrize("status", [400, 403, 404, 405, 410, 415, 429, 500, 503])
def test_each_error_page_has_one_heading_and_a_way_on(client, status):
    answer = client.get(f"/status/{status}")
    assert answer.status_code == status
    assert answer.text.count("<h1") == 1
    assert "Naar de startpagina" in answer.text


def test_an_error_page_that_cannot_be_drawn_is_still_a_sentence(gallery, caplog):
    spoiled = gallery.jinja_env.globals.pop("page_frame")
    try:
        answer = gallery.test_client().get("/nothing-here")
    finally:
        gallery.jinja_env.globals["page_frame"] = spoiled
    assert answer.status_code == 404
    assert answer.text == "Wij kunnen deze pagina niet vinden."
