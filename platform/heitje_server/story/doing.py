# SPDX-License-Identifier: EUPL-1.2
"""Chores are published, found, done and decided on."""

from datetime import timedelta
from io import BytesIO

from heitje.clock import local_day, now
from heitje_server.demo.files import PICTURES
from heitje_server.story.scene import Organisation, Scene, sign_in_by_code
from heitje_server.story.visitor import Difference, Visitor, expect

REWARD_CENTS = 12_50


def chores_are_published_by_form_and_by_upload(scene: Scene) -> str:
    """One by form; a list with a wrong row, which is named, and a right one, which is published."""
    first, second, _ = scene.organisations
    scene.facts["title"] = f"Bankje verven in het park {scene.run}"
    _publish_by_form(first, scene.facts["title"])
    _publish_by_upload(second, f"Portiek vegen {scene.run}")
    return "1 by form, 1 of 2 rows by upload"


def _publish_by_form(organisation: Organisation, title: str) -> None:
    visitor = organisation.visitor
    visitor.open(organisation.path("chores/new"))
    form = visitor.page.form(has="good_result")
    visitor.send(
        form,
        title=title,
        description="Schuur de planken licht op en geef ze een laag beits. Alles zit in de klusbox.",
        good_result="Het bankje is glad en gelijkmatig groen.",
        category_code=form.option("category_code", "Schilderen"),
        neighbourhood_code=form.option("neighbourhood_code", "Grasbroek"),
        place_name="Bankje bij de vijver",
        lat="50.8945",
        lon="5.9705",
        reward_cents="12,50",
        slots_count="2",
        department_id=form.option("department_id", "Wijkbeheer"),
        budget_line_id=form.option("budget_line_id", "Schoon en samen"),
        evidence=["photo", "hours"],
        closes_on=(local_day(now()) + timedelta(days=20)).isoformat(),
    )
    _attest_and_publish(visitor)


def _attest_and_publish(visitor: Visitor) -> None:
    form = visitor.page.form(action="/publish")
    box = next(name for name in form.options if name != "csrf_token")
    visitor.send(form, {box: form.options[box][0][0]})
    expect(
        not any("/publish" in other.action for other in visitor.page.forms), f"not published: {visitor.page.text[:300]}"
    )


def _publish_by_upload(organisation: Organisation, title: str) -> None:
    visitor = organisation.visitor
    example = visitor.raw("GET", organisation.path("chores/upload/example.csv"))
    expect(example.status_code == 200, f"no example to upload: {example.status_code}")
    header, row = example.content.decode("utf-8-sig").splitlines()[:2]
    names, values = header.split(";"), row.split(";")
    good = dict(zip(names, values, strict=True)) | {"Titel": title}
    bad = good | {"Titel": f"{title} fout", "Duur in minuten": "heel lang"}
    lines = [header, ";".join(good.values()), ";".join(bad.values())]
    visitor.open(organisation.path("chores/upload"))
    content = BytesIO(("\ufeff" + "\r\n".join(lines)).encode())
    visitor.send(visitor.page.form(has="file"), files=[("file", ("klussen.csv", content, "text/csv"))])
    expect("heel lang" in visitor.page.text or "minuten" in visitor.page.text, "the wrong row is not named")
    form = visitor.page.form(action="/confirm")
    visitor.send(form, attested="yes", act="publish")
    visitor.open(organisation.path("chores"))
    expect(title in visitor.page.text, f"{title!r} is not in the list after the upload")


def a_citizen_finds_and_claims_a_chore(scene: Scene) -> str:
    """Search on the phone, sign in by code, come straight back, take part: four taps after the code at most."""
    scene.facts["email"] = f"bewoner-{scene.run}@example.org"
    citizen = scene.facts["citizen"] = scene.visitor()
    citizen.open("/")
    page = citizen.send(citizen.page.form(has="q"), q=scene.run)
    chore = next(href for href, text in page.links if scene.facts["title"] in text)
    citizen.open(chore)
    sign_in_by_code(scene, citizen, f"/sign-in?next={chore}", scene.facts["email"])
    form = citizen.page.form(has="name")
    code = form.option("neighbourhood_code", "Grasbroek")
    citizen.send(form, name="Bewoner van het verhaal", neighbourhood_code=code, birth_year="1988")
    expect(citizen.page.path == chore, f"after signing in the citizen is at {citizen.page.path}, not at the chore")
    citizen.send(citizen.page.form(action="/claim"))
    expect("/my-chores/" in citizen.page.path, f"claiming led to {citizen.page.path}")
    scene.facts["claim"] = citizen.page.path
    return citizen.page.path


def the_citizen_does_it_and_hands_in(scene: Scene) -> str:
    """Begin, then a photo (which loses its metadata), hours and a remark."""
    citizen: Visitor = scene.facts["citizen"]
    citizen.send(citizen.page.form(action="/begin"))
    form = citizen.page.form(action="/evidence")
    picture = (PICTURES / "bankje-na.jpg").read_bytes()
    minutes = form.options["minutes"][4][0]
    citizen.send(
        form, files=[("photo", ("na.jpg", picture, "image/jpeg"))], minutes=minutes, remark="Het is mooi geworden."
    )
    return "submitted"


def an_approver_asks_for_more_then_approves(scene: Scene) -> str:
    """Ask once with a reason, get an answer, approve; approving twice pays once."""
    organisation = scene.organisations[0]
    approver, citizen = organisation.colleague, scene.facts["citizen"]
    claim = _claim_in_queue(organisation, approver, scene.facts["title"])
    approver.open(claim)
    form = approver.page.form(action="/ask")
    approver.send(
        form, {name: "Kunt u ook zeggen welke beits u gebruikte?" for name in form.names if name.endswith("reason")}
    )
    citizen.open(scene.facts["claim"])
    expect("beits" in citizen.page.text, "the citizen cannot read what was asked")
    citizen.send(citizen.page.form(action="/evidence"), remark="De groene uit de klusbox.")
    approver.open(claim)
    form = approver.page.form(action="/approve")
    approver.send(form)
    answer = approver.raw("POST", form.action, data=dict(form.values), allow_redirects=False)
    expect(answer.status_code < 500, f"approving twice answered {answer.status_code}")
    citizen.open("/wallet")
    expect("12,50" in citizen.page.text, f"the wallet shows no 12,50: {citizen.page.text[:300]}")
    scene.wait_for(
        lambda: [mail for mail in scene.mails_to(scene.facts["email"]) if "12,50" in mail["subject"] + mail["text"]],
        "the mail that thanks the citizen",
    )
    return "12,50 Heitjes in the wallet, thanked by mail"


def a_second_claim_is_rejected_with_a_reason(scene: Scene) -> str:
    """Another citizen hands in, is turned down, reads why, and earned nothing."""
    organisation = scene.organisations[0]
    email = f"ander-{scene.run}@example.org"
    citizen = scene.visitor()
    citizen.open("/")
    page = citizen.send(citizen.page.form(has="q"), q=scene.run)
    chore = next(href for href, text in page.links if scene.facts["title"] in text)
    sign_in_by_code(scene, citizen, f"/sign-in?next={chore}", email)
    citizen.send(citizen.page.form(has="name"), name="Ander Persoon")
    citizen.send(citizen.page.form(action="/claim"))
    claim_page = citizen.page.path
    picture = (PICTURES / "bankje-voor.jpg").read_bytes()
    form = citizen.page.form(action="/evidence")
    citizen.send(form, files=[("photo", ("x.jpg", picture, "image/jpeg"))], minutes=form.options["minutes"][2][0])
    approver = organisation.colleague
    approver.open(_claim_in_queue(organisation, approver, scene.facts["title"]))
    form = approver.page.form(action="/reject")
    filled = {name: "Het bankje is nog grijs." for name in form.names if name.endswith("reason")}
    filled |= {name: "not_done" for name in form.names if name.endswith("reason_code")}
    approver.send(form, filled)
    citizen.open(claim_page)
    expect("nog grijs" in citizen.page.text, "the citizen cannot read the reason")
    return "rejected, the slot is free again"


def _claim_in_queue(organisation: Organisation, approver: Visitor, title: str) -> str:
    approver.open(organisation.path("claims"))
    for href, text in approver.page.links:
        if "/claims/" in href and "#" not in href and title in text:
            return href
    links = [href for href, _ in approver.page.links if "/claims/" in href and "#" not in href]
    if title in approver.page.text and links:
        return links[0]
    raise Difference(f"the queue of {organisation.slug} does not show {title!r}")
