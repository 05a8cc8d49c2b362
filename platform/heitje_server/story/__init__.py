# SPDX-License-Identifier: EUPL-1.2
"""The whole way of a Heitje, walked against a running server as an HTTP client."""
