# SPDX-License-Identifier: EUPL-1.2
"""Double-entry books in cents: accounts, transfers, statements, and the proof that all of it adds up."""
