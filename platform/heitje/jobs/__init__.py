# SPDX-License-Identifier: EUPL-1.2
"""Work for later: written down with what causes it, run once, each in one scope and one transaction."""
