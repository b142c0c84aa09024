"""Tells the other processes that a branch changed, over Redis, so that their screens hear of it at once.

Only hints: each process reads what happened from the database, and its sweep finds it a second later when Redis is
away. A commit only puts its hint in a queue here; nothing waits for the network.
"""

from __future__ import annotations

import queue
from collections.abc import Callable
from typing import Any, cast

import redis

from server.domain.ids import BranchId, Seq

CHANNEL = "nouba:commits"
HEAR_TIMEOUT_SECONDS = 1.0
"""How long one turn of a loop listens; also how soon it notices that it shall stop."""
QUEUED_MAX = 10_000
"""Hints kept while Redis is away; beyond that they are dropped, the sweep does their work."""


class RedisHints:
    """Both directions; `send_next` and `hear_next` are turns of two loops of the worker."""

    def __init__(self, url: str, heard: Callable[[BranchId, Seq], None]) -> None:
        self._redis = redis.Redis.from_url(url, socket_connect_timeout=HEAR_TIMEOUT_SECONDS)
        self._heard = heard
        self._outgoing: queue.Queue[tuple[BranchId, Seq]] = queue.Queue(QUEUED_MAX)
        # redis has types, but not for this method.
        self._subscription = cast(Any, self._redis).pubsub(ignore_subscribe_messages=True)

    def tell(self, branch: BranchId, seq: Seq) -> None:
        """Note a commit of this process; never waits."""
        try:
            self._outgoing.put_nowait((branch, seq))
        except queue.Full:
            return  # a hint less: see QUEUED_MAX

    def send_next(self) -> None:
        """Publish one hint, if there is one within the time of a turn. Raises redis.RedisError."""
        try:
            branch, seq = self._outgoing.get(timeout=HEAR_TIMEOUT_SECONDS)
        except queue.Empty:
            return
        self._redis.publish(CHANNEL, f"{branch} {seq}")

    def hear_next(self) -> None:
        """Pass one hint of another process on. Raises redis.RedisError."""
        if not self._subscription.subscribed:
            self._subscription.subscribe(CHANNEL)
        message = self._subscription.get_message(timeout=HEAR_TIMEOUT_SECONDS)
        if message is None:
            return
        branch, seq = message["data"].decode().split()
        self._heard(BranchId(int(branch)), Seq(int(seq)))
