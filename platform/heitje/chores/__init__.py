# SPDX-License-Identifier: EUPL-1.2
"""Pieces of surplus work: published with a reserved reward, claimed by a citizen, done, decided, paid."""
