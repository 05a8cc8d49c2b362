# SPDX-License-Identifier: EUPL-1.2
"""A town to try the platform with: made-up people, shops and chores in Heerlen, and what loads them."""
