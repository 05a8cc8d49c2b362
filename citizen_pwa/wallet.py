# SPDX-License-Identifier: EUPL-1.2
"""The balance: what is there, what came in and went out, what may still be earned this year."""

from dataclasses import dataclass
from datetime import datetime

from flask import request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from citizen_pwa.surroundings import current_scheme, current_wallet, pages, show
from heitje.allowance.cap import allowance_of
from heitje.cents import Cents
from heitje.clock import local_day, now
from heitje.db.request import current_session
from heitje.errors import NotFound
from heitje.identity.guards import citizens_only, current_citizen
from heitje.ledger.models import Entry, TransferKind
from heitje.ledger.statement import entries_of, sums_of
from heitje.shops.models import Payment
from heitje.shops.receipts import payments_behind

PAGE_SIZE = 20


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of the statement, in the words of the person it belongs to."""

    title: str
    kind: str
    icon: str
    at: datetime
    amount_cents: Cents
    balance_cents: Cents
    url: str = ""


@pages.get("/wallet")
@citizens_only
def wallet() -> ResponseReturnValue:
    """Show the balance, the year's room, and the statement a page at a time."""
    session, citizen, scheme = current_session(), current_citizen(), current_scheme()
    account = current_wallet()
    before = _before(request.args.get("after", ""))
    entries = list(entries_of(session, account.id, before_seq=before, limit=PAGE_SIZE + 1)) if account else []
    shown = entries[:PAGE_SIZE]
    sums = sums_of(session, account.id) if account else {}
    spent = -sums.get(TransferKind.PAYMENT, 0) - sums.get(TransferKind.REFUND, 0)
    return show(
        "wallet.html",
        lines=_lines(shown, payments_behind(session, shown, citizen.id)),
        cursor=str(shown[-1].seq) if len(entries) > PAGE_SIZE else "",
        is_first_page=before is None,
        balance_cents=0 if account is None else account.balance_cents,
        earned_cents=sums.get(TransferKind.REWARD, 0),
        spent_cents=spent,
        allowance=allowance_of(session, scheme_id=scheme.id, citizen_id=citizen.id, on=local_day(now())),
    )


def _before(cursor: str) -> int | None:
    if not cursor:
        return None
    if not cursor.isascii() or not cursor.isdigit() or len(cursor) > 18:
        raise NotFound(kind="page")
    return int(cursor)


def _lines(entries: list[Entry], payments: dict[int, Payment]) -> list[Line]:
    return [_line(entry, payments.get(entry.transfer_id)) for entry in entries]


def _line(entry: Entry, payment: Payment | None) -> Line:
    names = {
        TransferKind.REWARD: (entry.note or _("Reward for a chore"), _("Earned"), "hand-helping"),
        TransferKind.PAYMENT: (payment.shop_name if payment else _("Payment in a shop"), _("Paid"), "store"),
        TransferKind.REFUND: (payment.shop_name if payment else _("A shop"), _("Given back"), "undo-2"),
    }
    title, kind, icon_name = names.get(TransferKind(entry.kind), (entry.note, _("Changed"), "arrow-up-down"))
    return Line(
        title=title,
        kind=kind,
        icon=icon_name,
        at=entry.at,
        amount_cents=entry.amount_cents,
        balance_cents=entry.balance_cents,
        url=url_for("citizen.receipt", payment_id=payment.id) if payment else "",
    )
