# SPDX-License-Identifier: EUPL-1.2
"""Payout batches, and what the bank says of them. Money leaves by the hands of two operators."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import Response, current_app, request
from marshmallow import fields, validate

from heitje.admin_api.base import OperatorView, admin_blueprint
from heitje.admin_api.cursors import cursor_of, read_cursor
from heitje.clock import now
from heitje.db.request import current_session
from heitje.errors import Conflict
from heitje.idempotency import counts_once
from heitje.identity.guards import actor, current_operator
from heitje.shops.bank_answers import bookings, read_statement
from heitje.shops.bank_file import read_iban
from heitje.shops.models import BankBookingRow, PayoutBatch
from heitje.shops.payouts import (
    PayoutAccount,
    batch_file,
    batch_with_payouts,
    batches,
    make_batch,
    release_batch,
    withdraw_batch,
)
from heitje.web.api import CamelSchema, PageQuery, link_next

blueprint = admin_blueprint("payouts", "Payout batches and what the bank says of them.")

OUTCOMES = ("paid", "returned", "unmatched", "mismatch", "funding")
XML = "application/xml"


class PayoutAccountMissing(Conflict):
    """Nobody said from which account the shops are paid."""

    code = "payout-account-missing"
    title = "Set PAYOUT_IBAN and PAYOUT_NAME first: the account from which the shops are paid."


class BatchesQuery(PageQuery):
    """Which batches."""

    scheme_id = fields.UUID()


class NewBatchSchema(CamelSchema):
    """Of which scheme to pay what waits."""

    scheme_id = fields.UUID(required=True)


class PayoutBatchSchema(CamelSchema):
    """One bank file. `fileSha256` is that of the bytes the bank gets."""

    id = fields.UUID()
    scheme_id = fields.UUID()
    msg_id = fields.String()
    state = fields.String()
    total_cents = fields.Integer()
    orders = fields.Integer()
    file_sha256 = fields.String()
    made_by = fields.UUID()
    released_by = fields.UUID(allow_none=True)
    created_at = fields.AwareDateTime()
    released_at = fields.AwareDateTime(allow_none=True)


class PayoutSchema(CamelSchema):
    """One payment in a batch."""

    id = fields.UUID()
    shop_id = fields.UUID()
    amount_cents = fields.Integer()
    iban = fields.String()
    account_name = fields.String()
    end_to_end_id = fields.String()
    state = fields.String()


class BatchWithPayoutsSchema(PayoutBatchSchema):
    """A batch with every payment in it: what a second operator looks at before releasing it."""

    payouts = fields.List(fields.Nested(PayoutSchema))


class BankBookingSchema(CamelSchema):
    """A booking of the bank, and what it meant for us."""

    iban = fields.String()
    servicer_reference = fields.String()
    amount_cents = fields.Integer()
    booked_on = fields.Date()
    end_to_end_id = fields.String()
    remittance = fields.String()
    return_reason = fields.String()
    outcome = fields.String()
    explanation = fields.String()
    read_at = fields.AwareDateTime()


class StatementReadSchema(CamelSchema):
    """What a bank statement brought: new bookings, and how many were known already."""

    known = fields.Integer()
    bookings = fields.List(fields.Nested(BankBookingSchema), attribute="new")


class BookingsQuery(CamelSchema):
    """Which bookings; `mismatch` and `unmatched` are for a person to look at."""

    outcome = fields.String(load_default="", validate=validate.OneOf(("", *OUTCOMES)))


@blueprint.route("/payout-batches")
class PayoutBatches(OperatorView):
    """All payout batches."""

    @blueprint.arguments(BatchesQuery, location="query")
    @blueprint.response(200, PayoutBatchSchema(many=True))
    def get(self, wanted: dict[str, Any]) -> tuple[Sequence[PayoutBatch], int, dict[str, str]]:
        """List batches, newest first."""
        size = wanted["page_size"]
        found = batches(
            current_session(), scheme_id=wanted.get("scheme_id"), before=read_cursor(wanted["after"]), limit=size
        )
        cursor = cursor_of(found[-1].created_at, found[-1].id) if len(found) == size else None
        return found, 200, link_next({}, cursor, size)

    @counts_once
    @blueprint.arguments(NewBatchSchema)
    @blueprint.response(201, PayoutBatchSchema)
    def post(self, said: dict[str, Any]) -> PayoutBatch:
        """Put what waits into a batch and make its bank file, once."""
        return make_batch(
            current_session(),
            scheme_id=said["scheme_id"],
            account=_account(),
            made_by=current_operator().id,
            by=actor(),
            at=now(),
        )


@blueprint.route("/payout-batches/<uuid:batch_id>")
class OnePayoutBatch(OperatorView):
    """One payout batch."""

    @blueprint.response(200, BatchWithPayoutsSchema)
    def get(self, batch_id: UUID) -> dict[str, Any]:
        """Return a batch with what it pays."""
        batch, payouts = batch_with_payouts(current_session(), batch_id)
        names = PayoutBatchSchema().fields
        return {name: getattr(batch, name) for name in names} | {"payouts": payouts}


@blueprint.route("/payout-batches/<uuid:batch_id>/release")
class PayoutBatchRelease(OperatorView):
    """The second pair of eyes."""

    @counts_once
    @blueprint.response(200, PayoutBatchSchema)
    def post(self, batch_id: UUID) -> PayoutBatch:
        """Let the bank file go; by another operator than the one who made it."""
        operator_id = current_operator().id
        return release_batch(current_session(), batch_id, released_by=operator_id, by=actor(), at=now())


@blueprint.route("/payout-batches/<uuid:batch_id>/withdraw")
class PayoutBatchWithdrawal(OperatorView):
    """Taking a batch back before it was released."""

    @counts_once
    @blueprint.response(200, PayoutBatchSchema)
    def post(self, batch_id: UUID) -> PayoutBatch:
        """Let its payouts wait for another batch; its file never leaves."""
        return withdraw_batch(current_session(), batch_id, by=actor(), at=now())


@blueprint.route("/payout-batches/<uuid:batch_id>/file")
class PayoutBatchFile(OperatorView):
    """The bank file."""

    @blueprint.response(200, {"type": "string", "format": "binary"}, content_type=XML)
    def get(self, batch_id: UUID) -> Response:
        """Return the released file, pain.001.001.09: the same bytes each time. Every download is in the audit trail."""
        batch, content = batch_file(current_session(), batch_id, by=actor(), at=now())
        answer = Response(content, content_type=XML)
        answer.headers["Content-Disposition"] = f'attachment; filename="{batch.msg_id}.xml"'
        return answer


@blueprint.route("/bank-statements")
class BankStatements(OperatorView):
    """Statements of the account from which the shops are paid."""

    @counts_once
    @blueprint.response(200, StatementReadSchema)
    @blueprint.doc(requestBody={"required": True, "content": {XML: {"schema": {"type": "string", "format": "binary"}}}})
    def post(self) -> Any:
        """Read a camt.053 or camt.054 file, sent as it is: all of it or nothing, each booking once."""
        iban = _account().iban
        return read_statement(current_session(), request.get_data(), payout_iban=iban, by=actor(), at=now())


@blueprint.route("/bank-bookings")
class BankBookings(OperatorView):
    """What was read from bank statements."""

    @blueprint.arguments(BookingsQuery, location="query")
    @blueprint.response(200, BankBookingSchema(many=True))
    def get(self, wanted: dict[str, Any]) -> Sequence[BankBookingRow]:
        """List the last 200 bookings, those read last first."""
        return bookings(current_session(), outcome=wanted["outcome"], limit=200)


def _account() -> PayoutAccount:
    settings = current_app.extensions["settings"]
    if not settings.payout_iban or not settings.payout_name:
        raise PayoutAccountMissing
    return PayoutAccount(iban=read_iban(settings.payout_iban), name=settings.payout_name)
