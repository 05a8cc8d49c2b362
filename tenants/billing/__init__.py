# SPDX-License-Identifier: EUPL-1.2
"""What a tenant pays: for its budget lines, and for the platform itself.

stripe_gateway  the only file that knows the vendor
stripe_events   what the vendor tells us, once
tariff          prices, as data
metering        how much was used
invoices        what is charged, numbered without a gap
webhook         where the vendor knocks
"""
