# SPDX-License-Identifier: EUPL-1.2
"""Mirrors the ledger on an EVM chain."""
