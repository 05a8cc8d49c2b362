# SPDX-License-Identifier: EUPL-1.2
"""How issuing organisations come, pay and go."""
