# SPDX-License-Identifier: EUPL-1.2
import smtplib
from email.message import EmailMessage

import pytest
import requests

from heitje_server.embedded import mail


def a_mail(*, subject="Uw code", text="Uw code is 123456.\n", to="citizen@example.org"):
    message = EmailMessage()
    message["From"] = "heitje@example.org"
    message["To"] = to
    message["Subject"] = subject
    message.set_content(text)
    message.add_alternative(f"<p>{text}</p>", subtype="html")
    return message


def send(server, message):
    with smtplib.SMTP("127.0.0.1", server.smtp_port) as connection:
        connection.send_message(message)


def test_the_newest_mail_for_an_address_comes_first(mail_server):
    send(mail_server, a_mail(subject="Eerste", to="newest@example.org"))
    send(mail_server, a_mail(subject="Zoë’s tweede", to="Newest@example.org", text="Café\n"))
    send(mail_server, a_mail(subject="Niet voor u", to="other@example.org"))

    newest, first = mail_server.messages(to="newest@example.org")

    assert (newest["subject"], newest["text"], first["subject"]) == ("Zoë’s tweede", "Café\n", "Eerste")
    assert newest["sender"] == "heitje@example.org"


def test_the_page_shows_links_and_never_runs_what_a_mail_holds(mail_server):
    send(mail_server, a_mail(text="Klik: http://127.0.0.1:1/x?a=1&b=2\n<script>alert(1)</script>\n"))

    page = requests.get(mail_server.page_url, timeout=10)

    assert '<a href="http://127.0.0.1:1/x?a=1&amp;b=2">' in page.text
    assert "<script" not in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


def test_mails_are_still_there_after_a_restart(tmp_path):
    server = mail.start(tmp_path)
    send(server, a_mail(subject="Bewaard"))
    server.stop()

    again = mail.start(tmp_path)
    kept = again.messages()
    again.stop()

    assert [(one["subject"], one["recipients"]) for one in kept] == [("Bewaard", ["citizen@example.org"])]
    assert again.url == server.url


@pytest.mark.parametrize("path", ["../secrets", "messages.json/x"])
def test_other_paths_are_not_found(mail_server, path):
    assert requests.get(mail_server.page_url + path, timeout=10).status_code == 404
