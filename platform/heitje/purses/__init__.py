# SPDX-License-Identifier: EUPL-1.2
"""Where reward money waits: budget lines, fundings, reservations; and where it goes."""
