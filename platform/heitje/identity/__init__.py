# SPDX-License-Identifier: EUPL-1.2
"""Who people are, how they sign in, and what they may do."""
