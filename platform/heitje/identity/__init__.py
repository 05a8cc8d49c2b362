# SPDX-License-Identifier: EUPL-1.2
"""Who there is and who is asking: people, sign-in, sessions, guards."""
