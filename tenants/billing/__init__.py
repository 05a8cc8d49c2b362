# SPDX-License-Identifier: EUPL-1.2
"""What a tenant pays: for its budget lines, and for the platform itself.

stripe_gateway    the only file that knows the vendor; payments and refusals hold its answers in our words
funding_payments  a page on which finance pays a funding
webhook           where the vendor knocks; stripe_messages says what stands in what it brings
stripe_events     what the vendor tells us: stored once, acted on after asking how things stand
tariff            prices, as data
metering          how much was used
invoices          what is charged, numbered without a gap; vat shares out its cents
sending           our invoice at the vendor
outlook           what the running month has come to
news              whom we tell
jobs              what happens by itself
"""
