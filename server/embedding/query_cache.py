"""The query cache: vectors of recent queries in Redis, for all processes, ten minutes after their last use."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from redis.asyncio import Redis
from redis.exceptions import RedisError

from server.embedding.vectors import packed, unpacked
from server.kit.cache import AsyncCache

if TYPE_CHECKING:
    from server.embedding.vectors import Vector

log = logging.getLogger("transom.embedding")

# rag-engine.md 6.2: renewed on each hit.
KEPT_SECONDS = 600
# In this process before that: some megabytes, of queries that come again and again.
_NEAR_SECONDS, _MOST_NEAR = 60.0, 1000


class QueryCache:
    """Without Redis every query is a miss."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._near: AsyncCache[str, Vector] = AsyncCache(_NEAR_SECONDS, _MOST_NEAR)

    async def get(self, tenant_id: str, space: str, text_hash: bytes) -> Vector | None:
        """The vector of a text, renewed."""
        key = _key(tenant_id, space, text_hash)
        near = self._near.peek(key)
        if near is not None:
            return near
        try:
            data = await self._redis.getex(key, ex=KEPT_SECONDS)
        except (RedisError, OSError) as error:
            log.warning("query cache: %s", error)
            return None
        if not isinstance(data, bytes) or not data:
            return None
        vector = unpacked(data)
        self._near.put(key, vector)
        return vector

    async def put(self, tenant_id: str, space: str, text_hash: bytes, vector: Vector) -> None:
        """Keep the vector of a text."""
        key = _key(tenant_id, space, text_hash)
        self._near.put(key, vector)
        try:
            await self._redis.set(key, packed(vector), ex=KEPT_SECONDS)
        except (RedisError, OSError) as error:
            log.warning("query cache: %s", error)


def _key(tenant_id: str, space: str, text_hash: bytes) -> str:
    return f"embed:query:{tenant_id}:{space[:32]}:{text_hash.hex()}"
