# SPDX-License-Identifier: EUPL-1.2
"""The kernel of Heitje: what is true whoever looks at it."""
