"""The event log of runs: one Redis stream a run, kept 24 hours after its end.

An entry holds the events of one write; its id is ``<number of its last event>-0``. So a
reader that has seen event N asks for entries after ``N-0`` and skips what it knows, and a
second writer of the same run is refused by Redis itself (ids only grow).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from transom.run.v1.event_pb2 import RunEvent

_FIELD = b"e"


def _key(task_id: str) -> str:
    return f"run:{task_id}:log"


def _pack(events: Sequence[RunEvent]) -> bytes:
    parts = []
    for event in events:
        data = event.SerializeToString()
        parts.append(len(data).to_bytes(4, "big"))
        parts.append(data)
    return b"".join(parts)


def _unpack(data: bytes) -> list[RunEvent]:
    events, at = [], 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        events.append(RunEvent.FromString(data[at + 4 : at + 4 + size]))
        at += 4 + size
    return events


class EventLog:
    """Writes batches of events of many runs in one round trip, reads those of one run."""

    def __init__(self, redis: Redis, blocking: Redis, seconds: int) -> None:
        self._redis = redis
        self._blocking = blocking
        self._seconds = seconds

    async def append(self, batches: Sequence[tuple[str, Sequence[RunEvent]]]) -> list[bool]:
        """Add events to the logs of runs; False where another writer has taken over.

        Raises RedisError when Redis is away: nothing is lost, call again.
        """
        pipeline = self._redis.pipeline(transaction=False)
        for task_id, events in batches:
            pipeline.xadd(_key(task_id), {_FIELD: _pack(events)}, id=f"{events[-1].sequence}-0")
            pipeline.expire(_key(task_id), self._seconds)
        results = (await pipeline.execute(raise_on_error=False))[::2]
        for result in results:
            if isinstance(result, Exception) and not isinstance(result, ResponseError):
                raise result
        return [not isinstance(result, ResponseError) for result in results]

    async def read(self, task_id: str, after: int) -> list[RunEvent]:
        """Events after number ``after`` that are in the log now."""
        entries: Any = await self._redis.xrange(_key(task_id), min=f"({after}-0", max="+")
        return _newer(entries, after)

    async def wait(self, task_id: str, after: int, milliseconds: int) -> list[RunEvent]:
        """The same, waiting up to ``milliseconds`` for the first one."""
        found: Any = await self._blocking.xread({_key(task_id): f"{after}-0"}, block=milliseconds)
        return _newer(found[0][1], after) if found else []

    async def last(self, task_id: str) -> int:
        """Number of the last event in the log; 0 when there is none."""
        entries: Any = await self._redis.xrevrange(_key(task_id), count=1)
        return int(entries[0][0].split(b"-")[0]) if entries else 0


def _newer(entries: Sequence[Any], after: int) -> list[RunEvent]:
    return [event for _, fields in entries for event in _unpack(fields[_FIELD]) if event.sequence > after]
