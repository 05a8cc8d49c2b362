# SPDX-License-Identifier: EUPL-1.2
"""Shops: how they come in, take Heitjes, and get euros for them."""
