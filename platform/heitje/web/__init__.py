# SPDX-License-Identifier: EUPL-1.2
"""What every page has in common: layout, macros, forms, theme, static files, problem documents."""
