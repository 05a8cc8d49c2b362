# SPDX-License-Identifier: EUPL-1.2
"""Puts the platform together: web app, worker, schedule, command line, embedded services."""
