# SPDX-License-Identifier: EUPL-1.2
import html5lib
import pytest
from werkzeug.datastructures import MultiDict

from heitje.errors import Conflict, InvalidInput
from tests.web.gallery import ClaimForm

PAGES = [
    "/",
    "/chore",
    "/wallet",
    "/pay",
    "/form",
    "/portal/heerlen/",
    "/portal/heerlen/claims",
    "/till",
    "/till/result",
    "/refused",
]


@pytest.fixture
def form(gallery):
    with gallery.test_request_context(method="POST"):
        yield lambda **values: ClaimForm(MultiDict(values), meta={"csrf": False})


@pytest.mark.parametrize(("typed", "cents"), [("12,50", 12_50), ("12.5", 12_50), ("€ 8", 8_00), (" 30 ", 30_00)])
def test_amounts_are_read_as_people_type_them(form, typed, cents):
    assert form(reward_cents=typed).reward_cents.data == cents


@pytest.mark.parametrize("typed", ["abc", "-5", "1.000,00", "0", "12,505", "1e3", "٣"])
def test_an_amount_that_cannot_be_read_says_what_can(form, typed):
    filled = form(reward_cents=typed, title="x")
    assert not filled.validate()
    assert filled.reward_cents.errors == ["Typ een bedrag, bijvoorbeeld 12,50."]
    assert typed in filled.reward_cents()


def test_an_amount_out_of_bounds_names_the_bounds(form):
    filled = form(reward_cents="150")
    filled.validate()
    assert filled.reward_cents.errors == ["Kies een bedrag van 1 tot en met 100."]


def test_an_amount_is_shown_as_it_would_be_typed(form):
    filled = form()
    filled.reward_cents.data = 1_234_50
    filled.reward_cents.raw_data = None
    assert 'value="1234,50"' in filled.reward_cents()


def test_a_refusal_of_the_kernel_stands_at_its_field_or_above_the_form(form):
    filled = form()
    filled.refuse(InvalidInput({"title": ["Too short."], "elsewhere": ["Not so."]}))
    filled.refuse(Conflict())

    assert filled.title.errors == ["Too short."]
    assert filled.form_errors == ["Not so.", "Dit is intussen veranderd. Bekijk het opnieuw."]


def test_a_form_that_counts_once_carries_a_new_key_each_time(client):
    keys = {client.get("/form").text.split('name="idempotency_key" type="hidden" value="')[1][:24] for _ in range(3)}
    assert len(keys) == 3


def test_errors_are_tied_to_their_fields(client):
    page = client.get("/form").text
    token = page.split('name="csrf_token" type="hidden" value="')[1].split('"')[0]
    answer = client.post("/form", data={"csrf_token": token, "reward_cents": "veel", "idempotency_key": "k" * 24})

    assert 'aria-describedby="title-hint title-error"' in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert '<a href="#reward_cents">' in answer.text
    assert 'value="veel"' in answer.text


@pytest.mark.parametrize("path", PAGES)
def test_pages_are_valid_html_with_a_title_one_heading_and_labelled_fields(client, path):
    parser = html5lib.HTMLParser(strict=False, namespaceHTMLElements=False)
    document = parser.parse(client.get(path).data)

    assert [error for error in parser.errors if error[1] != "non-void-element-with-trailing-solidus"] == []
    assert document.findtext(".//title")
    assert len(document.findall(".//h1")) == 1
    labelled = {label.get("for") for label in document.iter("label")}
    for control in [*document.iter("input"), *document.iter("select"), *document.iter("textarea")]:
        wrapped = control.get("type") in {"hidden", "checkbox"}
        assert wrapped or control.get("id") in labelled, control.attrib
    assert not [
        element
        for element in document.iter()
        if "style" in element.attrib or any(name.startswith("on") for name in element.attrib)
    ]


def test_values_are_escaped(client):
    page = client.get("/form").text
    token = page.split('name="csrf_token" type="hidden" value="')[1].split('"')[0]
    evil = '"><script>alert(1)</script>'
    answer = client.post("/form", data={"csrf_token": token, "title": evil, "remark": evil, "idempotency_key": evil})
    assert "<script>alert" not in answer.text
