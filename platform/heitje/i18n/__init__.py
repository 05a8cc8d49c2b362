# SPDX-License-Identifier: EUPL-1.2
"""Languages: message ids in English, catalogues for the others."""
