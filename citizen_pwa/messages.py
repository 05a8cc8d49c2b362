# SPDX-License-Identifier: EUPL-1.2
"""What we told a citizen: the list of messages. Opening the list makes them read, by a button or a form of its own."""

from uuid import UUID

from flask import redirect, request, url_for
from flask.typing import ResponseReturnValue

from citizen_pwa.surroundings import pages, show
from heitje.db.request import current_session
from heitje.errors import NotFound
from heitje.i18n.language import current_language
from heitje.identity.guards import citizens_only, current_citizen
from heitje.notifications.inbox import messages_of, own_message
from heitje.notifications.tell import mark_read
from heitje.notifications.texts import said
from heitje.web.links import safe_next

PAGE_SIZE = 20


@pages.get("/messages")
@citizens_only
def messages() -> ResponseReturnValue:
    """List messages, newest first, a page at a time."""
    citizen = current_citizen()
    found = messages_of(current_session(), citizen.id, after=request.args.get("after", ""), limit=PAGE_SIZE + 1)
    shown = found[:PAGE_SIZE]
    return show(
        "messages.html",
        messages=[(message, said(message.kind, message.facts, current_language())) for message in shown],
        unread_ids=[message.id for message in shown if message.read_at is None],
        cursor=f"{shown[-1].created_at.isoformat()}~{shown[-1].id}" if len(found) > PAGE_SIZE else "",
    )


@pages.post("/messages/read")
@citizens_only
def read_messages() -> ResponseReturnValue:
    """Remember that these were read, and go where the message leads, or back to the list."""
    try:
        ids = [UUID(text) for text in request.form.getlist("message_id")[:PAGE_SIZE]]
    except ValueError:
        raise NotFound(kind="message") from None
    mark_read(current_session(), ids)
    if len(ids) == 1:
        message = own_message(current_session(), ids[0], current_citizen().id)
        link = said(message.kind, message.facts, current_language()).link
        return redirect(safe_next(link, url_for("citizen.messages")), code=303)
    return redirect(url_for("citizen.messages"), code=303)
