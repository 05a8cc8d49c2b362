# SPDX-License-Identifier: EUPL-1.2
"""PostgreSQL: tables, scopes, and one transaction per request or job."""
