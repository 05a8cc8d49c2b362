# SPDX-License-Identifier: EUPL-1.2
"""Files that people hand in: photos, made harmless before they are kept."""
