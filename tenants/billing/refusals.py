# SPDX-License-Identifier: EUPL-1.2
"""What can go wrong between us and the payment provider.

HeitjeError
├── PaymentsNotSetUp        503  no key, or the provider does not accept it
├── PaymentsUnavailable     503  not reached, or broken there; nothing happened, or a retry finds out
├── PaymentRefused          409  the provider understood, and will not; says its reason code
├── AmountNotPayable        409  too little or too much for one payment
├── InvoiceTotalDiffers     409  their sum is not ours: nothing was sent
├── PaymentUnknown          404  no such payment or invoice there
└── WebhookNotTrusted       400  bad signature, too old, or not an event of ours
"""

from heitje.errors import HeitjeError, NotFound


class PaymentsNotSetUp(HeitjeError):
    """There is no key for the payment provider, or it is not accepted."""

    code = "payments-not-set-up"
    status = 503
    title = "Paying is not set up yet. Ask the operator of the platform."


class PaymentsUnavailable(HeitjeError):
    """The provider did not answer, or broke. Trying again with the same id is safe."""

    code = "payments-unavailable"
    status = 503
    title = "We cannot reach the payment provider. Nothing was paid. Try again in a few minutes."


class PaymentRefused(HeitjeError):
    """The provider refused; `reason` is its code."""

    code = "payment-refused"
    title = "The payment provider refused this. Nothing was paid."


class AmountNotPayable(HeitjeError):
    """One payment is `least_cents` to `most_cents`."""

    code = "amount-not-payable"
    title = "This amount cannot be paid at once. Split it into smaller amounts."


class InvoiceTotalDiffers(HeitjeError):
    """The provider comes to `their_cents` where we come to `our_cents`; the invoice stayed a draft."""

    code = "invoice-total-differs"
    title = "The payment provider comes to another total. The invoice was not sent."


class PaymentUnknown(NotFound):
    """The provider does not know this payment or invoice."""

    code = "payment-unknown"


class WebhookNotTrusted(HeitjeError):
    """The message is not from the provider, is older than five minutes, or is not for us."""

    code = "webhook-not-trusted"
    status = 400
    title = "This message cannot be trusted. Nothing was changed."
