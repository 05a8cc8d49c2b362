# SPDX-License-Identifier: EUPL-1.2
"""A local peer that speaks Stripe's API for the dozen operations we use, for the demo and the tests.

It is no copy of Stripe. What it promises: each request and each of its own answers agrees with Stripe's own OpenAPI
document; what it was told survives a restart; an Idempotency-Key means what it means at Stripe; webhooks are signed
and repeated until they are answered. It imports nothing of the platform, so neither can hide the other's mistakes.

    contract    Stripe's document as validators of requests and answers
    wire        form bodies in, as values of the document's types
    store       what was told: objects, keys, deliveries
    refusals    errors as Stripe words them
    operations  which operation is answered by which function
    customers, checkout, intents, invoices, invoice_lines, refunds, events
    deliveries  webhooks on their way
    pages       where a person plays the paying customer
    app         the web application around all this
"""
