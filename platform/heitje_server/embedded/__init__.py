# SPDX-License-Identifier: EUPL-1.2
"""What `heitje run` and the tests bring themselves: database, queue, mail, identity provider.

Each module has `start(home, ...)`, which returns when the service answers, and each thing started has
`stop()`. Nothing here is used in production: there the settings name real services.
"""
