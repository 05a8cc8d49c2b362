# SPDX-License-Identifier: EUPL-1.2
"""Slows down who tries too often: counters in Valkey, under a digest of what is counted. Without Valkey they rest."""

import logging
from datetime import timedelta
from hashlib import sha256
from hmac import digest

from flask import current_app
from redis import RedisError

from heitje.errors import TooMany
from heitje.jobs.process import process_queue

log = logging.getLogger(__name__)


def count(what: str, who: str, *, most: int, within: timedelta) -> None:
    """Count one attempt; raises `TooMany` beyond `most` in a window that starts with the first."""
    queue = process_queue()
    if queue is None:
        return
    secret = str(current_app.config["SECRET_KEY"]).encode()
    key = f"heitje:pace:{what}:{digest(b'pace:' + secret, who.encode(), sha256).hex()}"
    try:
        with queue.connection.pipeline() as pipeline:
            pipeline.incr(key)
            pipeline.expire(key, within, nx=True)
            pipeline.ttl(key)
            attempts, _, left_s = pipeline.execute()
    except RedisError as error:
        log.warning("attempts are not counted: the queue server is away (%s)", type(error).__name__)
        return
    if attempts > most:
        raise TooMany(retry_after_s=max(int(left_s), 1))
