"""Authors who wait for a trigger of their draft: what they may miss is for a moment in Redis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis

# An author who has not asked for so long listens no more. They ask every two seconds.
_SECONDS = 10
# For so long a run that somebody listened for can be followed.
_HEARD_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Heard:
    """A run of the draft that a trigger has started, and in whose name."""

    task_id: str
    user_id: str


class Listening:
    """Who listens to which node, on all processes. Every method raises RedisError or OSError when Redis is away."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def ask(self, app_id: str, node_id: str) -> Heard | None:
        """The run that came since one last asked; without one, listen for a while."""
        key = _key(app_id, node_id)
        pipeline = self._redis.pipeline(transaction=False)
        pipeline.getdel(f"{key}:heard")
        pipeline.set(f"{key}:listens", 1, ex=_SECONDS)
        found: Any = (await pipeline.execute())[0]
        if not found:
            return None
        await self._redis.delete(f"{key}:listens")
        task_id, user_id = found.decode().split()
        return Heard(task_id, user_id)

    async def tell(self, app_id: str, node_id: str, heard: Heard) -> None:
        """A run has begun: whoever listens will hear of it, once."""
        key = _key(app_id, node_id)
        if await self._redis.exists(f"{key}:listens"):
            await self._redis.set(f"{key}:heard", f"{heard.task_id} {heard.user_id}", ex=_HEARD_SECONDS)

    async def due(self, app_id: str, node_id: str, then: float) -> float:
        """When a schedule that somebody listens for is due: ``then`` (Unix seconds), unless that was said before."""
        key = f"{_key(app_id, node_id)}:due"
        before: Any = await self._redis.set(key, then, ex=_SECONDS, nx=True, get=True)
        if before is None:
            return then
        await self._redis.expire(key, _SECONDS)
        return float(before)

    async def claim(self, app_id: str, node_id: str) -> bool:
        """Take what is due; False when another process did."""
        return bool(await self._redis.delete(f"{_key(app_id, node_id)}:due"))


def _key(app_id: str, node_id: str) -> str:
    return f"draft-trigger:{app_id}:{node_id}"
