# SPDX-License-Identifier: EUPL-1.2
"""Refusals of shops.

HeitjeError
├── Conflict
│   ├── ShopNotActive            409  the shop takes no payments now
│   ├── AlreadyPaid              409  this request was paid; `payment_id` if by whoever asks
│   ├── PaymentNotWaiting        409  nothing to cancel any more
│   ├── RefundTooHigh            409  more than is left of the payment
│   ├── NotEnoughTakings         409  the till holds less than is to be given back
│   ├── NothingToPayOut          409
│   ├── BatchNotReleased         409
│   └── BatchNotWaiting          409  released or withdrawn already
├── Gone
│   ├── RequestExpired           410
│   └── RequestCancelled         410
├── NotFound
│   └── RequestUnknown           404  no such code, or not any more
└── NotAllowed
    └── FourEyesNeeded           403  whoever made the batch cannot release it
"""

from heitje.errors import Conflict, Gone, NotAllowed, NotFound


class ShopNotActive(Conflict):
    """The shop does not take Heitjes now. Facts: state."""

    code = "shop-not-active"
    title = "This shop does not take Heitjes at the moment."


class RequestUnknown(NotFound):
    """No request has this code or link."""

    code = "payment-request-unknown"
    title = "We do not know this code. Check it, or ask the shop for a new one."


class RequestExpired(Gone):
    """Nobody paid in time."""

    code = "payment-request-expired"
    title = "This payment request has expired. Ask the shop for a new one."


class RequestCancelled(Gone):
    """The till took it back."""

    code = "payment-request-cancelled"
    title = "The shop cancelled this payment request. You paid nothing."


class AlreadyPaid(Conflict):
    """The request was paid. Facts: payment_id, only for whoever paid it."""

    code = "already-paid"
    title = "This was already paid."


class PaymentNotWaiting(Conflict):
    """The request cannot be cancelled any more. Facts: state."""

    code = "payment-not-waiting"
    title = "This payment request is no longer waiting. Look at it again."


class RefundTooHigh(Conflict):
    """More than is left of the payment. Facts: refundable_cents, amount_cents."""

    code = "refund-too-high"
    title = "You cannot give back more than was paid."


class NotEnoughTakings(Conflict):
    """The shop's balance does not cover the refund. Facts: balance_cents, amount_cents."""

    code = "not-enough-takings"
    title = "Your shop has too few Heitjes to give this back. Take a payment first, or give the money back in euros."


class NothingToPayOut(Conflict):
    """No redemption waits whose account may be paid today."""

    code = "nothing-to-pay-out"
    title = "There is nothing to pay out now."


class BatchNotWaiting(Conflict):
    """The batch was released or withdrawn before. Facts: state."""

    code = "batch-not-waiting"
    title = "This payout batch was already released or withdrawn."


class BatchNotReleased(Conflict):
    """The file may not leave before a second operator has released it."""

    code = "batch-not-released"
    title = "Another operator must release this payout batch first."


class FourEyesNeeded(NotAllowed):
    """Money leaves by the hands of two people."""

    code = "four-eyes-needed"
    title = "Another operator must release this payout batch: whoever made it cannot."
