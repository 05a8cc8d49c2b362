# SPDX-License-Identifier: EUPL-1.2
"""People are told in the app and by mail, whoever causes it, in their own language."""

from dataclasses import replace
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text

from heitje.config import Settings
from heitje.jobs.process import init_jobs
from heitje.jobs.queue import enqueue
from heitje.jobs.run import run_outbox
from heitje.notifications.mail import Mail, as_email
from heitje.notifications.models import Message
from heitje.notifications.tell import mark_read, tell_citizen, tell_member, tell_shop, unread_messages
from heitje.notifications.texts import TEXTS, said

FACTS = {"claim_id": str(uuid4()), "title": "Bank verven", "reward_cents": 1250, "thanks": "Prachtig gedaan!"}


def test_a_tenant_thanks_a_citizen_in_the_app_and_by_mail(databases, people, run_jobs, mail_server):
    with databases.as_tenant(people.tenant_id) as session:
        tell_citizen(session, people.citizen_id, "claim-approved", **FACTS)
    run_jobs()
    (mail,) = mail_server.messages(to=people.citizen_email)
    assert mail["subject"] == "Thank you! 12,50 Heitjes for Bank verven"
    assert "“Prachtig gedaan!”" in mail["text"]
    assert f"https://heitje.example/claims/{FACTS['claim_id']}" in mail["text"]
    assert mail["headers"]["Content-Language"] == "en"
    with databases.as_citizen(people.citizen_id) as session:
        (message,) = unread_messages(session)
        assert (message.kind, message.from_tenant_id) == ("claim-approved", people.tenant_id)
        assert message.sent_at is not None
        mark_read(session, [message.id])
        session.expire_all()
        assert unread_messages(session) == []


def test_a_mail_is_sent_once_however_often_its_job_runs(databases, people, run_jobs, mail_server, superuser):
    with databases.as_tenant(people.tenant_id) as session:
        tell_citizen(session, people.citizen_id, "claim-approved", **FACTS)
    run_jobs()
    message_id = superuser.execute("select id from messages where citizen_id = %s", [people.citizen_id]).fetchone()[
        "id"
    ]
    with databases.as_citizen(people.citizen_id) as session:
        enqueue(session, "notifications.mail", message_id=message_id)
    run_jobs()
    assert len(mail_server.messages(to=people.citizen_email)) == 1


def test_nothing_is_told_when_the_act_is_undone(databases, people, run_jobs, mail_server):
    with pytest.raises(ZeroDivisionError), databases.as_tenant(people.tenant_id) as session:
        tell_citizen(session, people.citizen_id, "claim-approved", **FACTS)
        raise ZeroDivisionError
    run_jobs()
    assert mail_server.messages(to=people.citizen_email) == []


def test_an_invited_member_gets_a_mail_in_dutch(databases, people, run_jobs, mail_server):
    with databases.as_tenant(people.tenant_id) as session:
        tell_member(
            session,
            people.tenant_id,
            people.member_id,
            "member-invited",
            organisation="Gemeente Heerlen",
            slug="heerlen",
        )
    run_jobs()
    (mail,) = mail_server.messages(to=people.member_email)
    assert mail["headers"]["Content-Language"] == "nl"
    assert "https://heitje.example/portal/heerlen/" in mail["text"]


def test_the_operator_tells_a_shop_and_only_its_owners_get_the_mail(databases, people, run_jobs, mail_server):
    with databases.across_tenants() as session:
        tell_shop(session, people.shop_id, "payout-paid", amount_cents=12345, reference="HJ-1")
    run_jobs()
    assert "123,45" in mail_server.messages(to=people.owner_email)[0]["subject"]
    assert mail_server.messages(to=people.till_email) == []
    with databases.as_shop(people.shop_id) as session:
        assert session.scalars(select(Message.kind)).all() == ["payout-paid"]


def test_a_payer_gets_a_receipt_in_the_app_and_no_mail(databases, people, run_jobs, mail_server):
    with databases.as_citizen(people.citizen_id) as session:
        tell_citizen(session, people.citizen_id, "payment-receipt", amount_cents=450, shop_name="Bakkerij")
    run_jobs()
    with databases.as_citizen(people.citizen_id) as session:
        assert [message.kind for message in unread_messages(session)] == ["payment-receipt"]
    assert mail_server.messages(to=people.citizen_email) == []


def test_whoever_may_not_write_to_the_addressee_still_tells_them(databases, people, run_jobs, mail_server):
    with databases.as_shop(people.shop_id) as session:
        tell_citizen(session, people.citizen_id, "payment-receipt", amount_cents=450, shop_name="Bakkerij")
    with databases.as_citizen(people.citizen_id) as session:
        tell_member(session, people.tenant_id, people.member_id, "member-invited", organisation="Town", slug="town")
    run_jobs()
    with databases.as_citizen(people.citizen_id) as session:
        assert [message.kind for message in unread_messages(session)] == ["payment-receipt"]
    assert len(mail_server.messages(to=people.member_email)) == 1


def test_nobody_reads_what_was_told_to_another(databases, people):
    with databases.as_tenant(people.tenant_id) as session:
        tell_citizen(session, people.citizen_id, "claim-approved", **FACTS)
    for scoped in (databases.as_citizen(uuid4()), databases.as_tenant(uuid4()), databases.as_visitor()):
        with scoped as session:
            assert session.scalar(text("select count(*) from messages")) == 0
    with databases.as_tenant(people.tenant_id) as session:
        assert session.scalar(select(Message.id).where(Message.citizen_id == people.citizen_id)) is None


def test_somebody_who_is_gone_or_blocked_gets_no_mail_and_no_failure(
    databases, people, run_jobs, mail_server, superuser
):
    superuser.execute("update citizens set email = null, state = 'erased' where id = %s", [people.citizen_id])
    superuser.execute("update members set state = 'blocked' where id = %s", [people.member_id])
    with databases.as_tenant(people.tenant_id) as session:
        tell_citizen(session, people.citizen_id, "claim-approved", **FACTS)
        tell_member(session, people.tenant_id, people.member_id, "member-invited", organisation="T", slug="t")
    run_jobs()
    assert mail_server.messages(to=people.citizen_email) == mail_server.messages(to=people.member_email) == []


def test_while_the_mail_server_is_away_the_mail_waits(databases, people, settings, superuser, mail_server):
    init_jobs(replace(settings, smtp_url="smtp://127.0.0.1:1"), databases=databases)
    with databases.as_citizen(people.citizen_id) as session:
        tell_citizen(session, people.citizen_id, "claim-approved", **FACTS)
    find = "select id::text, attempts, done_at, last_error from job_outbox where scope_id = %s"
    row = superuser.execute(find, [people.citizen_id]).fetchone()
    run_outbox(row["id"])
    row = superuser.execute(find, [people.citizen_id]).fetchone()
    assert (row["attempts"], row["done_at"]) == (1, None)
    assert row["last_error"].startswith("ConnectionRefusedError")
    init_jobs(settings, databases=databases)
    superuser.execute("update job_outbox set run_after = now() where id = %s", [row["id"]])
    run_outbox(row["id"])
    assert len(mail_server.messages(to=people.citizen_email)) == 1
    superuser.execute("delete from job_outbox where id = %s", [row["id"]])


def test_a_kind_without_words_is_a_mistake_of_ours(databases, people):
    with pytest.raises(KeyError), databases.as_tenant(people.tenant_id) as session:
        tell_citizen(session, people.citizen_id, "unheard-of")


WANTED = (
    "claim-approved claim-rejected claim-needs-more claim-confirmed claim-expired payment-receipt member-invited"
    " tenant-admitted tenant-refused funding-received invoice-sent payout-paid payout-returned iban-changed"
)


@pytest.mark.parametrize("kind", WANTED.split())
@pytest.mark.parametrize("language", ["nl", "en"])
def test_every_kind_has_words_also_when_facts_are_missing(kind, language):
    words = said(kind, {}, language)
    assert words.subject.strip()
    assert "%(" not in words.subject + "".join(words.paragraphs) + words.link
    assert (not TEXTS[kind].by_mail) or words.button


def test_a_remark_that_nobody_made_leaves_no_empty_line():
    assert len(said("claim-approved", FACTS | {"thanks": ""}, "en").paragraphs) == 1
    assert len(said("claim-rejected", {"title": "X"}, "en").paragraphs) == 1


def mail_of(**facts: str):
    words = said("claim-approved", FACTS | facts, "nl")
    return as_email(
        Settings(public_url="https://heitje.example/"), Mail(to="a@x.example", language="nl", words=words, key="k")
    )


def test_a_title_cannot_add_a_header_or_markup():
    mail = mail_of(title="Bank\r\nBcc: all@x.example <img src=x onerror=alert(1)>")
    assert mail["Bcc"] is None
    assert "\n" not in mail["Subject"]
    html = mail.get_body(("html",)).get_content()
    assert "<img" not in html
    assert "&lt;img" in html


def test_percent_signs_in_facts_are_only_text():
    assert "100% (zeker) %(reward)s" in mail_of(title="100% (zeker) %(reward)s")["Subject"]


def test_a_mail_says_that_a_machine_sent_it_and_can_be_recognised():
    mail = mail_of()
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"] == "<k@example.org>"
    assert UUID(FACTS["claim_id"])
