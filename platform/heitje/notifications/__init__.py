# SPDX-License-Identifier: EUPL-1.2
"""What we tell people: a row they see in the app, and for most of it a mail."""
