# SPDX-License-Identifier: EUPL-1.2
"""The phone app of citizens, and the shop's till."""
