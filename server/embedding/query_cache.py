"""The query cache: vectors of recent queries in Redis, for all processes, ten minutes after their last use."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from redis.asyncio import Redis
from redis.exceptions import RedisError

from server.embedding.vectors import packed, unpacked

if TYPE_CHECKING:
    from server.embedding.vectors import Vector

log = logging.getLogger("transom.embedding")

# rag-engine.md 6.2: renewed on each hit.
KEPT_SECONDS = 600


class QueryCache:
    """Without Redis every query is a miss."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def get(self, tenant_id: str, space: str, text_hash: bytes) -> Vector | None:
        """The vector of a text, renewed."""
        try:
            data = await self._redis.getex(_key(tenant_id, space, text_hash), ex=KEPT_SECONDS)
        except (RedisError, OSError) as error:
            log.warning("query cache: %s", error)
            return None
        return unpacked(data) if isinstance(data, bytes) and data else None

    async def put(self, tenant_id: str, space: str, text_hash: bytes, vector: Vector) -> None:
        """Keep the vector of a text."""
        try:
            await self._redis.set(_key(tenant_id, space, text_hash), packed(vector), ex=KEPT_SECONDS)
        except (RedisError, OSError) as error:
            log.warning("query cache: %s", error)


def _key(tenant_id: str, space: str, text_hash: bytes) -> str:
    return f"embed:query:{tenant_id}:{space[:32]}:{text_hash.hex()}"
