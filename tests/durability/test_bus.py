"""What processes tell each other survives bad messages, bad handlers and a Redis that hangs."""

from __future__ import annotations

import asyncio

from server.bus import CHANNEL
from tests.durability.node import Node, eventually, plain_redis
from tests.harness.stores import DataStores


async def test_bus_goes_on_after_a_handler_that_fails_and_a_message_that_is_none(pair: tuple[Node, Node]) -> None:
    one, other = pair
    heard: list[str] = []

    def bad(key: str) -> None:
        raise KeyError(key)

    other.bus.on("topic", bad)
    other.bus.on("topic", heard.append)
    redis = plain_redis(one.settings.redis_url)
    await eventually(lambda: other.bus.connected, "the other process listens")
    await redis.publish(CHANNEL, b"not json")
    await redis.publish(CHANNEL, b'{"a": 1}')
    await one.bus.publish("topic", "key")
    await eventually(lambda: heard == ["key"], "the message arrived")
    await redis.aclose()


async def test_bus_publish_returns_soon_when_redis_hangs(node: Node, stores: DataStores) -> None:
    heard: list[str] = []
    node.bus.on("topic", heard.append)
    stores.pause("redis")
    try:
        started = asyncio.get_running_loop().time()
        await node.bus.publish("topic", "key")
        assert asyncio.get_running_loop().time() - started < 3
    finally:
        stores.resume("redis")
    assert heard == ["key"]
