"""Tells the other server processes what changed: one Redis channel, small messages.

A process that misses a message (Redis was away) still sees the change when its cached copy
ages out, a few seconds later.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable

import orjson
from redis.asyncio import Redis
from redis.exceptions import RedisError

from server.kit.tasks import end

CHANNEL = "transom:bus"

_PATIENCE_SECONDS = 1.0

log = logging.getLogger("transom.bus")

Handler = Callable[[str], None]


class Bus:
    """Publishes (topic, key) pairs to every process, this one included."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._handlers: dict[str, list[Handler]] = defaultdict(list)
        self._task: asyncio.Task[None] | None = None
        # Whether commands of other processes reach us; readers of slower channels poll while it is False.
        self.connected = False

    def on(self, topic: str, handler: Handler) -> None:
        """Call ``handler(key)`` on the event loop for each message; it must be quick and idempotent."""
        self._handlers[topic].append(handler)

    async def publish(self, topic: str, key: str) -> None:
        """Apply here at once, then tell the others. A failure to tell is logged, not raised; it takes 1 s at most."""
        self._dispatch(topic, key)
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await self._redis.publish(CHANNEL, orjson.dumps([topic, key]))
        except (RedisError, OSError) as error:  # TimeoutError is an OSError
            log.warning("bus: %s %s not told to other processes: %r", topic, key, error)

    def _dispatch(self, topic: str, key: str) -> None:
        for handler in self._handlers.get(topic, ()):
            try:
                handler(key)
            except Exception:
                log.exception("bus: a handler of %s failed", topic)

    def _hear(self, data: bytes) -> None:
        try:
            topic, key = orjson.loads(data)
        except (TypeError, ValueError) as error:
            log.warning("bus: a message that is none: %s", error)
        else:
            self._dispatch(topic, key)

    def start(self) -> None:
        """Begin to listen."""
        self._task = asyncio.create_task(self._listen(), name="bus")

    async def stop(self) -> None:
        """Stop listening."""
        if self._task:
            await end([self._task])

    async def _listen(self) -> None:
        while True:
            try:
                async with self._redis.pubsub(ignore_subscribe_messages=True) as channel:
                    await channel.subscribe(CHANNEL)
                    self.connected = True
                    while True:
                        message = await channel.get_message(timeout=30)
                        if message:
                            self._hear(message["data"])
            except (RedisError, OSError) as error:
                self.connected = False
                log.warning("bus: lost, trying again: %s", error)
                await asyncio.sleep(0.5)
