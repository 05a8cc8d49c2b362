# SPDX-License-Identifier: EUPL-1.2
"""How much a person may earn in a year, over all issuers together."""
